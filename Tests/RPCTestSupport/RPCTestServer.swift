import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
package import NIOSSL
import Synchronization

/// An HTTP server on loopback or a unix socket that answers each request by a script: it can stall, cut and lie.
package final class RPCTestServer: Sendable {
  /// A request as it came.
  package struct Request: Sendable {
    package let method: String
    /// The path without the query, unescaped.
    package let path: String
    /// The query, in order, unescaped.
    package let query: [(name: String, value: String)]
    package let headers: [(name: String, value: String)]
    /// The body, as much of it as the server keeps.
    package let body: [UInt8]
    /// How many bytes of the body came.
    package let bodyLength: Int

    /// The first value of a header.
    package func header(_ name: String) -> String? {
      headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
  }

  /// What the server does next.
  package enum Step: Sendable {
    /// Sends the head of the reply.
    case head(Int, [(String, String)] = [])
    /// Sends a part of the body.
    case chunk([UInt8])
    /// Sends the same part many times, as fast as they are taken.
    case repeating([UInt8], times: Int)
    /// Sends bytes as they are, which need not be HTTP.
    case raw([UInt8])
    /// Reads no more.
    case deaf
    /// Ends the reply.
    case end(trailers: [(String, String)] = [])
    /// Closes the connection.
    case close
    /// Resets the connection.
    case reset
    /// Does nothing any more.
    case stall
    /// Goes on later.
    case wait(milliseconds: Int64)
  }

  /// Where it listens.
  package enum Address: Sendable {
    case tcp
    case unix(path: String)
  }

  /// What it does for a request.
  package typealias Script = @Sendable (Request) -> [Step]

  private struct State {
    var connections = 0
    var open: [ObjectIdentifier: any Channel] = [:]
    var requests = 0
  }

  private let state = Mutex(State())
  private let address: Address
  private let isTLS: Bool
  private let channel: any Channel

  /// Starts a server.
  ///
  /// - Parameters:
  ///   - address: Where it listens.
  ///   - tls: Its certificate, to speak TLS.
  ///   - bodyLimit: The most bytes of a request's body that are kept.
  ///   - answersEarly: Whether the script is run when the head of a request has come, and its body is read besides.
  ///   - script: What it does for a request.
  package init(
    _ address: Address = .tcp, tls: TLSConfiguration? = nil, bodyLimit: Int = 16 << 20, answersEarly: Bool = false,
    script: @escaping Script
  ) async throws {
    self.address = address
    isTLS = tls != nil
    let context = try tls.map { try NIOSSLContext(configuration: $0) }
    // The handlers are made before `self` is whole.
    let observer = Observer()
    let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelOption(.backlog, value: 4096)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
          try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
          try pipeline.addHandler(
            RPCTestHandler(script: script, bodyLimit: bodyLimit, answersEarly: answersEarly, observer: observer))
        }
      }
    switch address {
    case .tcp: channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
    case .unix(let path): channel = try await bootstrap.bind(unixDomainSocketPath: path).get()
    }
    observer.server.withLock { $0 = self }
  }

  /// Where a client finds it.
  package var multiaddr: String {
    switch address {
    case .tcp: "/ip4/127.0.0.1/tcp/\(channel.localAddress?.port ?? 0)\(isTLS ? "/https" : "")"
    case .unix(let path): "/unix\(path)"
    }
  }

  /// How many connections were made.
  package var connectionCount: Int { state.withLock { $0.connections } }
  /// How many connections are open.
  package var openConnectionCount: Int { state.withLock { $0.open.count } }
  /// How many requests came.
  package var requestCount: Int { state.withLock { $0.requests } }

  /// Closes connections that are open.
  package func closeConnections() async {
    for channel in state.withLock({ Array($0.open.values) }) { try? await channel.close().get() }
  }

  /// Stops listening and closes all connections.
  package func stop() async {
    try? await channel.close().get()
    await closeConnections()
  }

  final class Observer: Sendable {
    let server = Mutex<RPCTestServer?>(nil)

    func opened(_ channel: any Channel) {
      server.withLock { $0 }?.state.withLock {
        $0.connections += 1
        $0.open[ObjectIdentifier(channel)] = channel
      }
    }

    func closed(_ channel: any Channel) {
      server.withLock { $0 }?.state.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
    }

    func requested() {
      server.withLock { $0 }?.state.withLock { $0.requests += 1 }
    }
  }
}

/// One connection of the server.
private final class RPCTestHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let script: RPCTestServer.Script
  private let bodyLimit: Int
  private let answersEarly: Bool
  private let observer: RPCTestServer.Observer
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var bodyLength = 0

  init(script: @escaping RPCTestServer.Script, bodyLimit: Int, answersEarly: Bool, observer: RPCTestServer.Observer) {
    self.script = script
    self.bodyLimit = bodyLimit
    self.answersEarly = answersEarly
    self.observer = observer
  }

  func channelActive(context: ChannelHandlerContext) {
    observer.opened(context.channel)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    observer.closed(context.channel)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      observer.requested()
      self.head = head
      body = []
      bodyLength = 0
      if answersEarly { answer(context) }
    case .body(let buffer):
      bodyLength += buffer.readableBytes
      if body.count < bodyLimit { body += buffer.readableBytesView.prefix(bodyLimit - body.count) }
    case .end:
      if !answersEarly { answer(context) }
    }
  }

  private func answer(_ context: ChannelHandlerContext) {
    guard let head else { return }
    let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let request = RPCTestServer.Request(
      method: head.method.rawValue, path: unescape(parts[0]),
      query: parts.count < 2 || parts[1].isEmpty
        ? []
        : parts[1].split(separator: "&").map { pair in
          let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
          return (name: unescape(sides[0]), value: sides.count > 1 ? unescape(sides[1]) : "")
        }, headers: head.headers.map { (name: $0.name, value: $0.value) }, body: body, bodyLength: bodyLength)
    run(script(request)[...], context.channel)
  }

  private func run(_ steps: ArraySlice<RPCTestServer.Step>, _ channel: any Channel) {
    guard let step = steps.first else { return }
    let rest = steps.dropFirst()
    let bound = NIOLoopBound(self, eventLoop: channel.eventLoop)
    func goOn(_ future: EventLoopFuture<Void>) {
      future.whenSuccess { bound.value.run(rest, channel) }
    }
    switch step {
    case .head(let status, let headers):
      let head = HTTPResponseHead(
        version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: HTTPHeaders(headers))
      goOn(channel.writeAndFlush(HTTPServerResponsePart.head(head)))
    case .chunk(let bytes):
      goOn(channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes)))))
    case .repeating(let bytes, let times):
      let part = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: bytes)))
      @Sendable func send(_ times: Int) {
        guard times > 0 else { return bound.value.run(rest, channel) }
        channel.writeAndFlush(part).whenSuccess { send(times - 1) }
      }
      send(times)
    case .raw(let bytes):
      goOn(
        channel.pipeline.context(handlerType: HTTPResponseEncoder.self).flatMap {
          $0.writeAndFlush(NIOAny(IOData.byteBuffer(ByteBuffer(bytes: bytes))))
        })
    case .deaf: goOn(channel.setOption(.autoRead, value: false))
    case .end(let trailers):
      goOn(channel.writeAndFlush(HTTPServerResponsePart.end(trailers.isEmpty ? nil : HTTPHeaders(trailers))))
    case .close: channel.close(promise: nil)
    case .reset:
      guard let socket = channel as? any SocketOptionProvider else { return channel.close(promise: nil) }
      socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    case .stall: break
    case .wait(let milliseconds):
      channel.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) { bound.value.run(rest, channel) }
    }
  }
}

/// A text with its escapes (RFC 3986) undone.
package func unescape(_ text: some StringProtocol) -> String {
  var bytes: [UInt8] = []
  var rest = Array(text.utf8)[...]
  while let byte = rest.popFirst() {
    if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
      bytes.append(value)
      rest = rest.dropFirst(2)
    } else {
      bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}
