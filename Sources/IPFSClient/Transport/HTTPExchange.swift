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

  /// Whether none of the connections that lie idle will do.
  let needsFreshConnection: Bool
  /// Whether it may go on for ever.
  let isLasting: Bool

  /// Its place in the pool's queue, once it has had to wait.
  var place: Int?
  /// Fulfilled when the connection stands that is being made for it; nil before and after.
  var ready: EventLoopPromise<HTTPConnection>?
  /// The connection that it goes over; nil before and after.
  var connection: HTTPConnection?

  init(
    head: HTTPRequestHead, body: TransportBody?, relay: ResponseRelay, connectLimit: Double,
    needsFreshConnection: Bool, isLasting: Bool
  ) {
    self.head = head
    self.body = body
    self.relay = relay
    self.connectLimit = connectLimit
    self.needsFreshConnection = needsFreshConnection
    self.isLasting = isLasting
  }

  /// Whether nobody waits for the reply any more; to be asked before the request is sent.
  var isAbandoned: Bool { !relay.isRunning }
}

/// How many bytes of a request's body are between the task that gives them and the socket.
///
/// The lock guards the count and who waits.
final class SendWindow: Sendable {
  private struct State {
    var count = 0
    var isClosed = false
    var waiting: (count: Int, continuation: CheckedContinuation<Void, any Error>)?

    func hasRoom(for count: Int) -> Bool { self.count + count <= SendWindow.limit }
  }

  /// The most that may be on their way.
  private static let limit = 1 << 20
  /// The most that is sent at once: progress is counted in these.
  static let pieceSize = 256 << 10

  private let state = Mutex(State())

  /// Waits for room and takes it.
  ///
  /// - Parameter count: How many bytes; ``pieceSize`` at most.
  /// - Throws: `CancellationError` if nothing is sent any more.
  func enter(_ count: Int) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let result: Result<Void, any Error>? = state.withLock { state in
        if state.isClosed { return .failure(CancellationError()) }
        guard state.hasRoom(for: count) else {
          state.waiting = (count, continuation)
          return nil
        }
        state.count += count
        return .success(())
      }
      if let result { continuation.resume(with: result) }
    }
  }

  /// Says that bytes have been written.
  func leave(_ count: Int) {
    let waiting: CheckedContinuation<Void, any Error>? = state.withLock { state in
      state.count -= count
      guard let waiting = state.waiting, state.hasRoom(for: waiting.count) else { return nil }
      state.count += waiting.count
      state.waiting = nil
      return waiting.continuation
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
    waiting?.continuation.resume(throwing: CancellationError())
  }
}
