import Synchronization

/// Mutual exclusion that may be held over a suspension. Entering an open gate does not suspend; those who wait enter
/// in the order they came.
///
/// The lock guards who is in and who waits; it is held for no longer than it takes to look.
package final class AsyncGate: Sendable {
  private struct State {
    var isHeld = false
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())

  /// Makes an open gate.
  package init() {}

  /// Runs `body` while nobody else is in the gate.
  package func withGate<Result, Failure: Error>(
    _ body: () async throws(Failure) -> Result
  ) async throws(Failure) -> Result {
    let entered = state.withLock { state in
      if state.isHeld { return false }
      state.isHeld = true
      return true
    }
    if !entered { await wait() }
    defer { leave() }
    return try await body()
  }

  private func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if state.isHeld {
          state.waiting.append(continuation)
          return false
        }
        state.isHeld = true
        return true
      }
      if isOpen { continuation.resume() }
    }
  }

  private func leave() {
    let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
      guard !state.waiting.isEmpty else {
        state.isHeld = false
        return nil
      }
      return state.waiting.removeFirst()
    }
    next?.resume()
  }
}
