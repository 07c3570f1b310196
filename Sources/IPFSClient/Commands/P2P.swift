extension Client {
  /// Connections of other programs through libp2p: the commands `p2p/…`. A daemon must be configured for them.
  public struct P2P: Sendable {
    let client: Client

    /// Connections that are open: the commands `p2p/stream/…`.
    public var stream: Streams { Streams(client: client) }
  }

  /// Connections of other programs through libp2p.
  public var p2p: P2P { P2P(client: self) }
}

extension Client.P2P {
  /// Connections that are open: the commands `p2p/stream/…`.
  public struct Streams: Sendable {
    let client: Client
  }

  /// What waits for connections.
  public struct Listener: Codable, Hashable, Sendable {
    /// The protocol's name.
    public let `protocol`: String
    /// Where it waits.
    public let listenAddress: String
    /// Where connections go.
    public let targetAddress: String

    private enum CodingKeys: String, CodingKey {
      case `protocol` = "Protocol"
      case listenAddress = "ListenAddress"
      case targetAddress = "TargetAddress"
    }
  }

  /// What becomes of a listener that lives as long as the request.
  public struct Event: Codable, Hashable, Sendable {
    /// `active` at the start, `closing` at the end.
    public let status: String
    /// The protocol's name.
    public let `protocol`: String
    /// Where it waits, or where connections go.
    public let address: String

    private enum CodingKeys: String, CodingKey {
      case status = "Status"
      case `protocol` = "Protocol"
      case address = "Address"
    }
  }

  /// Closes listeners.
  ///
  /// - Parameters:
  ///   - all: Whether all are closed.
  ///   - protocolName: The protocol of those that are closed; nil for any.
  ///   - listenAddress: Where those wait that are closed; nil for anywhere.
  ///   - targetAddress: Where connections go of those that are closed; nil for anywhere.
  /// - Returns: How many were closed.
  @discardableResult
  public func close(
    all: Bool = false, protocol protocolName: String? = nil, listenAddress: String? = nil,
    targetAddress: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Int {
    try await client.value(
      of: Command("p2p/close").option("all", all, default: false).option("protocol", protocolName)
        .option("listen-address", listenAddress).option("target-address", targetAddress),
      CallOptions(offline, opts, timeout))
  }

  /// Forwards connections of this system to a peer.
  ///
  /// - Parameters:
  ///   - protocolName: The protocol's name, such as `/x/mine`.
  ///   - listenAddress: The multiaddr to wait at.
  ///   - targetAddress: The peer, such as `/p2p/<identifier>`.
  ///   - allowCustomProtocol: Whether the name need not begin with `/x/`.
  ///   - foreground: Whether it ends with the request: then there are events, until the loop is left; none otherwise.
  ///   - timeout: How long to wait for each event; in the foreground for ever by default.
  public func forward(
    _ protocolName: String, from listenAddress: String, to targetAddress: String, allowCustomProtocol: Bool = false,
    foreground: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Event> {
    client.objects(
      of: Command("p2p/forward", [protocolName, listenAddress, targetAddress])
        .option("allow-custom-protocol", allowCustomProtocol, default: false)
        .option("foreground", foreground, default: false).lasting(foreground), CallOptions(offline, opts, timeout))
  }

  /// Forwards connections of peers to this system.
  ///
  /// - Parameters:
  ///   - protocolName: The protocol's name, such as `/x/mine`.
  ///   - targetAddress: The multiaddr where connections go.
  ///   - allowCustomProtocol: Whether the name need not begin with `/x/`.
  ///   - reportPeerID: Whether each connection begins with the peer's identifier and a newline.
  ///   - foreground: Whether it ends with the request: then there are events, until the loop is left; none otherwise.
  ///   - timeout: How long to wait for each event; in the foreground for ever by default.
  public func listen(
    _ protocolName: String, to targetAddress: String, allowCustomProtocol: Bool = false, reportPeerID: Bool = false,
    foreground: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Event> {
    client.objects(
      of: Command("p2p/listen", [protocolName, targetAddress])
        .option("allow-custom-protocol", allowCustomProtocol, default: false)
        .option("report-peer-id", reportPeerID, default: false).option("foreground", foreground, default: false)
        .lasting(foreground),
      CallOptions(offline, opts, timeout))
  }

  /// Lists listeners.
  ///
  /// - Parameter headers: The option `headers`, which changes only what Kubo's command line shows.
  public func ls(
    headers: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [Listener] {
    struct Listeners: Decodable {
      let listeners: [Listener]?

      enum CodingKeys: String, CodingKey {
        case listeners = "Listeners"
      }
    }
    return try await client.value(
      Listeners.self, of: Command("p2p/ls", safe: true).option("headers", headers, default: false),
      CallOptions(offline, opts, timeout)
    ).listeners ?? []
  }
}

extension Client.P2P.Streams {
  /// A connection that is open.
  public struct Entry: Codable, Hashable, Sendable {
    /// Its number.
    public let handlerID: String
    /// The protocol's name.
    public let `protocol`: String
    /// Where it comes from.
    public let originAddress: String
    /// Where it goes.
    public let targetAddress: String

    private enum CodingKeys: String, CodingKey {
      case handlerID = "HandlerID"
      case `protocol` = "Protocol"
      case originAddress = "OriginAddress"
      case targetAddress = "TargetAddress"
    }
  }

  /// Closes connections.
  ///
  /// - Parameters:
  ///   - id: The number of the one that is closed; nil together with `all`.
  ///   - all: Whether all are closed.
  public func close(
    _ id: String? = nil, all: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("p2p/stream/close", id.map { [$0] } ?? []).option("all", all, default: false),
      CallOptions(offline, opts, timeout))
  }

  /// Lists connections.
  ///
  /// - Parameter headers: The option `headers`, which changes only what Kubo's command line shows.
  public func ls(
    headers: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [Entry] {
    struct Streams: Decodable {
      let streams: [Entry]?

      enum CodingKeys: String, CodingKey {
        case streams = "Streams"
      }
    }
    return try await client.value(
      Streams.self, of: Command("p2p/stream/ls", safe: true).option("headers", headers, default: false),
      CallOptions(offline, opts, timeout)
    ).streams ?? []
  }
}
