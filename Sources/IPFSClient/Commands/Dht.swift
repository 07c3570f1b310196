extension Client {
  /// The distributed hash table: the commands `dht/…`.
  ///
  /// Kubo has moved all but one of them to `routing/…`: these are asked for first, and the old ones of a daemon that does
  /// not have them.
  public struct Dht: Sendable {
    let client: Client
  }

  /// The distributed hash table.
  public var dht: Dht { Dht(client: self) }
}

extension Client.Dht {
  /// Looks for the addresses of peers: events ``RoutingEvent/Kind/finalPeer`` have them.
  ///
  /// - Parameters:
  ///   - peerIDs: Identifiers of peers. Kubo takes the first alone.
  ///   - verbose: The option `verbose`, which changes only what Kubo's command line shows.
  /// - Throws: `partialErrorResponse` with the reason `routingNotFound` if it was not found.
  public func findpeer(
    _ peerIDs: String..., verbose: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    findpeer(peerIDs, verbose: verbose, offline: offline, opts: opts, timeout: timeout)
  }

  /// Looks for the addresses of the peers of a list. The parameters are those of the other `findpeer`.
  public func findpeer(
    _ peerIDs: [String], verbose: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    events(
      of: Command("dht/findpeer", peerIDs, safe: true).option("verbose", verbose, default: false),
      movedTo: "routing/findpeer", CallOptions(offline, opts, timeout))
  }

  /// Looks for peers that have content: events ``RoutingEvent/Kind/provider`` have them.
  ///
  /// - Parameters:
  ///   - cids: The content. Kubo takes the first alone.
  ///   - numProviders: How many peers are enough.
  ///   - verbose: The option `verbose`, which changes only what Kubo's command line shows.
  public func findprovs(
    _ cids: any ContentPath..., numProviders: Int = 20, verbose: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    findprovs(cids, numProviders: numProviders, verbose: verbose, offline: offline, opts: opts, timeout: timeout)
  }

  /// Looks for peers that have the content of a list. The parameters are those of the other `findprovs`.
  public func findprovs(
    _ cids: [any ContentPath], numProviders: Int = 20, verbose: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    events(
      of: Command("dht/findprovs", cids.map(\.contentPath), safe: true)
        .option("num-providers", numProviders, default: 20).option("verbose", verbose, default: false),
      movedTo: "routing/findprovs", CallOptions(offline, opts, timeout))
  }

  /// Looks for the best value of a key.
  ///
  /// - Parameter keys: Keys, such as `/ipns/<name>`. Kubo takes the first alone.
  /// - Returns: The value as the daemon writes it: in base64 by today's Kubo.
  /// - Throws: `errorResponse` with the reason `routingNotFound` if there is none.
  public func get(
    _ keys: String..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> String {
    try await get(keys, offline: offline, opts: opts, timeout: timeout)
  }

  /// Looks for the best value of a list of keys. The parameters are those of the other `get`.
  public func get(
    _ keys: [String], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> String {
    let events = events(
      of: Command("dht/get", keys, safe: true), movedTo: "routing/get", CallOptions(offline, opts, timeout))
    guard let event = try await events.collect().last(where: { $0.kind == .value }) else {
      throw ClientError(.decoding, "the daemon gave no value", command: "routing/get")
    }
    return event.extra
  }

  /// Stores a text for a key. The parameters are those of the other `put`.
  public func put(
    _ key: String, _ value: String, allowOffline: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    put(key, Array(value.utf8), allowOffline: allowOffline, offline: offline, opts: opts, timeout: timeout)
  }

  /// Stores a value for a key.
  ///
  /// - Parameters:
  ///   - key: The key, such as `/ipns/<name>`.
  ///   - value: The value: for a name, a record that its key has signed.
  ///   - allowOffline: Whether it is enough to keep it in the daemon when that is offline.
  public func put(
    _ key: String, _ value: [UInt8], allowOffline: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    events(
      of: Command("dht/put", [key]).option("allow-offline", allowOffline, default: false)
        .sending(file: .bytes(value)),
      movedTo: "routing/put", CallOptions(offline, opts, timeout))
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
    events(
      of: Command("dht/provide", cids.map(\.contentPath)).option("recursive", recursive, default: false)
        .option("verbose", verbose, default: false),
      movedTo: "routing/provide", CallOptions(offline, opts, timeout))
  }

  /// Looks for the peers that are closest to some peers: events ``RoutingEvent/Kind/finalPeer`` have them.
  ///
  /// - Parameters:
  ///   - peerIDs: Identifiers of peers. Kubo takes the first alone.
  ///   - verbose: The option `verbose`, which changes only what Kubo's command line shows.
  public func query(
    _ peerIDs: String..., verbose: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    query(peerIDs, verbose: verbose, offline: offline, opts: opts, timeout: timeout)
  }

  /// Looks for the peers that are nearest to those of a list. The parameters are those of the other `query`.
  public func query(
    _ peerIDs: [String], verbose: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<RoutingEvent> {
    client.objects(
      of: Command("dht/query", peerIDs, safe: true).option("verbose", verbose, default: false),
      CallOptions(offline, opts, timeout))
  }

  /// The events of a command by its name of today, or by the older one if the daemon does not know that.
  private func events(
    of older: Command, movedTo name: String, _ call: CallOptions
  ) -> ObjectStream<RoutingEvent> {
    ObjectStream(
      start: { [client] in
        do {
          return try await client.open(older.renamed(name), call)
        } catch let error as ClientError where error.reason == .unknownCommand {
          return try await client.open(older, call)
        }
      },
      decode: { bytes in [try JSONValue.decodeReply(RoutingEvent.self, bytes, command: name)] })
  }
}
