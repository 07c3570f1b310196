extension Client {
  /// The daemon's version.
  public struct Version: Codable, Hashable, Sendable {
    /// The version, such as `0.42.0`.
    public let version: String
    /// The commit that it was built from.
    public let commit: String
    /// The version of its repo's format.
    public let repo: String
    /// Processor and operating system.
    public let system: String
    /// The version of Go that it was built with; of another language's for other daemons.
    public let golang: String

    private enum CodingKeys: String, CodingKey {
      case version = "Version"
      case commit = "Commit"
      case repo = "Repo"
      case system = "System"
      case golang = "Golang"
    }
  }

  /// Asks for the daemon's version.
  ///
  /// - Parameter all: The option `all`, which changes only what Kubo's command line shows.
  public func version(
    all: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Version {
    try await value(
      of: Command("version", safe: true).option("all", all, default: false), CallOptions(offline, opts, timeout))
  }

  /// Who a peer is.
  public struct Identity: Codable, Hashable, Sendable {
    /// The peer's identifier.
    public let id: String
    /// Its public key, as base64 of its protobuf.
    public let publicKey: String
    /// Multiaddrs at which it listens.
    public let addresses: [String]
    /// The program that it is.
    public let agentVersion: String
    /// The version of the protocol that it speaks; nil from today's Kubo.
    public let protocolVersion: String?
    /// The protocols that it speaks.
    public let protocols: [String]

    private enum CodingKeys: String, CodingKey {
      case id = "ID"
      case publicKey = "PublicKey"
      case addresses = "Addresses"
      case agentVersion = "AgentVersion"
      case protocolVersion = "ProtocolVersion"
      case protocols = "Protocols"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      id = try container.decode(String.self, forKey: .id)
      publicKey = try container.decodeIfPresent(String.self, forKey: .publicKey) ?? ""
      addresses = try container.decodeList(forKey: .addresses)
      agentVersion = try container.decodeIfPresent(String.self, forKey: .agentVersion) ?? ""
      protocolVersion = try container.decodeIfPresent(String.self, forKey: .protocolVersion)
      protocols = try container.decodeList(forKey: .protocols)
    }
  }

  /// Asks who the daemon, or another peer, is.
  ///
  /// - Parameters:
  ///   - peer: The peer's identifier; nil for the daemon itself.
  ///   - format: The option `format`, which changes only what Kubo's command line shows.
  ///   - peerIDBase: How identifiers are written: `b58mh` or a multibase.
  public func id(
    _ peer: String? = nil, format: String? = nil, peerIDBase: String? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Identity {
    try await value(
      of: Command("id", peer.map { [$0] } ?? [], safe: true).option("format", format)
        .option("peerid-base", peerIDBase), CallOptions(offline, opts, timeout))
  }
}
