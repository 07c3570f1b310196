import NIOCore
import NIOHTTP1
import Synchronization

/// A request on its way, and where its reply goes.
///
/// What can change belongs to the event loop of its pool.
final class HTTPExchange: @unchecked Sendable {
  let head: HTTPRequestHead
  let body: TransportBody?
  let relay: ResponseRelay
  /// Seconds within which a connection must stand.
  let connectLimit: Double

  /// The connection that it goes over; nil before and after.
  var connection: HTTPConnection?
  /// Whether nobody waits for the reply any more.
  var isAbandoned = false

  init(head: HTTPRequestHead, body: TransportBody?, relay: ResponseRelay, connectLimit: Double) {
    self.head = head
    self.body = body
    self.relay = relay
    self.connectLimit = connectLimit
  }
}

/// How many bytes of a request's body are between the task that gives them and the socket.
///
/// The lock guards the count and who waits.
final class SendWindow: Sendable {
  private struct State {
    var count = 0
    var isClosed = false
    var waiting: CheckedContinuation<Void, any Error>?
  }

  /// The most that may be on their way before the next chunk waits.
  private static let limit = 1 << 20

  private let state = Mutex(State())

  /// Waits for room and takes it.
  ///
  /// - Throws: `CancellationError` if nothing is sent any more.
  func enter(_ count: Int) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let result: Result<Void, any Error>? = state.withLock { state in
        if state.isClosed { return .failure(CancellationError()) }
        state.count += count
        if state.count <= max(Self.limit, count) { return .success(()) }
        state.waiting = continuation
        return nil
      }
      if let result { continuation.resume(with: result) }
    }
  }

  /// Says that bytes have been written.
  func leave(_ count: Int) {
    let waiting: CheckedContinuation<Void, any Error>? = state.withLock { state in
      state.count -= count
      guard state.count <= Self.limit else { return nil }
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume()
  }

  /// Says that nothing is sent any more.
  func close() {
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume(throwing: CancellationError())
  }
}
