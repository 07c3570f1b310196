import Foundation
import Synchronization

/// Standard error, for people: errors, and at a terminal a line at the bottom that changes.
///
/// The lock guards whether that line is there.
enum Terminal {
  private static let hasStatus = Mutex(false)

  /// Whether a person watches standard error.
  static let isWatched = isatty(STDERR_FILENO) == 1

  /// Columns of the terminal; 80 where it does not say.
  static var width: Int {
    // A `winsize`: rows, columns, and the same in pixels.
    var size: [UInt16] = [0, 0, 0, 0]
    guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size[1] > 0 else { return 80 }
    return Int(size[1])
  }

  /// Replaces the status line; nothing where no person watches.
  static func show(status text: String) {
    guard isWatched else { return }
    // One column stays free: writing into the last one makes some terminals begin a new line.
    let line = String(text.escapingControls().prefix(max(1, width - 1)))
    hasStatus.withLock { hasStatus in
      hasStatus = true
      write("\r\(line)\u{1B}[K")
    }
  }

  /// Takes the status line away, so that something else can be written.
  static func clearStatus() {
    hasStatus.withLock { hasStatus in
      guard hasStatus else { return }
      hasStatus = false
      write("\r\u{1B}[K")
    }
  }

  /// A line on standard error. As in ``Output/line(_:)-(String)``, names in it do not steer the terminal.
  static func line(_ text: String) {
    clearStatus()
    write((isWatched ? text.escapingControls() : text) + "\n")
  }

  /// A text on standard error whose own line ends stay as they are.
  static func lines(_ text: String) {
    clearStatus()
    write((isWatched ? text.escapingControls(except: ["\n"]) : text) + "\n")
  }

  /// A line on standard error, with the program's name.
  static func error(_ text: String) { line("swipfs: \(text)") }

  private static func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }
}

extension String {
  /// The text with control characters (C0, DEL, C1) written as Kubo writes them: `\n`, `\x1b`, `\u009b`.
  func escapingControls(except kept: Set<Unicode.Scalar> = []) -> String {
    func isEscaped(_ scalar: Unicode.Scalar) -> Bool {
      scalar.properties.generalCategory == .control && !kept.contains(scalar)
    }
    guard unicodeScalars.contains(where: isEscaped) else { return self }
    var text = ""
    for scalar in unicodeScalars {
      if isEscaped(scalar) { text += scalar.controlEscape } else { text.unicodeScalars.append(scalar) }
    }
    return text
  }
}

extension Unicode.Scalar {
  fileprivate var controlEscape: String {
    switch self {
    case "\u{07}": return "\\a"
    case "\u{08}": return "\\b"
    case "\t": return "\\t"
    case "\n": return "\\n"
    case "\u{0B}": return "\\v"
    case "\u{0C}": return "\\f"
    case "\r": return "\\r"
    default:
      let digits = String(value, radix: 16)
      if value >= 0x80 { return "\\u00" + digits }
      return "\\x" + (digits.count < 2 ? "0" : "") + digits
    }
  }
}
