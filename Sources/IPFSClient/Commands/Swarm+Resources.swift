extension Client.Swarm {
  /// What connections use and may use.
  public struct Resources: Codable, Hashable, Sendable {
    /// All together.
    public let system: Scope
    /// What is not yet known to be of a peer or protocol.
    public let transient: Scope
    /// By service.
    public let services: [String: Scope]?
    /// By protocol.
    public let protocols: [String: Scope]?
    /// By peer.
    public let peers: [String: Scope]?

    private enum CodingKeys: String, CodingKey {
      case system = "System"
      case transient = "Transient"
      case services = "Services"
      case protocols = "Protocols"
      case peers = "Peers"
    }

    /// The use of each resource, and its limit: a number, or a word such as `unlimited`.
    public struct Scope: Codable, Hashable, Sendable {
      /// The limit of bytes of memory.
      public let memory: JSON
      /// Bytes of memory.
      public let memoryUsage: Int64
      /// The limit of file descriptors.
      public let fd: JSON
      /// File descriptors.
      public let fdUsage: Int
      /// The limit of connections.
      public let conns: JSON
      /// Connections.
      public let connsUsage: Int
      /// The limit of connections made by peers.
      public let connsInbound: JSON
      /// Connections made by peers.
      public let connsInboundUsage: Int
      /// The limit of connections made by the daemon.
      public let connsOutbound: JSON
      /// Connections made by the daemon.
      public let connsOutboundUsage: Int
      /// The limit of streams.
      public let streams: JSON
      /// Streams.
      public let streamsUsage: Int
      /// The limit of streams made by peers.
      public let streamsInbound: JSON
      /// Streams made by peers.
      public let streamsInboundUsage: Int
      /// The limit of streams made by the daemon.
      public let streamsOutbound: JSON
      /// Streams made by the daemon.
      public let streamsOutboundUsage: Int

      private enum CodingKeys: String, CodingKey {
        case memory = "Memory"
        case memoryUsage = "MemoryUsage"
        case fd = "FD"
        case fdUsage = "FDUsage"
        case conns = "Conns"
        case connsUsage = "ConnsUsage"
        case connsInbound = "ConnsInbound"
        case connsInboundUsage = "ConnsInboundUsage"
        case connsOutbound = "ConnsOutbound"
        case connsOutboundUsage = "ConnsOutboundUsage"
        case streams = "Streams"
        case streamsUsage = "StreamsUsage"
        case streamsInbound = "StreamsInbound"
        case streamsInboundUsage = "StreamsInboundUsage"
        case streamsOutbound = "StreamsOutbound"
        case streamsOutboundUsage = "StreamsOutboundUsage"
      }
    }
  }

  /// Asks what connections use and may use.
  public func resources(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Resources {
    try await client.value(of: Command("swarm/resources", safe: true), CallOptions(offline, opts, timeout))
  }
}
