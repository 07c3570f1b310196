import Foundation

/// What a search in the routing system tells while it works.
public struct RoutingEvent: Codable, Hashable, Sendable {
  /// What an event tells, by Kubo's number.
  public struct Kind: RawRepresentable, Codable, Hashable, Sendable {
    /// The number.
    public let rawValue: Int

    /// A number.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// A peer is asked.
    public static let sendingQuery = Kind(rawValue: 0)
    /// A peer has answered with other peers.
    public static let peerResponse = Kind(rawValue: 1)
    /// A peer that was looked for.
    public static let finalPeer = Kind(rawValue: 2)
    /// Something failed.
    public static let queryError = Kind(rawValue: 3)
    /// A peer that has the content.
    public static let provider = Kind(rawValue: 4)
    /// A value that was looked for.
    public static let value = Kind(rawValue: 5)
    /// A peer will be asked.
    public static let addingPeer = Kind(rawValue: 6)
    /// A connection is made.
    public static let dialingPeer = Kind(rawValue: 7)
  }

  /// What it tells.
  public let kind: Kind
  /// The peer that it is about; empty if none.
  public let id: String
  /// Peers that were found.
  public let responses: [PeerAddresses]
  /// A message of an error, or a value in base64.
  public let extra: String

  private enum CodingKeys: String, CodingKey {
    case kind = "Type"
    case id = "ID"
    case responses = "Responses"
    case extra = "Extra"
  }

  /// Reads the daemon's JSON.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    kind = try container.decode(Kind.self, forKey: .kind)
    id = try container.decodeIfPresent(String.self, forKey: .id) ?? ""
    responses = try container.decodeList(forKey: .responses)
    extra = try container.decodeIfPresent(String.self, forKey: .extra) ?? ""
  }
}

extension Client {
  /// How peers and content are found: the commands `routing/…`.
  public struct Routing: Sendable {
    let client: Client
  }

  /// How peers and content are found.
  public var routing: Routing { Routing(client: self) }
}

extension Client.Routing {
  /// Looks for the addresses of a peer: the event ``RoutingEvent/Kind/finalPeer`` has them.
  ///
  /// - Parameters:
  ///   - peerID: The peer's identifier.
  ///   - verbose: The option `verbose`, which changes only what Kubo's command line shows.
  /// - Throws: `partialErrorResponse` with the reason `routingNotFound` if it was not found.
  public func findpeer(
    _ peerID: String, verbose: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    client.objects(
      of: Command("routing/findpeer", [peerID], safe: true).option("verbose", verbose, default: false),
      CallOptions(offline, opts, timeout))
  }

  /// Looks for peers that have content: events ``RoutingEvent/Kind/provider`` have them.
  ///
  /// - Parameters:
  ///   - cid: The content.
  ///   - numProviders: How many peers are enough.
  ///   - verbose: The option `verbose`, which changes only what Kubo's command line shows.
  public func findprovs(
    _ cid: some ContentPath, numProviders: Int = 20, verbose: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    client.objects(
      of: Command("routing/findprovs", [cid.contentPath], safe: true)
        .option("num-providers", numProviders, default: 20).option("verbose", verbose, default: false),
      CallOptions(offline, opts, timeout))
  }

  /// Looks for the best value of a key.
  ///
  /// - Parameter key: The key, such as `/ipns/<name>`.
  /// - Returns: The value: for a name, its signed record.
  /// - Throws: `errorResponse` with the reason `routingNotFound` if there is none.
  public func get(
    _ key: String, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [UInt8] {
    let events: ObjectStream<RoutingEvent> = client.objects(
      of: Command("routing/get", [key], safe: true), CallOptions(offline, opts, timeout))
    guard let event = try await events.collect().last(where: { $0.kind == .value }),
      let data = Data(base64Encoded: event.extra)
    else { throw ClientError(.decoding, "the daemon gave no value", command: "routing/get") }
    return Array(data)
  }

  /// Stores a value for a key.
  ///
  /// - Parameters:
  ///   - key: The key, such as `/ipns/<name>`.
  ///   - value: The value: for a name, a record that its key has signed.
  ///   - allowOffline: Whether it is enough to keep it in the daemon when that is offline.
  public func put(
    _ key: String, _ value: Upload, allowOffline: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    client.objects(
      of: Command("routing/put", [key]).option("allow-offline", allowOffline, default: false).sending(file: value),
      CallOptions(offline, opts, timeout))
  }

  /// Announces that the daemon has content.
  ///
  /// - Parameters:
  ///   - cids: The content.
  ///   - recursive: Whether all that is below is announced, too.
  ///   - verbose: The option `verbose`, which changes only what Kubo's command line shows.
  public func provide(
    _ cids: any ContentPath..., recursive: Bool = false, verbose: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    provide(cids, recursive: recursive, verbose: verbose, offline: offline, opts: opts, timeout: timeout)
  }

  /// Tells the network that the daemon has the content of a list. The parameters are those of the other `provide`.
  public func provide(
    _ cids: [any ContentPath], recursive: Bool = false, verbose: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    client.objects(
      of: Command("routing/provide", cids.map(\.contentPath)).option("recursive", recursive, default: false)
        .option("verbose", verbose, default: false), CallOptions(offline, opts, timeout))
  }

  /// Announces all content anew. Kubo does so by itself and refuses this unless it is configured for it.
  public func reprovide(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(Command("routing/reprovide"), CallOptions(offline, opts, timeout))
  }
}
