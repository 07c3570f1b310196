extension Client {
  /// Connections to peers: the commands `swarm/…`.
  public struct Swarm: Sendable {
    let client: Client
  }

  /// Connections to peers.
  public var swarm: Swarm { Swarm(client: self) }
}

extension Client.Swarm {
  /// A connection to a peer.
  public struct Connection: Codable, Hashable, Sendable {
    /// Which side has made a connection, by libp2p's number.
    public struct Direction: RawRepresentable, Codable, Hashable, Sendable {
      /// The number.
      public let rawValue: Int

      /// A number.
      public init(rawValue: Int) { self.rawValue = rawValue }

      /// It is not known, or was not asked for.
      public static let unknown = Direction(rawValue: 0)
      /// The peer has made it.
      public static let inbound = Direction(rawValue: 1)
      /// The daemon has made it.
      public static let outbound = Direction(rawValue: 2)
    }

    /// A stream of a connection.
    public struct Stream: Codable, Hashable, Sendable {
      /// What is spoken in it.
      public let `protocol`: String

      private enum CodingKeys: String, CodingKey {
        case `protocol` = "Protocol"
      }
    }

    /// Where the peer is.
    public let address: String
    /// The peer's identifier.
    public let peer: String
    /// The time of a round trip, such as `12.3ms`; empty unless asked for.
    public let latency: String
    /// How streams share the connection; empty if the daemon does not say.
    public let muxer: String
    /// Which side has made it; unknown unless asked for.
    public let direction: Direction
    /// Its streams; none unless asked for.
    public let streams: [Stream]
    /// Who the peer is; nil unless asked for.
    public let identify: Client.Identity?

    private enum CodingKeys: String, CodingKey {
      case address = "Addr"
      case peer = "Peer"
      case latency = "Latency"
      case muxer = "Muxer"
      case direction = "Direction"
      case streams = "Streams"
      case identify = "Identify"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      address = try container.decodeIfPresent(String.self, forKey: .address) ?? ""
      peer = try container.decodeIfPresent(String.self, forKey: .peer) ?? ""
      latency = try container.decodeIfPresent(String.self, forKey: .latency) ?? ""
      muxer = try container.decodeIfPresent(String.self, forKey: .muxer) ?? ""
      direction = try container.decodeIfPresent(Direction.self, forKey: .direction) ?? .unknown
      streams = try container.decodeList(forKey: .streams)
      let identify = try container.decodeIfPresent(Client.Identity.self, forKey: .identify)
      self.identify = identify?.id.isEmpty == true ? nil : identify
    }
  }

  /// What AutoNAT knows of whether others can reach the daemon.
  public struct Reachability: Codable, Hashable, Sendable {
    /// In a word: `Public`, `Private` or `Unknown`.
    public let reachability: String
    /// The kind of NAT, such as `cgnat`; empty if it is not known.
    public let nat: String
    /// Addresses that others can reach.
    public let reachable: [String]
    /// Addresses that others cannot reach.
    public let unreachable: [String]
    /// Addresses that were not tried.
    public let unknown: [String]

    private enum CodingKeys: String, CodingKey {
      case reachability, nat, reachable, unreachable, unknown
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      reachability = try container.decode(String.self, forKey: .reachability)
      nat = try container.decodeIfPresent(String.self, forKey: .nat) ?? ""
      reachable = try container.decodeList(forKey: .reachable)
      unreachable = try container.decodeList(forKey: .unreachable)
      unknown = try container.decodeList(forKey: .unknown)
    }
  }

  /// Lists the addresses of all peers that the daemon knows, by their identifiers.
  public func addrs(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String: [String]] {
    struct Addresses: Decodable {
      let addresses: [String: [String]?]?

      enum CodingKeys: String, CodingKey {
        case addresses = "Addrs"
      }
    }
    let addresses = try await client.value(
      Addresses.self, of: Command("swarm/addrs", safe: true), CallOptions(offline, opts, timeout))
    return addresses.addresses?.mapValues { $0 ?? [] } ?? [:]
  }

  /// Asks which of the daemon's addresses others can reach: the command `swarm/addrs/autonat`.
  public func addrsAutonat(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Reachability {
    try await client.value(of: Command("swarm/addrs/autonat", safe: true), CallOptions(offline, opts, timeout))
  }

  /// Lists the addresses at which the daemon listens for peers: the command `swarm/addrs/listen`.
  public func addrsListen(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await client.strings(of: Command("swarm/addrs/listen", safe: true), CallOptions(offline, opts, timeout))
  }

  /// Lists the addresses that the daemon tells peers: the command `swarm/addrs/local`.
  ///
  /// - Parameter id: Whether they end with the daemon's identifier.
  public func addrsLocal(
    id: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await client.strings(
      of: Command("swarm/addrs/local", safe: true).option("id", id, default: false),
      CallOptions(offline, opts, timeout))
  }

  /// Connects to peers.
  ///
  /// - Parameter addresses: Multiaddrs that end with the peer's identifier.
  /// - Returns: What was done, for people: a line for each.
  /// - Throws: `errorResponse` if a peer cannot be reached.
  @discardableResult
  public func connect(
    _ addresses: String..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await connect(addresses, offline: offline, opts: opts, timeout: timeout)
  }

  /// Connects to the addresses of a list. The parameters are those of the other `connect`.
  @discardableResult
  public func connect(
    _ addresses: [String], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await client.strings(of: Command("swarm/connect", addresses), CallOptions(offline, opts, timeout))
  }

  /// Closes connections to peers.
  ///
  /// - Parameter addresses: Multiaddrs that end with the peer's identifier.
  /// - Returns: What was done or failed, for people: a line for each.
  @discardableResult
  public func disconnect(
    _ addresses: String..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await disconnect(addresses, offline: offline, opts: opts, timeout: timeout)
  }

  /// Closes the connections to the addresses of a list. The parameters are those of the other `disconnect`.
  @discardableResult
  public func disconnect(
    _ addresses: [String], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await client.strings(of: Command("swarm/disconnect", addresses), CallOptions(offline, opts, timeout))
  }

  /// Lists connections to peers.
  ///
  /// - Parameters:
  ///   - verbose: Whether all of the following is wanted.
  ///   - streams: Whether the streams of each are wanted.
  ///   - latency: Whether the time of a round trip is wanted.
  ///   - direction: Whether the side that has made it is wanted.
  ///   - identify: Whether it is wanted who the peer is.
  public func peers(
    verbose: Bool = false, streams: Bool = false, latency: Bool = false, direction: Bool = false,
    identify: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [Connection] {
    struct Connections: Decodable {
      let peers: [Connection]?

      enum CodingKeys: String, CodingKey {
        case peers = "Peers"
      }
    }
    let connections = try await client.value(
      Connections.self,
      of: Command("swarm/peers", safe: true).option("verbose", verbose, default: false)
        .option("streams", streams, default: false).option("latency", latency, default: false)
        .option("direction", direction, default: false).option("identify", identify, default: false),
      CallOptions(offline, opts, timeout))
    return connections.peers ?? []
  }
}
