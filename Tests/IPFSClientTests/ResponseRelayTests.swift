import IPFSClient
import NIOCore
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
    #expect(relay.give(head: ResponseRelay.Head(status: 200, headers: [:])))
    #expect(try await head.value.status == 200)
    // The consumer does something else.
    #expect(relay.check(at: Self.later) == (false, true))
    let chunk = Task { try await relay.takeChunk() }
    while !relay.check(at: Self.later).isLate { await Task.yield() }
    _ = relay.give(parts: [ByteBuffer(bytes: [1])])
    #expect(try await chunk.value == [1])
    #expect(relay.check(at: Self.later) == (false, true))
    relay.end(.success(["X-Stream-Error": "boom"]))
    #expect(try await relay.takeChunk() == nil)
    #expect(relay.trailers["x-stream-error"] == "boom")
    #expect(relay.check(at: Self.later) == (false, false))
  }

  @Test(arguments: [64 << 10, 1]) func theConnectionReadsNoFurtherThanAConsumerTakes(_ size: Int) async throws {
    let relay = ResponseRelay(limit: .infinity)
    let part = ByteBuffer(repeating: 7, count: size)
    let calls = Mutex(0)
    var given = 0
    while relay.give(parts: [part], onRoom: { calls.withLock { $0 += 1 } }) { given += 1 }
    given += 1
    #expect(given <= 256 && given * size <= 1 << 20)
    #expect(calls.withLock { $0 } == 0)
    var taken = 0
    while taken < given * size { taken += try await relay.takeChunk()?.count ?? 0 }
    #expect(taken == given * size)
    // Once, however much room there is.
    #expect(calls.withLock { $0 } == 1)
    relay.end(.success([:]))
    #expect(try await relay.takeChunk() == nil)
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
    _ = relay.give(parts: [ByteBuffer(bytes: [1])])
    #expect(!relay.check(at: Self.later).isLate)
    while executor.run() {}
    #expect(try await consumer.value == [1])
  }
}
