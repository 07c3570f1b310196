extension Client {
  /// The peers that the daemon connects to at its start: the commands `bootstrap/…`.
  public struct Bootstrap: Sendable {
    let client: Client
  }

  /// The peers that the daemon connects to at its start.
  public var bootstrap: Bootstrap { Bootstrap(client: self) }
}

extension Client.Bootstrap {
  /// Adds peers.
  ///
  /// - Parameter peers: Multiaddrs that end with the peer's identifier; `default` or `auto` for Kubo's own peers.
  /// - Returns: The peers that were added.
  @discardableResult
  public func add(
    _ peers: String..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await add(peers, offline: offline, opts: opts, timeout: timeout)
  }

  /// Adds the peers of a list. The parameters are those of the other `add`.
  @discardableResult
  public func add(
    _ peers: [String], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await self.peers(of: Command("bootstrap/add", peers), CallOptions(offline, opts, timeout))
  }

  /// Adds the peers that Kubo has by default.
  ///
  /// - Returns: The peers that were added.
  @discardableResult
  public func addDefault(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await add("default", offline: offline, opts: opts, timeout: timeout)
  }

  /// Lists the peers.
  ///
  /// - Parameter expandAuto: Whether the peers that `auto` stands for are given in its place.
  public func list(
    expandAuto: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await peers(
      of: Command("bootstrap/list", safe: true).option("expand-auto", expandAuto, default: false),
      CallOptions(offline, opts, timeout))
  }

  /// Removes peers.
  ///
  /// - Returns: The peers that were removed.
  @discardableResult
  public func rm(
    _ peers: String..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await rm(peers, offline: offline, opts: opts, timeout: timeout)
  }

  /// Removes the peers of a list. The parameters are those of the other `rm`.
  @discardableResult
  public func rm(
    _ peers: [String], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await self.peers(of: Command("bootstrap/rm", peers), CallOptions(offline, opts, timeout))
  }

  /// Removes all peers.
  ///
  /// - Returns: The peers that were removed.
  @discardableResult
  public func rmAll(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await peers(of: Command("bootstrap/rm/all"), CallOptions(offline, opts, timeout))
  }

  private func peers(of command: Command, _ call: CallOptions) async throws -> [String] {
    struct Peers: Decodable {
      let peers: [String]?

      enum CodingKeys: String, CodingKey {
        case peers = "Peers"
      }
    }
    return try await client.value(Peers.self, of: command, call).peers ?? []
  }
}
