public import Multiformats

extension Client {
  /// How the daemon announces what it has: the commands `provide/…`.
  public struct Provide: Sendable {
    let client: Client
  }

  /// How the daemon announces what it has.
  public var provide: Provide { Provide(client: self) }
}

extension Client.Provide {
  /// How announcing goes. Kubo changes the fields with its versions.
  public struct Stat: Codable, Hashable, Sendable {
    /// That of today's way to announce; nil if that is not in use.
    public let sweep: JSON?
    /// That of the older way to announce; nil if that is not in use.
    public let legacy: JSON?
    /// Whether the daemon keeps all of the hash table's peers in mind.
    public let fullRT: Bool

    private enum CodingKeys: String, CodingKey {
      case sweep = "Sweep"
      case legacy = "Legacy"
      case fullRT = "FullRT"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      sweep = try container.decodeIfPresent(JSON.self, forKey: .sweep)
      legacy = try container.decodeIfPresent(JSON.self, forKey: .legacy)
      fullRT = try container.decodeIfPresent(Bool.self, forKey: .fullRT) ?? false
    }
  }

  /// Takes what waits for its first announcement off the queue.
  ///
  /// - Parameter quiet: Whether it need not be said how much it was.
  /// - Returns: How much it was; nil if the daemon does not say.
  @discardableResult
  public func clear(
    quiet: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Int? {
    let cleared: ObjectStream<Int> = client.objects(
      of: Command("provide/clear").option("quiet", quiet, default: false), CallOptions(offline, opts, timeout))
    return try await cleared.collect().first
  }

  /// Announces content once, and gives each CID as it is put on the queue.
  ///
  /// - Parameters:
  ///   - cids: The content.
  ///   - recursive: Whether all that is below is announced, too.
  public func once(
    _ cids: any ContentPath..., recursive: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<CID> {
    once(cids, recursive: recursive, offline: offline, opts: opts, timeout: timeout)
  }

  /// Tells the network that the daemon has the content of a list. The parameters are those of the other `once`.
  public func once(
    _ cids: [any ContentPath], recursive: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<CID> {
    struct Event: Decodable {
      let queued: CID

      enum CodingKeys: String, CodingKey {
        case queued = "Queued"
      }
    }
    return client.objects(
      of: Command("provide/once", cids.map(\.contentPath)).option("recursive", recursive, default: false),
      CallOptions(offline, opts, timeout)
    ) { (event: Event) in [event.queued] }
  }

  /// Asks how announcing goes. The other options of the command change only what Kubo's command line shows.
  ///
  /// - Parameter lan: Whether that of the local network's hash table is wanted.
  public func stat(
    lan: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Stat {
    try await client.value(
      of: Command("provide/stat", safe: true).option("lan", lan, default: false), CallOptions(offline, opts, timeout))
  }
}
