import NIOCore
import NIOHTTP1
import NIOTLS

/// A connection that ended without a reason given.
struct ConnectionClosed: Error {
  /// Whether the client was closed, and not the connection by the daemon.
  var isOurs = false
}

/// A connection, over which one request goes at a time.
///
/// ```
///   HTTPExchange ──▶ head, parts of the body ──▶ encoder ──▶ [TLS] ──▶ socket
///   ResponseRelay ◀── what one read brought  ◀── decoder ◀── [TLS] ◀──
/// ```
///
/// The consumer is woken once for what one read of the socket brought. The next read is made when the relay has room,
/// and always while no request is under way, so that the daemon's closing is seen.
///
/// Everything happens on the event loop, but for what is said otherwise.
final class HTTPConnection: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  /// What becomes of a connection between two requests.
  protocol Owner: AnyObject {
    /// The request is over; the connection can take another one, or closes.
    func finished(_ exchange: HTTPExchange, on connection: HTTPConnection, isReusable: Bool)
    /// The connection is gone.
    func closed(_ connection: HTTPConnection)
  }

  private weak var owner: (any Owner)?
  private let isTLS: Bool
  /// Fulfilled when requests can be sent; nil afterwards, for it keeps the connection.
  private var ready: EventLoopPromise<HTTPConnection>?
  private var context: ChannelHandlerContext?
  /// Whether it is closed or about to be, which takes a while with TLS.
  private var isClosing = false

  private var exchange: HTTPExchange?
  private var window: SendWindow?
  private var sender: Task<Void, Never>?
  private var isSent = false
  private var keepsAlive = true
  private var isReading = false
  // What the current read has brought.
  private var head: ResponseRelay.Head?
  private var parts: [ByteBuffer] = []

  init(owner: any Owner, isTLS: Bool, ready: EventLoopPromise<HTTPConnection>) {
    self.owner = owner
    self.isTLS = isTLS
    self.ready = ready
  }

  var isActive: Bool { !isClosing && context?.channel.isActive == true }

  /// Whether it has a request that cannot go on before the caller does, and keeps others from a place.
  var waitsForCaller: Bool { exchange.map { !$0.isLasting && $0.relay.waitsForCaller } ?? false }

  /// Closes it; whatever is under way ends with an error.
  func close(_ error: any Error = ConnectionClosed()) -> EventLoopFuture<Void>? {
    fail(error)
    let closed = context?.channel.closeFuture
    shut()
    return closed
  }

  private func shut() {
    isClosing = true
    context?.close(promise: nil)
  }

  // MARK: A request

  /// Sends a request. The connection must be free.
  func start(_ exchange: HTTPExchange) {
    guard let context, isActive else {
      exchange.relay.end(.failure(ConnectionClosed()))
      owner?.finished(exchange, on: self, isReusable: false)
      return
    }
    self.exchange = exchange
    exchange.connection = self
    keepsAlive = true
    exchange.relay.begin()
    context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
    // What is written may fail at once.
    guard self.exchange === exchange else { return }
    guard let body = exchange.body else {
      isSent = true
      context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      return
    }
    isSent = false
    context.flush()
    guard self.exchange === exchange else { return }
    let window = SendWindow()
    self.window = window
    let loop = context.eventLoop
    sender = Task { [self] in
      do {
        let next = body.makeBufferReader()
        while var chunk = try await Self.chunk(from: next, exchange.relay) {
          let most = SendWindow.pieceSize
          while chunk.readableBytes > 0, let piece = chunk.readSlice(length: min(chunk.readableBytes, most)) {
            try await window.enter(piece.readableBytes)
            loop.execute { self.send(piece, of: exchange, window) }
          }
        }
        loop.execute { self.endBody(of: exchange) }
      } catch {
        loop.execute { if self.exchange === exchange { _ = self.close(error) } }
      }
    }
  }

  private static func chunk(from next: TransportBody.NextBuffer, _ relay: ResponseRelay) async throws -> ByteBuffer? {
    relay.awaitSource()
    defer { relay.noteProgress() }
    while let chunk = try await next() {
      if chunk.readableBytes > 0 { return chunk }
    }
    return nil
  }

  private func send(_ piece: ByteBuffer, of exchange: HTTPExchange, _ window: SendWindow) {
    guard self.exchange === exchange, let context else { return window.close() }
    let written = context.eventLoop.makePromise(of: Void.self)
    let count = piece.readableBytes
    written.futureResult.whenComplete { _ in
      window.leave(count)
      exchange.relay.noteSent()
    }
    context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece))), promise: written)
  }

  private func endBody(of exchange: HTTPExchange) {
    guard self.exchange === exchange, let context else { return }
    let written = context.eventLoop.makePromise(of: Void.self)
    // Not before: a reply may come while some of the body still waits for the socket.
    written.futureResult.whenSuccess {
      if self.exchange === exchange { self.isSent = true }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
  }

  /// Ends the current request with an error.
  private func fail(_ error: any Error) {
    ready.take()?.fail(error)
    guard let exchange else { return }
    _ = exchange.relay.give(head: head, parts: parts, end: .failure(error))
    finish(exchange, isReusable: false)
  }

  private func finish(_ exchange: HTTPExchange, isReusable: Bool) {
    exchange.connection = nil
    self.exchange = nil
    head = nil
    parts = []
    window?.close()
    window = nil
    sender?.cancel()
    sender = nil
    owner?.finished(exchange, on: self, isReusable: isReusable)
  }

  // MARK: The channel

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    if !isTLS { becomeReady() }
    read()
    context.fireChannelActive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted = event as? TLSUserEvent { becomeReady() }
    context.fireUserInboundEventTriggered(event)
  }

  private func becomeReady() {
    ready.take()?.succeed(self)
  }

  private func read() {
    guard !isReading, let context else { return }
    isReading = true
    context.read()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let exchange else {
      // Nobody asked.
      return shut()
    }
    switch unwrapInboundIn(data) {
    case .head(let response):
      // After a change of protocols it is no HTTP any more.
      keepsAlive = response.isKeepAlive && response.status != .switchingProtocols
      head = ResponseRelay.Head(
        status: Int(response.status.code),
        headers: TransportHeaders(response.headers.map { (name: $0.name, value: $0.value) }))
    case .body(let part): parts.append(part)
    case .end(let trailers):
      let trailers = TransportHeaders(trailers.map { $0.map { (name: $0.name, value: $0.value) } } ?? [])
      let (head, parts) = (self.head, self.parts)
      // Before the consumer hears of it, so that its next request finds the connection free.
      finish(exchange, isReusable: keepsAlive && isSent)
      _ = exchange.relay.give(head: head, parts: parts, end: .success(trailers))
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    defer { context.fireChannelReadComplete() }
    guard let exchange, head != nil || !parts.isEmpty else { return read() }
    let (head, parts) = (self.head, self.parts)
    self.head = nil
    self.parts.removeAll(keepingCapacity: true)
    let loop = context.eventLoop
    let hasRoom = exchange.relay.give(head: head, parts: parts) { [weak self] in
      loop.execute { [self] in self?.read() }
    }
    if hasRoom { read() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(error)
    shut()
  }

  func channelInactive(context: ChannelHandlerContext) {
    isClosing = true
    fail(ConnectionClosed())
    owner?.closed(self)
    context.fireChannelInactive()
  }
}
