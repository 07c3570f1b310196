import NIOCore
import NIOPosix
import RPCTestSupport
import Synchronization

/// Passes on what a client and a server on loopback say to each other, knows nothing of it, and can cut it.
final class TCPRelay: Sendable {
  private final class Clients: Sendable {
    let state = Mutex((count: 0, open: [ObjectIdentifier: any Channel]()))

    func add(_ client: any Channel) {
      state.withLock {
        $0.count += 1
        $0.open[ObjectIdentifier(client)] = client
      }
      client.closeFuture.whenComplete { _ in
        self.state.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(client)) }
      }
    }
  }

  private let clients: Clients
  private let channel: any Channel

  /// Starts one.
  ///
  /// - Parameter server: Who answers; nil for nobody.
  init(to server: RPCTestServer? = nil) async throws {
    let port = server.flatMap { Int($0.multiaddr.split(separator: "/")[3]) }
    let clients = Clients()
    self.clients = clients
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { client in
        clients.add(client)
        guard let port else { return client.eventLoop.makeSucceededVoidFuture() }
        return ClientBootstrap(group: client.eventLoop).connect(host: "127.0.0.1", port: port).flatMap { server in
          client.eventLoop.makeCompletedFuture {
            try client.pipeline.syncOperations.addHandler(Forwarder(to: server))
            try server.pipeline.syncOperations.addHandler(Forwarder(to: client))
          }
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  /// Where it listens.
  var port: Int { channel.localAddress?.port ?? 0 }
  /// How many connections were made.
  var connectionCount: Int { clients.state.withLock { $0.count } }
  /// How many connections are open.
  var openConnectionCount: Int { clients.state.withLock { $0.open.count } }

  /// Passes on nothing more that clients say over the connections that there are.
  func deafen() async throws {
    for client in clients.state.withLock({ Array($0.open.values) }) {
      try await client.setOption(.autoRead, value: false).get()
    }
  }

  /// Ends all connections, without a farewell.
  func cut() async {
    for client in clients.state.withLock({ Array($0.open.values) }) { try? await client.close().get() }
  }

  /// Stops listening and ends all connections.
  func stop() async {
    try? await channel.close().get()
    await cut()
  }
}

/// One direction of a connection.
private final class Forwarder: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let receiver: any Channel

  init(to receiver: any Channel) {
    self.receiver = receiver
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    receiver.writeAndFlush(unwrapInboundIn(data), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    receiver.close(promise: nil)
    context.fireChannelInactive()
  }
}
