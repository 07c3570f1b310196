import IPFSClient
import Synchronization
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

  @Test func noTimeCountsWhileTheSourceIsAsked() async throws {
    let relay = ResponseRelay(limit: 10)
    relay.begin()
    let head = Task { try await relay.takeHead() }
    while !relay.check(at: Self.later).isLate { await Task.yield() }
    relay.awaitSource()
    #expect(relay.check(at: Self.later) == (false, true))
    relay.noteProgress()
    #expect(relay.check(at: .now) == (false, true))
    #expect(relay.check(at: Self.later).isLate)
    relay.end(.failure(CancellationError()))
    await #expect(throws: CancellationError.self) { try await head.value }
  }

  /// Runs tasks when it is told to.
  private final class ManualExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
      let job = UnownedJob(job)
      jobs.withLock { $0.append(job) }
    }

    /// Runs what waits; false if nothing did.
    func run() -> Bool {
      let waiting = jobs.withLock { jobs in
        defer { jobs = [] }
        return jobs
      }
      for job in waiting { job.runSynchronously(on: asUnownedTaskExecutor()) }
      return !waiting.isEmpty
    }
  }

  @Test func aConsumerThatGetsNoThreadIsNotLate() async throws {
    let executor = ManualExecutor()
    let relay = ResponseRelay(limit: 10)
    relay.begin()
    let consumer = Task(executorPreference: executor) { try await relay.takeChunk() }
    while executor.run() {}
    #expect(relay.check(at: Self.later).isLate)
    await relay.give([1])
    #expect(!relay.check(at: Self.later).isLate)
    while executor.run() {}
    #expect(try await consumer.value == [1])
  }

  @Test func theReaderWaitsBehindManySmallChunks() async throws {
    let relay = ResponseRelay(limit: .infinity)
    let count = Mutex(0)
    let reader = Task {
      for _ in 0..<10_000 {
        await relay.give([1])
        count.withLock { $0 += 1 }
      }
      relay.end(.success([:]))
    }
    try await Task.sleep(for: .milliseconds(100))
    #expect(count.withLock { $0 } < 2000)
    var taken = 0
    while try await relay.takeChunk() != nil { taken += 1 }
    #expect(taken == 10_000)
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
