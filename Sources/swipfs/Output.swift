import Foundation
import IPFSMount
import Synchronization

/// Standard output: what a command gives. Small writes are gathered, but no longer than a moment.
///
/// The lock guards what was gathered.
enum Output {
  private struct State {
    var pending: [UInt8] = []
    var written = DispatchTime.now()
  }

  /// Whoever read standard output does not any more.
  struct Closed: Error {}

  private static let state = Mutex(State())
  private static let gathered = 64 << 10
  private static let moment = 100_000_000 as UInt64

  /// Whether a person watches standard output.
  static let isWatched = isatty(STDOUT_FILENO) == 1

  /// Writes a line. Names may be in it: to a person its control characters are shown escaped, so that none of them
  /// steers the terminal or looks like another line.
  static func line(_ text: String) throws { try write(unchanged: isWatched ? text.escapingControls() : text) }

  /// Writes a line of columns with tabs between them.
  static func line(columns: [String]) throws {
    let shown = isWatched ? columns.map { $0.escapingControls() } : columns
    try write(unchanged: shown.joined(separator: "\t"))
  }

  /// Writes a text whose own line ends and tabs stay as they are.
  static func lines(_ text: String) throws {
    try write(unchanged: isWatched ? text.escapingControls(except: ["\n", "\t"]) : text)
  }

  /// Writes a value of JSON in a line of its own.
  static func line(_ value: JSONField) throws { try write(unchanged: value.line) }

  /// Writes a line as it is.
  static func write(unchanged line: String) throws { try write(Array((line + "\n").utf8)) }

  /// Writes bytes as they are.
  static func write(_ bytes: [UInt8]) throws {
    if isWatched { Terminal.clearStatus() }
    try state.withLock { state in
      state.pending += bytes
      let now = DispatchTime.now()
      let waited = now.uptimeNanoseconds &- state.written.uptimeNanoseconds
      guard isWatched || state.pending.count >= gathered || waited >= moment else { return }
      state.written = now
      try send(&state.pending)
    }
  }

  /// Writes what was gathered.
  static func flush() throws {
    try state.withLock { try send(&$0.pending) }
  }

  private static func send(_ pending: inout [UInt8]) throws {
    defer { pending.removeAll(keepingCapacity: true) }
    var done = 0
    while done < pending.count {
      let count = pending.withUnsafeBytes {
        Foundation.write(STDOUT_FILENO, $0.baseAddress.map { $0 + done }, $0.count - done)
      }
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EPIPE { throw Closed() }
        throw CommandError(.system, "cannot write to standard output: \(String(cString: strerror(errno)))")
      }
      done += count
    }
  }
}
