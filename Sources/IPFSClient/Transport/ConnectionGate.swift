import Synchronization

/// Lets only so many requests at a time to the HTTP client, the others in the order in which they came.
///
/// The HTTP client has a queue of its own, but each request in it costs time that grows with the queue, and the time
/// spent there counts as time for connecting.
package final class ConnectionGate: Sendable {
  private struct State {
    var free: Int
    /// Who waits, by number; the first to enter is the one with the lowest.
    var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
    var first = 0
    var next = 0
  }

  /// Guards how many may enter and who waits. No other lock is taken under it.
  private let state: Mutex<State>

  /// - Parameter limit: How many may be inside at a time.
  package init(limit: Int) {
    state = Mutex(State(free: max(limit, 1)))
  }

  /// Waits until there is room.
  ///
  /// - Returns: Whether it is inside; false if the task was cancelled.
  package func enter() async -> Bool {
    let number: Int? = state.withLock { state in
      if state.free > 0 {
        state.free -= 1
        return nil
      }
      defer { state.next += 1 }
      return state.next
    }
    guard let number else { return true }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer: Bool? = state.withLock { state in
          // Cancelled, or let in, before it waited.
          if Task.isCancelled { return false }
          if state.free > 0 {
            state.free -= 1
            return true
          }
          state.waiting[number] = continuation
          state.first = min(state.first, number)
          return nil
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: false)
    }
  }

  /// Makes room.
  package func leave() {
    let next: CheckedContinuation<Bool, Never>? = state.withLock { state in
      while state.first < state.next {
        defer { state.first += 1 }
        if let continuation = state.waiting.removeValue(forKey: state.first) { return continuation }
        // One that has not come to wait yet sees by itself that there is room, or comes back into the order.
      }
      state.free += 1
      return nil
    }
    next?.resume(returning: true)
  }
}
