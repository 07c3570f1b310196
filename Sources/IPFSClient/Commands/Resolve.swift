import Multiformats

extension Client {
  /// A path, as commands that resolve names give it.
  struct ResolvedPath: Decodable {
    let path: String

    enum CodingKeys: String, CodingKey {
      case path = "Path"
    }
  }

  /// Finds the path that a name in the DNS links to.
  ///
  /// A daemon without the command `dns`, as today's Kubo, is asked to `resolve` the name.
  /// - Parameters:
  ///   - domainName: The name, such as `ipfs.tech`.
  ///   - recursive: Whether what it finds is resolved further if it is a name of the DNS.
  /// - Returns: The path, such as `/ipfs/<cid>`.
  public func dns(
    _ domainName: String, recursive: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> String {
    let call = CallOptions(offline, opts, timeout)
    do {
      return try await value(
        ResolvedPath.self, of: Command("dns", [domainName], safe: true).option("recursive", recursive), call
      ).path
    } catch let error as ClientError where error.reason == .unknownCommand || error.reason == .removedCommand {
      return try await resolve(
        "/ipns/\(domainName)", recursive: recursive, offline: offline, opts: opts, timeout: timeout)
    }
  }

  /// Finds the path that a path stands for.
  ///
  /// - Parameters:
  ///   - path: A path, such as `/ipns/<name>` or `/ipfs/<cid>/a`.
  ///   - recursive: Whether what a name stands for is resolved further if it is a name; nil for the daemon's default,
  ///     yes.
  ///   - dhtRecordCount: How many records to ask the DHT for; nil for the daemon's default.
  ///   - dhtTimeout: How long to collect records of the DHT, such as `30s`; `0` for no limit, nil for the daemon's
  ///     default.
  /// - Returns: The path, such as `/ipfs/<cid>`.
  public func resolve(
    _ path: some ContentPath, recursive: Bool? = false, dhtRecordCount: Int? = nil, dhtTimeout: String? = nil,
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> String {
    let path = path is CID ? "/ipfs/\(path.contentPath)" : path.contentPath
    return try await value(
      ResolvedPath.self,
      of: Command("resolve", [path], safe: true).option("recursive", recursive)
        .option("dht-record-count", dhtRecordCount).option("dht-timeout", dhtTimeout),
      CallOptions(offline, opts, timeout)
    ).path
  }
}
