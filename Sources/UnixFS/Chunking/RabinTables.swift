/// Tables for the Rabin fingerprint of a window of 16 bytes: the remainder of the window, read as a polynomial over
/// GF(2), by a fixed irreducible one.
///
/// See M. O. Rabin, "Fingerprinting by Random Polynomials", 1981.
struct RabinTables: Sendable {
  /// Bytes of the window.
  static let window = 16
  /// The polynomial, whose bits are its coefficients: the one that Kubo cuts by.
  static let polynomial: UInt64 = 17_437_180_132_763_653
  /// The degree of the polynomial.
  static let degree = UInt64.bitWidth - 1 - polynomial.leadingZeroBitCount

  /// By the byte that leaves the window, what it had added to the fingerprint.
  let leaving: ByteTable<UInt64>
  /// By the eight bits above the degree, what reduces them away.
  let reducing: ByteTable<UInt64>

  /// The tables of ``polynomial``.
  static let standard = RabinTables()

  private init() {
    let bytes: [UInt64] = Array(0..<256)
    leaving = ByteTable(
      bytes.map { byte in
        (1..<Self.window).reduce(Self.remainder(byte)) { fingerprint, _ in Self.remainder(fingerprint << 8) }
      })
    reducing = ByteTable(
      bytes.map { byte in
        let high = byte << UInt64(Self.degree)
        return Self.remainder(high) | high
      })
  }

  /// The remainder of a polynomial by ``polynomial``.
  private static func remainder(_ value: UInt64) -> UInt64 {
    var rest = value
    while rest.leadingZeroBitCount <= polynomial.leadingZeroBitCount {
      rest ^= polynomial << UInt64(polynomial.leadingZeroBitCount - rest.leadingZeroBitCount)
    }
    return rest
  }
}
