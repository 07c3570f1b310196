import Synchronization

/// Hands a reply from the task that reads a connection to the one that consumes it.
///
/// A few chunks wait here; with more, the reading task waits, and so does the daemon. Times are counted only while the
/// consumer waits: one that is slow itself never runs into a limit.
package final class ResponseRelay: Sendable {
  /// The head of a reply.
  package struct Head: Sendable {
    package let status: Int
    package let headers: TransportHeaders

    package init(status: Int, headers: TransportHeaders) {
      self.status = status
      self.headers = headers
    }
  }

  private struct State {
    /// Whether the request is on its way, and not waiting for a connection.
    var isBegun = false
    var head: Head?
    var chunks: [[UInt8]] = []
    var byteCount = 0
    var isFull: Bool { byteCount >= ResponseRelay.capacity || chunks.count >= ResponseRelay.chunkLimit }
    var end: Result<TransportHeaders, any Error>?
    var consumer: CheckedContinuation<Void, Never>?
    var producer: CheckedContinuation<Void, Never>?
    /// Since when nothing has moved while the consumer waits.
    var waitingSince: ContinuousClock.Instant?
    /// Whether the daemon waits for the caller, who has not given the next part of the request yet.
    var awaitsSource = false
  }

  /// How many bytes may wait.
  private static let capacity = 1 << 20
  /// How many chunks may wait, however small.
  private static let chunkLimit = 256

  /// Guards all that the two tasks share. No other lock is taken under it.
  private let state = Mutex(State())
  private let limit: Double

  /// - Parameter limit: Seconds for which the consumer waits at most.
  package init(limit: Double) {
    self.limit = limit
  }

  // For the reading task.

  /// Says that the request is on its way: from now on times count.
  package func begin() {
    state.withLock { state in
      state.isBegun = true
      if state.waitingSince != nil { state.waitingSince = .now }
    }
  }

  package func give(head: Head) {
    update { $0.head = head }
  }

  /// Adds a chunk and waits while there are enough.
  package func give(_ chunk: [UInt8]) async {
    let isFull = update { state in
      guard state.end == nil else { return false }
      state.chunks.append(chunk)
      state.byteCount += chunk.count
      return state.isFull
    }
    guard isFull else { return }
    await withCheckedContinuation { continuation in
      let goesOn = state.withLock { state in
        if state.end != nil || !state.isFull { return true }
        state.producer = continuation
        return false
      }
      if goesOn { continuation.resume() }
    }
  }

  /// Ends the reply. Of several ends the first counts.
  package func end(_ result: Result<TransportHeaders, any Error>) {
    let producer = update { state in
      if state.end == nil { state.end = result }
      defer { state.producer = nil }
      return state.producer
    }
    producer?.resume()
  }

  /// Says that a part of the request has been taken, or that there is one to take.
  package func noteProgress() {
    state.withLock { state in
      state.awaitsSource = false
      if state.waitingSince != nil { state.waitingSince = .now }
    }
  }

  /// Says that the caller is asked for a part of the request: no time counts until `noteProgress`.
  package func awaitSource() {
    state.withLock { $0.awaitsSource = true }
  }

  /// Changes the state and wakes the consumer.
  private func update<Result: Sendable>(_ change: (inout sending State) -> sending Result) -> Result {
    let (result, consumer) = state.withLock { state in
      let result = change(&state)
      // However long the consumer takes until it runs.
      state.waitingSince = nil
      defer { state.consumer = nil }
      return (result, state.consumer)
    }
    consumer?.resume()
    return result
  }

  // For the consumer.

  /// Waits for the head.
  package func takeHead() async throws -> Head {
    while true {
      let head: Head? = try state.withLock { state in
        if let head = state.head {
          state.waitingSince = nil
          return head
        }
        if case .failure(let error) = state.end { throw ClientError.transport(error, hasHead: false) }
        return nil
      }
      if let head { return head }
      await wait { $0.head != nil || $0.end != nil }
    }
  }

  /// Waits for the next chunk; nil at the end.
  package func takeChunk() async throws -> [UInt8]? {
    while true {
      let (chunk, isAtEnd, producer) = try state.withLock { state in
        state.waitingSince = nil
        if !state.chunks.isEmpty {
          let chunk = state.chunks.removeFirst()
          state.byteCount -= chunk.count
          var producer: CheckedContinuation<Void, Never>?
          if !state.isFull { swap(&producer, &state.producer) }
          return (chunk as [UInt8]?, false, producer)
        }
        switch state.end {
        case nil: return (nil, false, nil)
        case .success: return (nil, true, nil)
        case .failure(let error): throw ClientError.transport(error, hasHead: true)
        }
      }
      producer?.resume()
      if let chunk { return chunk }
      if isAtEnd { return nil }
      await wait { !$0.chunks.isEmpty || $0.end != nil }
    }
  }

  /// What followed the body, once it has ended.
  package var trailers: TransportHeaders {
    state.withLock { state in
      if case .success(let trailers) = state.end { return trailers }
      return [:]
    }
  }

  private func wait(until isReady: @Sendable (borrowing State) -> Bool) async {
    await withCheckedContinuation { continuation in
      let goesOn = state.withLock { state in
        if isReady(state) { return true }
        if state.waitingSince == nil { state.waitingSince = .now }
        state.consumer = continuation
        return false
      }
      if goesOn { continuation.resume() }
    }
  }

  /// Whether the consumer has waited too long, and whether there is still something to watch.
  package func check(at now: ContinuousClock.Instant) -> (isLate: Bool, isRunning: Bool) {
    state.withLock { state in
      guard state.end == nil else { return (false, false) }
      guard state.isBegun, !state.awaitsSource, let since = state.waitingSince else { return (false, true) }
      return (since.duration(to: now) / .seconds(1) >= limit, true)
    }
  }

  /// Whether there is a limit.
  var isLimited: Bool { limit.isFinite }
}

/// The body of a reply that comes over a connection.
final class HTTPResponseBody: TransportResponseBody {
  private let relay: ResponseRelay
  private let task: Task<Void, Never>

  init(relay: ResponseRelay, task: Task<Void, Never>) {
    self.relay = relay
    self.task = task
  }

  deinit {
    task.cancel()
    relay.end(.failure(CancellationError()))
  }

  /// Waits for the head of the reply.
  func head() async throws -> ResponseRelay.Head {
    try await withTaskCancellationHandler {
      try await relay.takeHead()
    } onCancel: {
      stop(CancellationError())
    }
  }

  func next() async throws -> [UInt8]? {
    try await withTaskCancellationHandler {
      try await relay.takeChunk()
    } onCancel: {
      stop(CancellationError())
    }
  }

  var trailers: TransportHeaders { relay.trailers }

  /// Abandons the request.
  func stop(_ error: any Error) {
    relay.end(.failure(error))
    task.cancel()
  }

  /// Abandons the request if its consumer has waited too long; false when there is nothing more to watch.
  fileprivate func checkTime(at now: ContinuousClock.Instant) -> Bool {
    let (isLate, isRunning) = relay.check(at: now)
    if isLate { stop(ClientError(.timeout, "the daemon sent nothing in time")) }
    return isRunning && !isLate
  }

  fileprivate var isLimited: Bool { relay.isLimited }
}

/// Looks from time to time whether requests take too long: one timer for all, so that a request costs none.
final class Watchdog: Sendable {
  private struct Entry: Sendable {
    weak let body: HTTPResponseBody?
  }

  private struct State {
    var entries: [Entry] = []
    var isRunning = false
  }

  private static let interval = Duration.milliseconds(50)

  /// Guards what is watched. Locks of relays are not taken under it.
  private let state = Mutex(State())

  /// Watches a request until it ends or nobody has its body.
  func watch(_ body: HTTPResponseBody) {
    guard body.isLimited else { return }
    let starts = state.withLock { state in
      state.entries.append(Entry(body: body))
      defer { state.isRunning = true }
      return !state.isRunning
    }
    if starts { Task { await run() } }
  }

  private func run() async {
    while true {
      // Not cancelled by anyone.
      try? await Task.sleep(for: Self.interval)
      let entries = state.withLock { state in
        defer { state.entries = [] }
        return state.entries
      }
      let now = ContinuousClock.now
      let kept = entries.filter { $0.body?.checkTime(at: now) ?? false }
      let isDone = state.withLock { state in
        state.entries += kept
        state.isRunning = !state.entries.isEmpty
        return !state.isRunning
      }
      if isDone { return }
    }
  }
}
