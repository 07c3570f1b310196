import Synchronization
package import UnixFS

/// The requests that are being carried out, and those that were a short time ago.
///
/// The lock guards the lists; nothing waits while it is held.
package final class RequestLog: Sendable {
  /// A request.
  package struct Entry: Sendable {
    package let number: UInt64
    package let command: String
    package let arguments: [String]
    package let options: [RPCRequest.Pair]
    package let start: Timestamp
    /// When it was done; nil while it is not.
    package var end: Timestamp?
  }

  /// How many are remembered that are done.
  private static let maximumDone = 500
  /// How many of their arguments and options, and how much of each.
  private static let maximumValues = 20
  private static let maximumLength = 200

  private struct State {
    var active: [UInt64: Entry] = [:]
    /// Those that are done, the oldest first.
    var done: [Entry] = []
    var next: UInt64 = 0
    /// How long they are remembered, in seconds.
    var memory: Double = 3600
  }

  private let state = Mutex(State())
  private let clock: @Sendable () -> Timestamp

  /// A log without entries.
  package init(clock: @escaping @Sendable () -> Timestamp) {
    self.clock = clock
  }

  /// Notes that a request is being carried out. Returns its number.
  func begin(_ command: String, _ arguments: [String], _ query: [RPCRequest.Pair]) -> UInt64 {
    let start = clock()
    let options = query.lazy.filter { $0.name != "arg" }.prefix(Self.maximumValues).map {
      (name: String($0.name.prefix(Self.maximumLength)), value: String($0.value.prefix(Self.maximumLength)))
    }
    let shown = arguments.prefix(Self.maximumValues).map { String($0.prefix(Self.maximumLength)) }
    return state.withLock { state in
      let number = state.next
      state.next += 1
      state.active[number] = Entry(
        number: number, command: command, arguments: shown, options: Array(options), start: start)
      return number
    }
  }

  /// Notes that a request is done.
  func end(_ number: UInt64) {
    let end = clock()
    state.withLock { state in
      guard var entry = state.active.removeValue(forKey: number) else { return }
      entry.end = end
      state.done.append(entry)
      // Not one by one, which would move all of them each time.
      if state.done.count >= 2 * Self.maximumDone { state.done.removeFirst(Self.maximumDone) }
    }
  }

  /// The requests that are remembered, the oldest first.
  package var entries: [Entry] {
    let now = clock()
    return state.withLock { state in
      let oldest = Double(now.seconds) - state.memory
      let done = state.done.suffix(Self.maximumDone).filter { Double($0.end?.seconds ?? 0) >= oldest }
      return (done + state.active.values).sorted { $0.number < $1.number }
    }
  }

  /// Forgets those that are done.
  package func clear() {
    state.withLock { $0.done = [] }
  }

  /// Sets how long those that are done are remembered, in seconds.
  package func remember(for seconds: Double) {
    state.withLock { $0.memory = seconds }
  }
}
