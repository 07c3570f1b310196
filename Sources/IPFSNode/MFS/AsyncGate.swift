import DequeModule
import Synchronization

/// Lets one task at a time through, the others in the order in which they came, without blocking a thread.
///
/// The lock guards who waits; it is held for no longer than it takes to look.
final class AsyncGate: Sendable {
  private struct Waiting {
    var isOccupied = false
    var queue: Deque<CheckedContinuation<Void, Never>> = []
  }

  private let waiting = Mutex(Waiting())

  /// Runs `body` when no other one runs.
  func pass<T>(_ body: () async throws -> T) async rethrows -> T {
    await enter()
    defer { leave() }
    return try await body()
  }

  private func enter() async {
    await withCheckedContinuation { continuation in
      let isFree = waiting.withLock { waiting in
        if waiting.isOccupied {
          waiting.queue.append(continuation)
          return false
        }
        waiting.isOccupied = true
        return true
      }
      if isFree { continuation.resume() }
    }
  }

  private func leave() {
    let next = waiting.withLock { waiting in
      let next = waiting.queue.popFirst()
      if next == nil { waiting.isOccupied = false }
      return next
    }
    next?.resume()
  }
}
