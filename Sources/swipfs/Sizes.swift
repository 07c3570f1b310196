import Foundation

/// Amounts and times as people read them.
enum Sizes {
  private static let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]

  /// A count of bytes in units of 1024: `512 B`, `1.5 MiB`.
  static func bytes(_ count: UInt64) -> String {
    guard count >= 1024 else { return "\(count) B" }
    var value = Double(count)
    var unit = 0
    // From 1023.95 on it would be shown as 1024.0.
    while value >= 1023.95, unit + 1 < units.count {
      value /= 1024
      unit += 1
    }
    return "\(fixed(value, decimals: 1)) \(units[unit])"
  }

  /// A number of seconds: `9 s`, `4:05`, `2:04:05`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 360_000 else { return "long" }
    let whole = Int(seconds.rounded(.up))
    if whole < 60 { return "\(whole) s" }
    let tail = padded(whole % 60)
    return whole < 3600 ? "\(whole / 60):\(tail)" : "\(whole / 3600):\(padded(whole / 60 % 60)):\(tail)"
  }

  /// A time in UTC: `2024-05-01 12:30:00`.
  static func time(_ seconds: Int64) -> String {
    var time = time_t(seconds)
    var parts = tm()
    guard gmtime_r(&time, &parts) != nil else { return "\(seconds)" }
    return "\(Int(parts.tm_year) + 1900)-\(padded(Int(parts.tm_mon) + 1))-\(padded(Int(parts.tm_mday))) "
      + "\(padded(Int(parts.tm_hour))):\(padded(Int(parts.tm_min))):\(padded(Int(parts.tm_sec)))"
  }

  /// Permissions as ls(1) shows them, with a letter for the kind in front.
  static func mode(_ permissions: UInt16, kind: Character) -> String {
    let letters = Array("rwxrwxrwx")
    return String(kind)
      + String(letters.enumerated().map { permissions >> (8 - UInt16($0.offset)) & 1 == 1 ? $0.element : "-" })
  }

  /// Text with spaces before it, so that it has a width.
  static func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }

  /// Text with spaces behind it, so that it has a width.
  static func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  /// A number with a fixed count of decimals.
  static func fixed(_ value: Double, decimals: Int) -> String { String(format: "%.\(decimals)f", value) }

  private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
