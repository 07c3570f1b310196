extension Client {
  /// Counters of the daemon: the commands `stats/…`.
  public struct Stats: Sendable {
    let client: Client
  }

  /// Counters of the daemon.
  public var stats: Stats { Stats(client: self) }
}

extension Client.Stats {
  /// How much was sent and received.
  public struct Bandwidth: Codable, Hashable, Sendable {
    /// Bytes that came.
    public let totalIn: Int64
    /// Bytes that were sent.
    public let totalOut: Int64
    /// Bytes that come in a second.
    public let rateIn: Double
    /// Bytes that are sent in a second.
    public let rateOut: Double

    private enum CodingKeys: String, CodingKey {
      case totalIn = "TotalIn"
      case totalOut = "TotalOut"
      case rateIn = "RateIn"
      case rateOut = "RateOut"
    }
  }

  /// The peers that the daemon knows in a distributed hash table.
  public struct Dht: Codable, Hashable, Sendable {
    /// A peer.
    public struct Peer: Codable, Hashable, Sendable {
      /// Its identifier.
      public let id: String
      /// Whether there is a connection.
      public let connected: Bool
      /// The program that it is.
      public let agentVersion: String
      /// When it was of use (RFC 3339); empty if never.
      public let lastUsefulAt: String
      /// When it was asked (RFC 3339); empty if never.
      public let lastQueriedAt: String

      private enum CodingKeys: String, CodingKey {
        case id = "ID"
        case connected = "Connected"
        case agentVersion = "AgentVersion"
        case lastUsefulAt = "LastUsefulAt"
        case lastQueriedAt = "LastQueriedAt"
      }
    }

    /// Peers at one distance.
    public struct Bucket: Codable, Hashable, Sendable {
      /// When it was brought up to date (RFC 3339); empty if never.
      public let lastRefresh: String
      /// Its peers.
      public let peers: [Peer]

      private enum CodingKeys: String, CodingKey {
        case lastRefresh = "LastRefresh"
        case peers = "Peers"
      }

      /// Reads the daemon's JSON.
      public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        lastRefresh = try container.decode(String.self, forKey: .lastRefresh)
        peers = try container.decodeList(forKey: .peers)
      }
    }

    /// Its name, such as `wan`.
    public let name: String
    /// Its peers, by distance.
    public let buckets: [Bucket]

    private enum CodingKeys: String, CodingKey {
      case name = "Name"
      case buckets = "Buckets"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      name = try container.decode(String.self, forKey: .name)
      buckets = try container.decodeList(forKey: .buckets)
    }
  }

  /// Asks how much was sent and received.
  ///
  /// - Parameters:
  ///   - peer: The peer that counts; nil for all.
  ///   - proto: The protocol that counts; nil for all. Not together with `peer`.
  ///   - poll: Whether the daemon tells it again and again, until the loop is left.
  ///   - interval: The time between, such as `1s`; nil for the daemon's default, that.
  public func bw(
    peer: String? = nil, proto: String? = nil, poll: Bool = false, interval: String? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Bandwidth> {
    client.objects(
      of: Command("stats/bw", safe: true).option("peer", peer).option("proto", proto)
        .option("poll", poll, default: false).option("interval", interval).lasting(poll),
      CallOptions(offline, opts, timeout))
  }

  /// Asks how large the store is, as ``Client/Repo/stat(sizeOnly:human:offline:opts:timeout:)`` does.
  ///
  /// - Parameters:
  ///   - sizeOnly: Whether only sizes are wanted.
  ///   - human: The option `human`, which changes only what Kubo's command line shows.
  public func repo(
    sizeOnly: Bool = false, human: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Client.Repo.Stat {
    try await client.value(
      of: Command("stats/repo", safe: true).option("size-only", sizeOnly, default: false)
        .option("human", human, default: false), CallOptions(offline, opts, timeout))
  }

  /// Asks what was exchanged with all peers, as ``Client/Bitswap/stat(verbose:human:offline:opts:timeout:)`` does.
  public func bitswap(
    verbose: Bool = false, human: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Client.Bitswap.Stat {
    try await client.value(
      of: Command("stats/bitswap", safe: true).option("verbose", verbose, default: false)
        .option("human", human, default: false), CallOptions(offline, opts, timeout))
  }

  /// Lists the peers that the daemon knows in distributed hash tables.
  ///
  /// - Parameter names: The tables: `wan`, `lan`, `wanserver`, `lanserver`; the first two if none is named.
  public func dht(
    _ names: String..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Dht> {
    dht(names, offline: offline, opts: opts, timeout: timeout)
  }

  /// Describes the tables of a list. The parameters are those of the other `dht`.
  public func dht(
    _ names: [String], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Dht> {
    client.objects(of: Command("stats/dht", names, safe: true), CallOptions(offline, opts, timeout))
  }

  /// Asks how content is announced, as ``Client/Provide/stat(lan:offline:opts:timeout:)`` does: the command
  /// `stats/provide`.
  public func provide(
    lan: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Client.Provide.Stat {
    try await client.value(
      of: Command("stats/provide", safe: true).option("lan", lan, default: false), CallOptions(offline, opts, timeout))
  }

  /// Asks how content is announced anew, as ``Client/Provide/stat(lan:offline:opts:timeout:)`` does: the command
  /// `stats/reprovide`.
  public func reprovide(
    lan: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Client.Provide.Stat {
    try await client.value(
      of: Command("stats/reprovide", safe: true).option("lan", lan, default: false),
      CallOptions(offline, opts, timeout))
  }
}
