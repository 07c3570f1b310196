import Foundation
import IPFSClient
import RPCTestSupport
import Synchronization
import Testing

/// Connections that are kept, sessions, and what closing does.
extension TransportFaultTests {
  @Test func aSessionEndsWithItsOutermostScopeAndCanBeOpenedAgain() async throws {
    struct Failed: Error {}
    try await withServer(script: { _ in [.head(200, Self.json), .chunk(Self.version), .end()] }) { client, server in
      let value = try await client.withSession { client in
        _ = try await client.version()
        try await client.withSession { _ = try await $0.version() }
        #expect(server.openConnectionCount == 1)
        return try await client.version().version
      }
      #expect(value == "0.42.0")
      while server.openConnectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
      await #expect(throws: Failed.self) {
        try await client.withSession { client in
          _ = try await client.version()
          throw Failed()
        }
      }
      while server.openConnectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
      #expect(server.connectionCount == 2)
      // Closing twice, and using it afterwards.
      await client.close()
      await client.close()
      _ = try await client.version()
      #expect(server.connectionCount == 3)
    }
  }

  @Test func closingEndsWhatIsUnderWay() async throws {
    try await withServer(script: { _ in [.head(200), .chunk([1]), .stall] }) { client, server in
      let (started, continuation) = AsyncStream.makeStream(of: Void.self)
      let task = Task {
        for try await _ in client.cat("x") { continuation.yield() }
      }
      for await _ in started { break }
      await client.close()
      let outcome = await task.result
      #expect(throws: (any Error).self) { try outcome.get() }
      while server.openConnectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }
  }

  @Test func closingEndsWhatHasNoReplyYet() async throws {
    try await withServer(script: { _ in [.stall] }) { client, server in
      let task = Task { await error { _ = try await client.version() } }
      while server.requestCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
      await client.close()
      let ending = await task.value
      #expect(ending?.code == .connection && ending?.message == "the client was closed")
      #expect(server.requestCount == 1)
    }
  }

  /// One that belongs to an actor can use a client, too.
  @MainActor private final class Counter {
    var value = 0

    func count(_ client: Client) async throws {
      try await client.withSession { client in
        for try await chunk in client.cat("x") { value += chunk.count }
        for try await _ in client.pin.ls() { value += 1 }
      }
    }
  }

  @Test func aSessionRunsOnTheActorOfItsCaller() async throws {
    let chunk = Array(#"{"Cid":"\#(Recorded.hello)","Type":"direct"} "#.utf8)
    try await withServer(script: { _ in [.head(200, Self.json), .chunk(chunk), .chunk(chunk), .end()] }) { client, _ in
      let counter = Counter()
      try await counter.count(client)
      #expect(await counter.value == 2 * chunk.count + 2)
    }
  }

  /// A transport that takes its time to close.
  private final class SlowToClose: Transport {
    private let state = Mutex((isClosing: false, overlaps: 0, closes: 0))

    var overlaps: Int { state.withLock { $0.overlaps } }
    var closes: Int { state.withLock { $0.closes } }

    func send(_ request: TransportRequest) async throws -> TransportResponse {
      state.withLock { if $0.isClosing { $0.overlaps += 1 } }
      return try await ScriptedTransport([TransportFaultTests.version]).send(request)
    }

    func close() async {
      state.withLock {
        $0.isClosing = true
        $0.closes += 1
      }
      try? await Task.sleep(for: .milliseconds(50))
      state.withLock { $0.isClosing = false }
    }
  }

  @Test func aSessionBeginsWhenTheLastOneHasEnded() async throws {
    let transport = SlowToClose()
    let client = Client(transport: transport)
    let first = Task { try await client.withSession { _ = try await $0.version() } }
    while transport.closes == 0 { try await Task.sleep(for: .milliseconds(1)) }
    try await client.withSession { _ = try await $0.version() }
    try await first.value
    #expect(transport.overlaps == 0)
    #expect(transport.closes == 2)
  }

  @Test func whatWaitsForAConnectionWhenTheClientClosesIsSentByTheNext() async throws {
    let count = Mutex(0)
    let server = try await RPCTestServer { _ in
      count.withLock {
        $0 += 1
        return $0 == 1 ? [.stall] : [.head(200, Self.json), .end()]
      }
    }
    let client = try Client(ClientConfiguration(address: server.multiaddr, connectionLimit: 1))
    let first = Task { await code { try await client.files.mkdir("/a") } }
    while server.requestCount == 0 { try await Task.sleep(for: .milliseconds(5)) }
    let others = (0..<5).map { _ in Task { await error { try await client.files.mkdir("/b") } } }
    try await Task.sleep(for: .milliseconds(100))
    await client.close()
    #expect(await first.value == .connection)
    for other in others { #expect(await other.value == nil) }
    #expect(server.requestCount == 6)
    await client.close()
    await server.stop()
  }

  @Test func connectionsAreUsedAgainAndASessionLetsThemGo() async throws {
    try await withServer(script: { _ in [.head(200, Self.json), .chunk(Self.version), .end()] }) { client, server in
      for _ in 0..<2 {
        try await client.withSession { client in
          for _ in 0..<10 { _ = try await client.version() }
        }
        while server.openConnectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
      }
      #expect(server.connectionCount == 2)
      #expect(server.requestCount == 20)
    }
  }
}
