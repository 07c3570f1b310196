import Foundation
import Glibc
import IPFSClient
import RPCTestSupport
import Synchronization
import Testing

/// Requests that are given up or fail before they have a connection, and connections that are not fit for another one.
extension TransportFaultTests {
  private static let reply: [RPCTestServer.Step] = [.head(200, json), .chunk(version), .end()]

  @Test(.timeLimit(.minutes(10))) func cancellingGivesUpAConnectionThatIsBeingMade() async throws {
    // It waits for TLS for ever.
    let listener = try await TCPRelay()
    let client = try Client(
      ClientConfiguration(
        address: "/ip4/127.0.0.1/tcp/\(listener.port)/https", timeouts: .infinite, connectionLimit: 1))
    for count in 1...3 {
      let task = Task { _ = try await client.version() }
      while listener.connectionCount < count { try await Task.sleep(for: .milliseconds(5)) }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    await client.close()
    while listener.openConnectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(listener.connectionCount == 3)
    await listener.stop()
  }

  @Test func aCancelledTaskSendsNothing() async throws {
    try await withServer(script: { _ in Self.reply }) { client, server in
      // A connection that only waits for a request.
      _ = try await client.version()
      let task = Task {
        while !Task.isCancelled { await Task.yield() }
        try await client.files.mkdir("/a")
      }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      _ = try await client.version()
      #expect(server.requestCount == 2)
    }
  }

  @Test(.timeLimit(.minutes(10))) func allThatWaitsFailsIfTheDaemonIsGone() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("swipfs-\(UUID()).sock").path
    let server = try await RPCTestServer(.unix(path: path)) { _ in [.stall] }
    let timeouts = Timeouts(connect: 20, read: .infinity)
    let client = try Client(
      ClientConfiguration(address: server.multiaddr, timeouts: timeouts, connectionLimit: 1))
    let first = Task { await code { try await client.files.mkdir("/a") } }
    while server.requestCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
    let (begun, continuation) = AsyncStream.makeStream(of: Void.self)
    try await withThrowingTaskGroup(of: ClientError.Code?.self) { group in
      for _ in 0..<10_000 {
        group.addTask {
          continuation.yield()
          return await code { try await client.files.mkdir("/b") }
        }
      }
      for await _ in begun.prefix(10_000) {}
      try await Task.sleep(for: .milliseconds(200))
      // The socket is still there, but lets nobody in.
      await server.stop()
      for try await code in group { #expect(code == .connection) }
    }
    #expect(await first.value == .connection)
    #expect(server.requestCount == 1)
    await client.close()
    try? FileManager.default.removeItem(atPath: path)
  }

  /// What a body is made of.
  private final class Source: AsyncSequence, Sendable {
    struct AsyncIterator: AsyncIteratorProtocol {
      mutating func next() async -> [UInt8]? { nil }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
  }

  @Test func aRequestThatIsGivenUpWhileItWaitsLeavesNothing() async throws {
    let server = try await RPCTestServer { _ in [.stall] }
    let client = try Client(ClientConfiguration(address: server.multiaddr, connectionLimit: 1))
    let first = Task { await code { try await client.files.mkdir("/a") } }
    while server.requestCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
    weak var source: Source?
    func giveUp() async throws {
      let upload = Source()
      source = upload
      let task = Task { try await client.files.write("/b", .stream(upload)) }
      try await Task.sleep(for: .milliseconds(100))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    try await giveUp()
    for _ in 0..<400 where source != nil { try await Task.sleep(for: .milliseconds(5)) }
    #expect(source == nil)
    await client.close()
    #expect(await first.value == .connection)
    #expect(server.requestCount == 1)
    await server.stop()
  }

  /// An upload of what another request gives, where there is one connection at a time.
  @Test(.timeLimit(.minutes(10))) func requestsThatFeedOneAnotherGoOn() async throws {
    let server = try await RPCTestServer { request in
      let reply = request.path.hasSuffix("/cat") ? Array("content".utf8) : []
      return [.head(200), .chunk(reply), .end()]
    }
    let client = try Client(ClientConfiguration(address: server.multiaddr, connectionLimit: 1))
    try await client.files.write("/a", .stream(client.cat("x")))
    #expect(server.requestCount == 2)
    await client.close()
    await server.stop()
  }

  /// The limit is for what waits for the daemon, however long, and not for what may last for ever.
  @Test(.timeLimit(.minutes(10))) func onlyCallersLetMoreRequestsBegin() async throws {
    let paths = Mutex<[String]>([])
    let server = try await RPCTestServer { request in
      paths.withLock { $0.append(String(request.path.dropFirst("/api/v0/".count))) }
      return request.path.hasSuffix("/sub") ? [.head(200, Self.json), .stall] : [.stall]
    }
    let client = try Client(ClientConfiguration(address: server.multiaddr, timeouts: .infinite, connectionLimit: 1))
    let first = Task { await code { try await client.files.mkdir("/a") } }
    while server.requestCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
    let second = Task { await code { try await client.files.mkdir("/b") } }
    try await Task.sleep(for: .milliseconds(100))
    let messages = try await client.pubsub.subscribe("topic")
    let poll = Task { await code { for try await _ in client.stats.bw(poll: true) {} } }
    while server.requestCount < 3 { try await Task.sleep(for: .milliseconds(5)) }
    // Longer than requests wait for one another.
    try await Task.sleep(for: .seconds(6))
    #expect(paths.withLock { $0 } == ["files/mkdir", "pubsub/sub", "stats/bw"])
    withExtendedLifetime(messages) {}
    second.cancel()
    #expect(await second.value == nil)
    await client.close()
    #expect(await poll.value == .connection)
    #expect(await first.value == .connection)
    await server.stop()
  }

  @Test func aReadIsSentAgainOverAConnectionThatHasNotLainIdle() async throws {
    let count = Mutex(0)
    let own = Mutex<RPCTestServer?>(nil)
    let server = try await RPCTestServer { _ in
      let number = count.withLock {
        $0 += 1
        return $0
      }
      if number <= 2 { return [.wait(milliseconds: 1000)] + Self.reply }
      return own.withLock { $0?.connectionCount ?? 0 } > 2 ? Self.reply : [.close]
    }
    own.withLock { $0 = server }
    let client = try Client(ClientConfiguration(address: server.multiaddr, timeouts: 20))
    async let first = client.version()
    async let second = client.version()
    _ = try await (first, second)
    #expect(server.connectionCount == 2)
    _ = try await client.version()
    #expect(server.connectionCount == 3)
    #expect(server.requestCount == 4)
    await client.close()
    await server.stop()
    own.withLock { $0 = nil }
  }

  @Test func aConnectionThatChangesItsProtocolIsNotUsedAgain() async throws {
    let count = Mutex(0)
    let change = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"
    try await withServer(
      script: { _ in
        count.withLock {
          $0 += 1
          return $0 == 1 ? [.raw(Array(change.utf8)), .stall] : Self.reply
        }
      }
    ) { client, server in
      #expect(await error { _ = try await client.version() }?.status == 101)
      _ = try await client.version()
      #expect(server.connectionCount == 2)
    }
  }
}
