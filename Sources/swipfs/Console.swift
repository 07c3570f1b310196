import Foundation

/// Lines for people.
enum Console {
  /// A line on standard error, with the program's name.
  static func error(_ text: String) {
    FileHandle.standardError.write(Data("swipfs: \(text)\n".utf8))
  }

  /// Text on standard error that replaces the last such text; nothing where no person watches.
  static func progress(_ text: String) {
    guard isatty(STDERR_FILENO) == 1 else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
  }

  /// Ends the line that ``progress(_:)`` writes on.
  static func endProgress() {
    guard isatty(STDERR_FILENO) == 1 else { return }
    FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
  }

  /// A count of bytes in units of 1024.
  static func bytes(_ count: UInt64) -> String {
    var value = Double(count)
    for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
      if value < 1024 || unit == "TiB" {
        return unit == "B" ? "\(count) B" : String(format: "%.1f %@", value, unit as NSString)
      }
      value /= 1024
    }
    return "\(count) B"
  }
}
