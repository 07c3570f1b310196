/// Reads the heads of CBOR items, without trusting any length in them.
///
/// See RFC 8949, section 3.
struct CBORReader {
  /// The kind of an item.
  enum Major: UInt8 {
    case unsigned, negative, bytes, text, array, map, tag, simple
  }

  /// What an item begins with.
  struct Head {
    let major: Major
    /// The five low bits of the first byte: the argument's width.
    let info: UInt8
    /// The number, length, count, tag or float's bits; zero where it is indefinite.
    let argument: UInt64

    /// Whether the item goes on until a break; with `simple` it is the break.
    var isIndefinite: Bool { info == 31 }

    /// Whether the argument has its shortest form.
    var isShortest: Bool {
      switch info {
      case 24: argument >= 24
      case 25: argument > UInt64(UInt8.max)
      case 26: argument > UInt64(UInt16.max)
      case 27: argument > UInt64(UInt32.max)
      default: info < 24
      }
    }
  }

  let bytes: [UInt8]
  private(set) var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  var left: Int { bytes.count - position }

  mutating func head() throws(IPLDError) -> Head {
    guard left > 0 else { throw IPLDError(.truncated, "CBOR ends where an item is due") }
    let first = bytes[position]
    guard let major = Major(rawValue: first >> 5) else { preconditionFailure("three bits are a major type") }
    let info = first & 31
    let width: Int
    switch info {
    case 0..<24: width = 0
    case 24...27: width = 1 << (Int(info) - 24)
    case 31: width = 0
    default: throw IPLDError(.invalidSyntax, "CBOR item with the reserved length \(info)")
    }
    guard left > width else { throw IPLDError(.truncated, "CBOR ends within an item's head") }
    var argument: UInt64 = info < 24 ? UInt64(info) : 0
    for byte in bytes[position + 1..<position + 1 + width] { argument = argument << 8 | UInt64(byte) }
    position += 1 + width
    return Head(major: major, info: info, argument: argument)
  }

  /// Passes over bytes or text of a length and tells where they are.
  mutating func range(_ length: UInt64) throws(IPLDError) -> Range<Int> {
    guard length <= UInt64(left) else {
      throw IPLDError(.truncated, "CBOR string of \(length) bytes, \(left) are left")
    }
    position += Int(length)
    return position - Int(length)..<position
  }
}
