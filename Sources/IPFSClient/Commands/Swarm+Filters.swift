extension Client.Swarm {
  /// Addresses that the daemon makes no connection with: the commands `swarm/filters/…`.
  public struct Filters: Sendable {
    let client: Client
  }

  /// Addresses that the daemon makes no connection with.
  public var filters: Filters { Filters(client: client) }

  /// Peers that the daemon stays connected to: the commands `swarm/peering/…`.
  public struct Peering: Sendable {
    let client: Client
  }

  /// Peers that the daemon stays connected to.
  public var peering: Peering { Peering(client: client) }
}

extension Client.Swarm.Filters {
  /// Adds filters.
  ///
  /// - Parameter addresses: Multiaddrs of networks, such as `/ip4/192.168.0.0/ipcidr/16`.
  /// - Returns: Those that were added.
  @discardableResult
  public func add(
    _ addresses: String..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await add(addresses, offline: offline, opts: opts, timeout: timeout)
  }

  /// Adds the addresses of a list. The parameters are those of the other `add`.
  @discardableResult
  public func add(
    _ addresses: [String], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await client.strings(of: Command("swarm/filters/add", addresses), CallOptions(offline, opts, timeout))
  }

  /// Lists the filters: the command `swarm/filters`.
  public func list(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await client.strings(of: Command("swarm/filters", safe: true), CallOptions(offline, opts, timeout))
  }

  /// Removes filters.
  ///
  /// - Parameter addresses: Multiaddrs of networks; `all` for all filters.
  /// - Returns: Those that were removed.
  @discardableResult
  public func rm(
    _ addresses: String..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await rm(addresses, offline: offline, opts: opts, timeout: timeout)
  }

  /// Removes the addresses of a list. The parameters are those of the other `rm`.
  @discardableResult
  public func rm(
    _ addresses: [String], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await client.strings(of: Command("swarm/filters/rm", addresses), CallOptions(offline, opts, timeout))
  }
}

extension Client.Swarm.Peering {
  /// What became of a peer.
  public struct Result: Codable, Hashable, Sendable {
    /// The peer's identifier.
    public let id: String
    /// `success`.
    public let status: String

    private enum CodingKeys: String, CodingKey {
      case id = "ID"
      case status = "Status"
    }
  }

  /// Adds peers.
  ///
  /// - Parameter addresses: Multiaddrs that end with the peer's identifier.
  public func add(
    _ addresses: String..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Result> {
    add(addresses, offline: offline, opts: opts, timeout: timeout)
  }

  /// Adds the peers of a list. The parameters are those of the other `add`.
  public func add(
    _ addresses: [String], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Result> {
    client.objects(of: Command("swarm/peering/add", addresses), CallOptions(offline, opts, timeout))
  }

  /// Lists the peers.
  public func ls(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [PeerAddresses] {
    struct Peers: Decodable {
      let peers: [PeerAddresses]?

      enum CodingKeys: String, CodingKey {
        case peers = "Peers"
      }
    }
    return try await client.value(
      Peers.self, of: Command("swarm/peering/ls", safe: true), CallOptions(offline, opts, timeout)
    ).peers ?? []
  }

  /// Removes peers.
  ///
  /// - Parameter peerIDs: Identifiers of peers.
  public func rm(
    _ peerIDs: String..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Result> {
    rm(peerIDs, offline: offline, opts: opts, timeout: timeout)
  }

  /// Removes the peers of a list. The parameters are those of the other `rm`.
  public func rm(
    _ peerIDs: [String], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Result> {
    client.objects(of: Command("swarm/peering/rm", peerIDs), CallOptions(offline, opts, timeout))
  }
}
