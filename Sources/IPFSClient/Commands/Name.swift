extension Client {
  /// Names that point to content and can be pointed elsewhere, IPNS: the commands `name/…`.
  public struct Name: Sendable {
    let client: Client
  }

  /// Names that point to content and can be pointed elsewhere.
  public var name: Name { Name(client: self) }
}

extension Client.Name {
  /// What a name points to.
  public struct Entry: Codable, Hashable, Sendable {
    /// The name.
    public let name: String
    /// The path that it points to.
    public let value: String

    private enum CodingKeys: String, CodingKey {
      case name = "Name"
      case value = "Value"
    }
  }

  /// A reply of `name/resolve`.
  private struct Resolved: Decodable {
    let path: String

    enum CodingKeys: String, CodingKey {
      case path = "Path"
    }
  }

  /// Points a name to a path.
  ///
  /// Durations are texts of numbers and units: `300s`, `1.5h`, `2h45m`.
  /// - Parameters:
  ///   - path: What it is to point to.
  ///   - resolve: Whether the path must exist.
  ///   - lifetime: How long that is valid; nil for the daemon's default.
  ///   - ttl: How long others may take it for granted before they ask again; nil for the daemon's default.
  ///   - key: The name of a key pair, or its identifier; nil for the daemon's own.
  ///   - allowOffline: Whether it is only stored where the daemon cannot tell others; that is an error otherwise.
  ///   - allowDelegated: Whether others are told by HTTP alone. Not together with `allowOffline`.
  ///   - quieter: The option `quieter`, which changes only what Kubo's command line shows.
  ///   - v1compat: Whether older programs can read the record, too; nil for the daemon's default, yes.
  ///   - sequence: The record's number, more than that of the record before; nil for the next one.
  ///   - ipnsBase: The option `ipns-base`, which Kubo has but does not use.
  @discardableResult
  public func publish(
    _ path: some ContentPath, resolve: Bool = true, lifetime: String? = "24h", ttl: String? = nil, key: String? = nil,
    allowOffline: Bool = false, allowDelegated: Bool = false, quieter: Bool = false, v1compat: Bool? = nil,
    sequence: UInt64? = nil, ipnsBase: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Entry {
    try await client.value(
      of: Command("name/publish", [path.contentPath]).option("resolve", resolve, default: true)
        .option("lifetime", lifetime).option("ttl", ttl).option("key", key)
        .option("allow-offline", allowOffline, default: false)
        .option("allow-delegated", allowDelegated, default: false).option("quieter", quieter, default: false)
        .option("v1compat", v1compat).option("sequence", sequence).option("ipns-base", ipnsBase),
      CallOptions(offline, opts, timeout))
  }

  /// Finds the path that a name points to.
  ///
  /// - Parameters:
  ///   - name: The name, or a domain with a DNSLink; nil for the daemon's own.
  ///   - recursive: Whether a path that is a name itself is followed; nil for the daemon's default, yes.
  ///   - nocache: Whether the daemon asks others, even if it thinks that it knows.
  ///   - dhtRecordCount: How many records are asked for; nil for the daemon's default, 16.
  ///   - dhtTimeout: How long records are waited for, such as `30s`; `0` for ever; nil for the daemon's default.
  /// - Throws: `errorResponse` with the reason `routingNotFound`.
  public func resolve(
    _ name: String? = nil, recursive: Bool? = false, nocache: Bool = false, dhtRecordCount: Int? = nil,
    dhtTimeout: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> String {
    try await client.value(
      Resolved.self, of: Self.resolve(name, recursive, nocache, dhtRecordCount, dhtTimeout, stream: false),
      CallOptions(offline, opts, timeout)
    ).path
  }

  /// Finds the path that a name points to, and gives each better one as it comes: the last one is what holds.
  ///
  /// The parameters are those of `resolve`.
  public func resolveStream(
    _ name: String? = nil, recursive: Bool? = false, nocache: Bool = false, dhtRecordCount: Int? = nil,
    dhtTimeout: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<String> {
    client.objects(
      of: Self.resolve(name, recursive, nocache, dhtRecordCount, dhtTimeout, stream: true),
      CallOptions(offline, opts, timeout)
    ) { (resolved: Resolved) in [resolved.path] }
  }

  private static func resolve(
    _ name: String?, _ recursive: Bool?, _ nocache: Bool, _ dhtRecordCount: Int?, _ dhtTimeout: String?, stream: Bool
  ) -> Command {
    Command("name/resolve", name.map { [$0] } ?? [], safe: true).option("recursive", recursive)
      .option("nocache", nocache, default: false).option("dht-record-count", dhtRecordCount)
      .option("dht-timeout", dhtTimeout).option("stream", stream, default: false)
  }
}
