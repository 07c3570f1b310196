/// A size as Kubo's configuration has it: a number of bytes, or one with a unit (`256KiB`, `1.5MB`, `10 GB`).
package struct ByteSize: Hashable, Sendable {
  /// The size in bytes.
  package let bytes: UInt64

  /// A unit's exponents of 1000 and of 1024.
  private static let units = ["k": 1, "m": 2, "g": 3, "t": 4, "p": 5, "e": 6]

  /// Reads a text; nil for what is no size, or one of more than 64 bits.
  package init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
    var factor: UInt64 = 1
    if let exponent = unit.first.flatMap({ Self.units[String($0)] }) {
      let base: UInt64
      switch unit.dropFirst() {
      case "", "b": base = 1000
      case "i", "ib": base = 1024
      default: return nil
      }
      for _ in 0..<exponent { factor *= base }
    } else {
      guard unit.isEmpty || unit == "b" else { return nil }
    }
    if let whole = UInt64(digits) {
      let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
      guard !overflow else { return nil }
      bytes = product
    } else {
      guard let value = Double(digits),
        let product = UInt64(exactly: (value * Double(factor)).rounded(.towardZero))
      else { return nil }
      bytes = product
    }
  }
}
