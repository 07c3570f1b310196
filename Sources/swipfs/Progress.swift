import Foundation
import Synchronization

/// How far a long command is, on the status line of the terminal: an amount, a bar, a rate and the time left. Shows
/// nothing where no person watches.
///
/// ```
/// adding  312.4 MiB of 1.0 GiB  [==========>                       ]  30%  208.1 MiB/s  4 s left
/// ```
///
/// The lock guards the amounts.
final class Progress: Sendable {
  /// What is counted.
  enum Unit: Sendable {
    case bytes
    /// Things of a name, such as `blocks`.
    case things(String)

    func text(_ count: UInt64) -> String {
      switch self {
      case .bytes: Sizes.bytes(count)
      case .things(let name): "\(count) \(name)"
      }
    }
  }

  private struct State {
    var total: UInt64?
    var done: UInt64 = 0
    var note = ""
    /// The amounts of the last seconds, the oldest first.
    var samples: [(time: Double, done: UInt64)] = []
    var shown = -Double.infinity
  }

  private let title: String
  private let unit: Unit
  /// Whether anybody sees it.
  let isShown: Bool
  private let state: Mutex<State>

  /// How often the line is drawn at most, in seconds.
  private static let interval = 0.1
  /// Over which time the rate is taken, in seconds.
  private static let window = 5.0

  /// - Parameters:
  ///   - title: What is done: a word or two.
  ///   - unit: What is counted.
  ///   - total: How much there is, if that is known.
  ///   - isShown: Whether it is wanted, where a person watches.
  init(_ title: String, _ unit: Unit = .bytes, total: UInt64? = nil, isShown: Bool = true) {
    self.title = title
    self.unit = unit
    self.isShown = isShown && Terminal.isWatched
    state = Mutex(State(total: total))
  }

  /// Sets how much there is.
  func set(total: UInt64?) {
    state.withLock { $0.total = total }
  }

  /// Sets how much is done.
  ///
  /// - Parameter note: What is worked at.
  func set(done: UInt64, note: String? = nil) {
    change { state in
      state.done = done
      if let note { state.note = note }
    }
  }

  /// Adds to what is done.
  func advance(by count: UInt64) {
    change { $0.done += count }
  }

  private func change(_ body: (inout State) -> Void) {
    guard isShown else {
      state.withLock { body(&$0) }
      return
    }
    let now = Self.now
    let line: String? = state.withLock { state -> String? in
      body(&state)
      guard now - state.shown >= Self.interval else { return nil }
      state.shown = now
      state.samples.append((now, state.done))
      while state.samples.count > 2, now - state.samples[1].time > Self.window { state.samples.removeFirst() }
      return self.line(state)
    }
    if let line { Terminal.show(status: line) }
  }

  /// What is done so far.
  var done: UInt64 { state.withLock { $0.done } }

  /// Takes the line away.
  func finish() {
    if isShown { Terminal.clearStatus() }
  }

  private func line(_ state: State) -> String {
    let rate = Self.rate(state.samples)
    var head = "\(title)  \(unit.text(state.done))"
    var tail = ""
    if let rate {
      switch unit {
      case .bytes: tail = "  \(Sizes.bytes(UInt64(min(rate, 1e18))))/s"
      case .things: tail = "  \(Sizes.fixed(rate, decimals: 0))/s"
      }
    }
    guard let total = state.total, total > 0 else {
      return head + tail + (state.note.isEmpty ? "" : "  \(state.note)")
    }
    let part = min(1, Double(state.done) / Double(total))
    head += " of \(unit.text(max(total, state.done)))"
    if let rate, rate > 0, state.done < total {
      tail += "  \(Sizes.duration(Double(total - state.done) / rate)) left"
    }
    let percent = Sizes.right("\(Int(part * 100))%", 4)
    let space = Terminal.width - 1 - head.count - tail.count - percent.count - 5
    guard space >= 10 else { return "\(head) \(percent)\(tail)" }
    let width = min(space, 40)
    let filled = Int(part * Double(width))
    let bar = String(repeating: "=", count: filled) + (filled < width ? ">" : "")
    return "\(head)  [\(Sizes.left(bar, width))] \(percent)\(tail)"
  }

  private static func rate(_ samples: [(time: Double, done: UInt64)]) -> Double? {
    guard let first = samples.first, let last = samples.last, last.time - first.time >= 0.2, last.done >= first.done
    else { return nil }
    return Double(last.done - first.done) / (last.time - first.time)
  }

  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
