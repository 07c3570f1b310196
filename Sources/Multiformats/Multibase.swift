/// A way to write bytes as text, named by the text's first character.
///
/// See <https://github.com/multiformats/multibase>.
public struct Multibase: Hashable, Sendable {
  /// How digits and bytes correspond.
  private enum Layout: Hashable, Sendable {
    /// Each digit is a fixed number of bits, most significant first, zero bits at the end (RFC 4648, unpadded).
    case bits(Int)
    /// All bytes together are one number; leading zero bytes are leading zero digits.
    case number
  }

  /// The character that begins each text.
  public let prefix: Character
  /// The digits, in order of value.
  private let alphabet: [UInt8]
  private let layout: Layout

  private init(prefix: Character, alphabet: String, layout: Layout) {
    self.prefix = prefix
    self.alphabet = Array(alphabet.utf8)
    self.layout = layout
  }

  /// RFC 4648 base 32 in lower case: the usual form of CIDv1.
  public static let base32 = Multibase(prefix: "b", alphabet: "abcdefghijklmnopqrstuvwxyz234567", layout: .bits(5))
  /// RFC 4648 base 32 in upper case.
  public static let base32Upper = Multibase(
    prefix: "B", alphabet: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", layout: .bits(5))
  /// Base 36 in lower case: IPNS names as host names.
  public static let base36 = Multibase(
    prefix: "k", alphabet: "0123456789abcdefghijklmnopqrstuvwxyz", layout: .number)
  /// Base 36 in upper case.
  public static let base36Upper = Multibase(
    prefix: "K", alphabet: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", layout: .number)
  /// Base 58 with Bitcoin's alphabet: the form of CIDv0, which has no prefix.
  public static let base58btc = Multibase(
    prefix: "z", alphabet: "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", layout: .number)

  /// The table. A base is added by an entry here.
  public static let all = [base32, base32Upper, base36, base36Upper, base58btc]

  /// The most digits of a text whose base is no power of two: to convert it costs time by the square of its length.
  static let maximumNumberLength = 2048

  /// `bytes` as text with the prefix.
  public func encode(_ bytes: [UInt8]) -> String {
    String(prefix) + encodeWithoutPrefix(bytes)
  }

  /// Decodes a text by the base that its prefix names.
  ///
  /// - Throws: `unknownBase`, or `invalidText` for what is not the one text of some bytes.
  public static func decode(_ text: String) throws(MultiformatsError) -> (base: Multibase, bytes: [UInt8]) {
    guard let prefix = text.first, let base = all.first(where: { $0.prefix == prefix }) else {
      throw MultiformatsError(.unknownBase, "unknown multibase prefix in \"\(text.prefix(64))\"")
    }
    return (base, try base.decodeWithoutPrefix(text.dropFirst()))
  }

  /// `bytes` as digits alone.
  func encodeWithoutPrefix(_ bytes: [UInt8]) -> String {
    let digits: [UInt8]
    switch layout {
    case .bits(let width): digits = Self.regroup(bytes, from: 8, to: width)
    case .number: digits = Self.convert(bytes, from: 256, to: alphabet.count)
    }
    return String(decoding: digits.map { alphabet[Int($0)] }, as: UTF8.self)
  }

  /// Decodes digits alone.
  func decodeWithoutPrefix(_ text: Substring) throws(MultiformatsError) -> [UInt8] {
    var digits: [UInt8] = []
    digits.reserveCapacity(text.utf8.count)
    for character in text.utf8 {
      guard let value = alphabet.firstIndex(of: character) else {
        throw MultiformatsError(.invalidText, "\"\(text.prefix(64))\" has a character that is not in its alphabet")
      }
      digits.append(UInt8(value))
    }
    switch layout {
    case .bits(let width):
      let unused = digits.count * width % 8
      // A whole unused digit, or bits that are set behind the last byte, would be a second text of the same bytes.
      guard unused < width, digits.isEmpty || Int(digits[digits.count - 1]) & (1 << unused - 1) == 0 else {
        throw MultiformatsError(.invalidText, "\"\(text.prefix(64))\" does not end on a byte")
      }
      return Array(Self.regroup(digits, from: width, to: 8).prefix(digits.count * width / 8))
    case .number:
      guard digits.count <= Self.maximumNumberLength else {
        throw MultiformatsError(.invalidText, "text of \(digits.count) digits is too long for its base")
      }
      return Self.convert(digits, from: alphabet.count, to: 256)
    }
  }

  /// Bits in groups of another width; zero bits fill the last group.
  private static func regroup(_ groups: [UInt8], from width: Int, to newWidth: Int) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity((groups.count * width + newWidth - 1) / newWidth)
    var buffer: UInt32 = 0
    var bits = 0
    for group in groups {
      buffer = buffer << UInt32(width) | UInt32(group)
      bits += width
      while bits >= newWidth {
        bits -= newWidth
        result.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)) & UInt8(truncatingIfNeeded: 1 << newWidth - 1))
      }
    }
    if bits > 0 {
      result.append(
        UInt8(truncatingIfNeeded: buffer << UInt32(newWidth - bits)) & UInt8(truncatingIfNeeded: 1 << newWidth - 1))
    }
    return result
  }

  /// A number's digits in another base, with as many leading zeros as it had.
  private static func convert(_ digits: [UInt8], from base: Int, to newBase: Int) -> [UInt8] {
    let zeros = digits.prefix { $0 == 0 }.count
    var reversed: [UInt8] = []
    for digit in digits.dropFirst(zeros) {
      var carry = Int(digit)
      for index in reversed.indices {
        carry += Int(reversed[index]) * base
        reversed[index] = UInt8(carry % newBase)
        carry /= newBase
      }
      while carry > 0 {
        reversed.append(UInt8(carry % newBase))
        carry /= newBase
      }
    }
    return [UInt8](repeating: 0, count: zeros) + reversed.reversed()
  }
}
