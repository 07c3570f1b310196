package import NIOCore
import Synchronization

/// Hands a reply from the connection that reads it to the task that consumes it.
///
/// A few parts wait here; with more, the connection reads no further, and so the daemon waits. Times are counted only
/// while the consumer waits: one that is slow itself never runs into a limit.
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
    /// Those before `first` were taken.
    var parts: [ByteBuffer] = []
    var first = 0
    var byteCount = 0
    var isEmpty: Bool { first == parts.count }
    var isFull: Bool { byteCount >= ResponseRelay.capacity || parts.count - first >= ResponseRelay.partLimit }
    var end: Result<TransportHeaders, any Error>?
    var consumer: CheckedContinuation<Void, Never>?
    /// What the connection wants to hear when there is room again.
    var onRoom: (@Sendable () -> Void)?
    /// Since when nothing has moved while the consumer waits.
    var waitingSince: ContinuousClock.Instant?
    /// Whether the daemon waits for the caller, who has not given the next part of the request yet.
    var awaitsSource = false
  }

  /// How many bytes may wait.
  private static let capacity = 1 << 20
  /// How many parts may wait, however small.
  private static let partLimit = 256
  /// Small parts become one chunk up to this size.
  private static let chunkSize = 256 << 10

  /// Guards all that the two sides share. No other lock is taken under it.
  private let state = Mutex(State())
  private let limit: Double

  /// - Parameter limit: Seconds for which the consumer waits at most.
  package init(limit: Double) {
    self.limit = limit
  }

  // For the connection.

  /// Says that the request is on its way: from now on times count.
  package func begin() {
    state.withLock { state in
      state.isBegun = true
      if state.waitingSince != nil { state.waitingSince = .now }
    }
  }

  /// Adds what has come.
  ///
  /// - Parameters:
  ///   - head: The head of the reply, if it is among that.
  ///   - parts: Parts of the body.
  ///   - end: What follows the body, if it has ended. Of several ends the first counts.
  ///   - onRoom: Called once when there is room again, if there is none now.
  /// - Returns: Whether more may be read at once.
  package func give(
    head: Head? = nil, parts: [ByteBuffer] = [], end: Result<TransportHeaders, any Error>? = nil,
    onRoom: @escaping @Sendable () -> Void = {}
  ) -> Bool {
    update { state in
      if let head { state.head = head }
      guard state.end == nil else { return true }
      for part in parts where part.readableBytes > 0 {
        state.parts.append(part)
        state.byteCount += part.readableBytes
      }
      state.end = end
      guard end == nil, state.isFull else { return true }
      state.onRoom = onRoom
      return false
    }
  }

  /// Ends the reply. Of several ends the first counts.
  package func end(_ result: Result<TransportHeaders, any Error>) {
    _ = give(end: result)
  }

  /// Says that a part of the request has been taken, or that there is one to take.
  package func noteProgress() {
    state.withLock { state in
      state.awaitsSource = false
      if state.waitingSince != nil { state.waitingSince = .now }
    }
  }

  /// Says that the daemon has taken bytes of the request.
  package func noteSent() {
    state.withLock { if $0.waitingSince != nil { $0.waitingSince = .now } }
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
  package nonisolated(nonsending) func takeChunk() async throws -> [UInt8]? {
    while true {
      let (parts, isAtEnd, onRoom) = try state.withLock { state in
        state.waitingSince = nil
        if !state.isEmpty {
          let parts = Self.takeParts(of: &state)
          var onRoom: (@Sendable () -> Void)?
          if !state.isFull { swap(&onRoom, &state.onRoom) }
          return (parts, false, onRoom)
        }
        switch state.end {
        case nil: return ([], false, nil)
        case .success: return ([], true, nil)
        case .failure(let error): throw ClientError.transport(error, hasHead: true)
        }
      }
      onRoom?()
      // Here and not where they were read, for that thread has all connections to serve.
      if !parts.isEmpty { return Self.joined(parts) }
      if isAtEnd { return nil }
      await wait { !$0.isEmpty || $0.end != nil }
    }
  }

  private static func takeParts(of state: inout State) -> [ByteBuffer] {
    var taken: [ByteBuffer] = []
    var count = 0
    while !state.isEmpty {
      let size = state.parts[state.first].readableBytes
      guard taken.isEmpty || count + size <= chunkSize else { break }
      taken.append(state.parts[state.first])
      count += size
      state.first += 1
    }
    state.byteCount -= count
    if state.isEmpty {
      state.parts.removeAll(keepingCapacity: true)
      state.first = 0
    } else if state.first >= partLimit {
      state.parts.removeSubrange(..<state.first)
      state.first = 0
    }
    return taken
  }

  private static func joined(_ parts: [ByteBuffer]) -> [UInt8] {
    if parts.count == 1 { return Array(parts[0].readableBytesView) }
    var chunk: [UInt8] = []
    chunk.reserveCapacity(parts.reduce(0) { $0 + $1.readableBytes })
    for part in parts { chunk += part.readableBytesView }
    return chunk
  }

  /// What followed the body, once it has ended.
  package var trailers: TransportHeaders {
    state.withLock { state in
      if case .success(let trailers) = state.end { return trailers }
      return [:]
    }
  }

  private nonisolated(nonsending) func wait(until isReady: @Sendable (borrowing State) -> Bool) async {
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

  /// Whether the end has not come yet.
  var isRunning: Bool { state.withLock { $0.end == nil } }

  /// Whether it cannot go on before the caller gives something, or takes something.
  var waitsForCaller: Bool {
    state.withLock { $0.awaitsSource || $0.head != nil && $0.end == nil && $0.consumer == nil }
  }

  /// Whether there is a limit.
  var isLimited: Bool { limit.isFinite }
}

/// The body of a reply that comes over a connection.
final class HTTPResponseBody: TransportResponseBody {
  private let relay: ResponseRelay
  private let onAbandon: @Sendable () -> Void

  /// - Parameter onAbandon: Called when nobody wants the rest of the reply.
  init(relay: ResponseRelay, onAbandon: @escaping @Sendable () -> Void) {
    self.relay = relay
    self.onAbandon = onAbandon
  }

  deinit {
    if relay.isRunning { stop(CancellationError()) }
  }

  /// Waits for the head of the reply.
  func head() async throws -> ResponseRelay.Head {
    try await withTaskCancellationHandler {
      try await relay.takeHead()
    } onCancel: {
      stop(CancellationError())
    }
  }

  nonisolated(nonsending) func next() async throws -> [UInt8]? {
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
    onAbandon()
  }

  /// Abandons the request if its consumer has waited too long; false when there is nothing more to watch.
  fileprivate func checkTime(at now: ContinuousClock.Instant) -> Bool {
    let (isLate, isRunning) = relay.check(at: now)
    if isLate { stop(ClientError(.timeout, "the daemon sent nothing in time")) }
    return isRunning && !isLate
  }

  fileprivate var isLimited: Bool { relay.isLimited }
}

/// Looks from time to time whether requests take too long: one timer for all, so that a request costs none. It is that of
/// an event loop, for Swift's own waits while tasks keep all threads.
final class Watchdog: Sendable {
  private struct Entry: Sendable {
    weak let body: HTTPResponseBody?
  }

  private struct State {
    var entries: [Entry] = []
    var isRunning = false
  }

  private static let interval = TimeAmount.milliseconds(50)

  private let eventLoop: any EventLoop
  /// Guards what is watched. Locks of relays are not taken under it.
  private let state = Mutex(State())

  init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// Watches a request until it ends or nobody has its body.
  func watch(_ body: HTTPResponseBody) {
    guard body.isLimited else { return }
    let starts = state.withLock { state in
      state.entries.append(Entry(body: body))
      defer { state.isRunning = true }
      return !state.isRunning
    }
    if starts { wait() }
  }

  private func wait() {
    eventLoop.scheduleTask(in: Self.interval) { self.look() }
  }

  private func look() {
    let entries = state.withLock { state in
      defer { state.entries = [] }
      return state.entries
    }
    let now = ContinuousClock.now
    let kept = entries.filter { $0.body?.checkTime(at: now) ?? false }
    let goesOn = state.withLock { state in
      state.entries += kept
      state.isRunning = !state.entries.isEmpty
      return state.isRunning
    }
    if goesOn { wait() }
  }
}
