import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Synchronization

/// How many connections there are, and may be.
final class ConnectionLimit: Sendable {
  private let maximum: Int
  private let count = Atomic(0)

  init(_ maximum: Int) {
    self.maximum = maximum
  }

  /// Counts one more. Returns whether it is one of those that may be.
  func enter() -> Bool { count.add(1, ordering: .relaxed).newValue <= maximum }

  func leave() { count.subtract(1, ordering: .relaxed) }
}

/// Refuses what is one connection too many, and sets how much is read and written at a time.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundOut = HTTPResponsePart

  private let limit: ConnectionLimit
  private var isCounted = false
  private var isRefused = false

  init(_ limit: ConnectionLimit) {
    self.limit = limit
  }

  func handlerAdded(context: ChannelHandlerContext) {
    isCounted = true
    isRefused = !limit.enter()
    let options = context.channel.syncOptions
    // A block at a time, instead of many small pieces of it.
    try? options?.setOption(
      .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16 << 10, maximum: 256 << 10))
    try? options?.setOption(.writeBufferWaterMark, value: .init(low: 512 << 10, high: 1 << 20))
  }

  func handlerRemoved(context: ChannelHandlerContext) { leave() }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  private func leave() {
    guard isCounted else { return }
    isCounted = false
    limit.leave()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard isRefused else { return context.fireChannelRead(data) }
    guard case .head = unwrapInboundIn(data) else { return }
    let text = ByteBuffer(string: RPCError.busy.message + "\n")
    let head = HTTPResponse(
      status: .serviceUnavailable,
      headerFields: [
        .contentType: "text/plain; charset=utf-8", .contentLength: String(text.readableBytes), .connection: "close",
        .server: ServerVersion.header,
      ])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(text)), promise: nil)
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.value.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in context.value.close(promise: nil) }
  }
}
