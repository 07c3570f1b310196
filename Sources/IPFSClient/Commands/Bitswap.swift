public import Multiformats

extension Client {
  /// The exchange of blocks with peers: the commands `bitswap/…`.
  public struct Bitswap: Sendable {
    let client: Client
  }

  /// The exchange of blocks with peers.
  public var bitswap: Bitswap { Bitswap(client: self) }
}

extension Client.Bitswap {
  /// What was exchanged with all peers.
  public struct Stat: Codable, Hashable, Sendable {
    private let links: [JSONLink]
    /// The peers that it knows.
    public let peers: [String]
    /// How many blocks came.
    public let blocksReceived: UInt64
    /// How many bytes came.
    public let dataReceived: UInt64
    /// How many blocks came that were there already.
    public let dupBlksReceived: UInt64
    /// How many bytes came that were there already.
    public let dupDataReceived: UInt64
    /// How many messages came.
    public let messagesReceived: UInt64
    /// How many blocks were sent.
    public let blocksSent: UInt64
    /// How many bytes were sent.
    public let dataSent: UInt64
    /// How many blocks wait to be announced; nil from today's Kubo.
    public let provideBufLen: Int?

    /// The blocks that the daemon looks for.
    public var wantlist: [CID] { links.map(\.cid) }

    private enum CodingKeys: String, CodingKey {
      case links = "Wantlist"
      case peers = "Peers"
      case blocksReceived = "BlocksReceived"
      case dataReceived = "DataReceived"
      case dupBlksReceived = "DupBlksReceived"
      case dupDataReceived = "DupDataReceived"
      case messagesReceived = "MessagesReceived"
      case blocksSent = "BlocksSent"
      case dataSent = "DataSent"
      case provideBufLen = "ProvideBufLen"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      links = try container.decodeList(forKey: .links)
      peers = try container.decodeList(forKey: .peers)
      blocksReceived = try container.decode(UInt64.self, forKey: .blocksReceived)
      dataReceived = try container.decode(UInt64.self, forKey: .dataReceived)
      dupBlksReceived = try container.decode(UInt64.self, forKey: .dupBlksReceived)
      dupDataReceived = try container.decode(UInt64.self, forKey: .dupDataReceived)
      messagesReceived = try container.decodeIfPresent(UInt64.self, forKey: .messagesReceived) ?? 0
      blocksSent = try container.decode(UInt64.self, forKey: .blocksSent)
      dataSent = try container.decode(UInt64.self, forKey: .dataSent)
      provideBufLen = try container.decodeIfPresent(Int.self, forKey: .provideBufLen)
    }
  }

  /// What was exchanged with one peer.
  public struct Ledger: Codable, Hashable, Sendable {
    /// The peer's identifier.
    public let peer: String
    /// How much more was sent than came, as a ratio.
    public let value: Double
    /// How many bytes were sent.
    public let sent: UInt64
    /// How many bytes came.
    public let received: UInt64
    /// How many blocks were exchanged.
    public let exchanged: UInt64

    private enum CodingKeys: String, CodingKey {
      case peer = "Peer"
      case value = "Value"
      case sent = "Sent"
      case received = "Recv"
      case exchanged = "Exchanged"
    }
  }

  /// Asks what was exchanged with all peers.
  ///
  /// - Parameters:
  ///   - verbose: The option `verbose`, which changes only what Kubo's command line shows.
  ///   - human: The option `human`, which changes only what Kubo's command line shows.
  public func stat(
    verbose: Bool = false, human: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Stat {
    try await client.value(
      of: Command("bitswap/stat", safe: true).option("verbose", verbose, default: false)
        .option("human", human, default: false), CallOptions(offline, opts, timeout))
  }

  /// Lists the blocks that a peer looks for.
  ///
  /// - Parameter peer: The peer's identifier; nil for the daemon itself.
  public func wantlist(
    _ peer: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [CID] {
    struct Keys: Decodable {
      let keys: [JSONLink]?

      enum CodingKeys: String, CodingKey {
        case keys = "Keys"
      }
    }
    let keys = try await client.value(
      Keys.self, of: Command("bitswap/wantlist", safe: true).option("peer", peer),
      CallOptions(offline, opts, timeout))
    return keys.keys?.map(\.cid) ?? []
  }

  /// Asks what was exchanged with a peer.
  public func ledger(
    _ peer: String, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Ledger {
    try await client.value(of: Command("bitswap/ledger", [peer], safe: true), CallOptions(offline, opts, timeout))
  }

  /// Announces all content anew. Kubo does so by itself and refuses this unless it is configured for it.
  public func reprovide(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(Command("bitswap/reprovide"), CallOptions(offline, opts, timeout))
  }
}
