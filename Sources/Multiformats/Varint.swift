/// Unsigned variable-length integers: seven bits a byte, least significant first.
///
/// Only the shortest form of a number is accepted, so that every value has one encoding and a hash names one meaning.
/// See <https://github.com/multiformats/unsigned-varint>.
public enum Varint {
  /// The longest encoding that multiformats allow, in bytes: numbers below 2⁶³.
  public static let maximumLength = 9

  /// Bytes of the encoding of `value`: 1 to 10 (the tenth is for protobuf's numbers of 64 bits).
  public static func encodedLength(of value: UInt64) -> Int {
    max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7)
  }

  /// Appends the encoding of `value`.
  public static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  /// Decodes the number that begins at `position` and moves `position` behind it.
  ///
  /// - Parameters:
  ///   - bytes: Where the number is.
  ///   - position: The index of its first byte; unchanged when an error is thrown.
  ///   - end: The index behind the last byte that may be read; all of `bytes` when nil.
  ///   - maximumLength: The longest encoding accepted, at most 10 bytes.
  /// - Throws: `truncated`, or `invalidVarint` for a number that is too long or not in its shortest form.
  public static func decode(
    _ bytes: [UInt8], at position: inout Int, end: Int? = nil, maximumLength: Int = Varint.maximumLength
  ) throws(MultiformatsError) -> UInt64 {
    let limit = min(end ?? bytes.count, bytes.count)
    var value: UInt64 = 0
    var index = position
    while index < limit {
      let byte = bytes[index]
      let length = index - position + 1
      // The tenth byte holds the 64th bit only.
      guard length <= maximumLength, length < 10 || byte <= 1 else {
        throw MultiformatsError(.invalidVarint, "varint of more than \(maximumLength) bytes")
      }
      value |= UInt64(byte & 0x7F) << UInt64(7 * (length - 1))
      index += 1
      if byte < 0x80 {
        guard byte != 0 || length == 1 else {
          throw MultiformatsError(.invalidVarint, "varint is not in its shortest form")
        }
        position = index
        return value
      }
    }
    throw MultiformatsError(.truncated, "input ends within a varint")
  }
}
