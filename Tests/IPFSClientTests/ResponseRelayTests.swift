import IPFSClient
import Testing

/// What passes between the task that reads a connection and the one that consumes it.
struct ResponseRelayTests {
  private static let later = ContinuousClock.now.advanced(by: .seconds(1000))

  @Test func timesCountOnlyWhileTheConsumerWaits() async throws {
    let relay = ResponseRelay(limit: 10)
    #expect(relay.check(at: Self.later) == (false, true))
    let head = Task { try await relay.takeHead() }
    // In the queue for a connection no time counts.
    try await Task.sleep(for: .milliseconds(20))
    #expect(relay.check(at: Self.later) == (false, true))
    relay.begin()
    while !relay.check(at: Self.later).isLate { await Task.yield() }
    #expect(relay.check(at: .now) == (false, true))
    relay.give(head: ResponseRelay.Head(status: 200, headers: [:]))
    #expect(try await head.value.status == 200)
    // The consumer does something else.
    #expect(relay.check(at: Self.later) == (false, true))
    let chunk = Task { try await relay.takeChunk() }
    while !relay.check(at: Self.later).isLate { await Task.yield() }
    await relay.give([1])
    #expect(try await chunk.value == [1])
    #expect(relay.check(at: Self.later) == (false, true))
    relay.end(.success(["X-Stream-Error": "boom"]))
    #expect(try await relay.takeChunk() == nil)
    #expect(relay.trailers["x-stream-error"] == "boom")
    #expect(relay.check(at: Self.later) == (false, false))
  }

  @Test func theReaderWaitsForASlowConsumer() async throws {
    let relay = ResponseRelay(limit: .infinity)
    let chunk = [UInt8](repeating: 0, count: 64 << 10)
    let (given, continuation) = AsyncStream.makeStream(of: Int.self)
    let reader = Task {
      for index in 1...20 {
        await relay.give(chunk)
        continuation.yield(index)
      }
      relay.end(.success([:]))
      continuation.finish()
    }
    var iterator = given.makeAsyncIterator()
    for _ in 1...3 { _ = await iterator.next() }
    // The fourth fills what may wait.
    try await Task.sleep(for: .milliseconds(20))
    var taken = 0
    while try await relay.takeChunk() != nil { taken += 1 }
    #expect(taken == 20)
    await reader.value
  }

  @Test func theGateLetsSoManyInAndForgetsTheCancelled() async {
    let gate = ConnectionGate(limit: 2)
    #expect(await gate.enter())
    #expect(await gate.enter())
    let cancelled = Task { await gate.enter() }
    let waiting = Task { await gate.enter() }
    cancelled.cancel()
    #expect(await cancelled.value == false)
    gate.leave()
    #expect(await waiting.value)
    gate.leave()
    gate.leave()
    #expect(await gate.enter())
  }
}
