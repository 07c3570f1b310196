/// A way to write bytes as text, named by the text's first character.
///
/// Decoding is strict: bytes have one text in a base, in its own case and with its own padding.
/// See <https://github.com/multiformats/multibase>.
public struct Multibase: Sendable {
  /// How digits and bytes correspond.
  private enum Layout: Sendable {
    /// The text's bytes are the bytes.
    case bytes
    /// Each digit is a fixed number of bits, most significant first, zero bits at the end (RFC 4648).
    case bits(Int, Padding)
    /// All bytes together are one number; leading zero bytes are leading zero digits.
    case number
  }

  /// Whether `=` fills the last group of digits that are whole bytes.
  private enum Padding {
    case none, filled
  }

  /// The name in the multibase table, such as `base32hexpad`.
  public let name: String
  /// The character that begins each text. Its number is the base's code.
  public let prefix: Unicode.Scalar
  /// The digits, in order of value.
  private let alphabet: [Unicode.Scalar]
  /// The values of digits by their ASCII code, 255 for what is no digit; nil for an alphabet beyond ASCII.
  private let values: [UInt8]?
  private let layout: Layout

  private init(_ name: String, _ prefix: Unicode.Scalar, _ alphabet: String, _ layout: Layout) {
    self.name = name
    self.prefix = prefix
    self.alphabet = Array(alphabet.unicodeScalars)
    self.layout = layout
    if self.alphabet.allSatisfy(\.isASCII) {
      var values = [UInt8](repeating: .max, count: 256)
      for (value, digit) in self.alphabet.enumerated() { values[Int(digit.value)] = UInt8(value) }
      self.values = values
    } else {
      values = nil
    }
  }

  private static let rfcLower = "abcdefghijklmnopqrstuvwxyz234567"
  private static let rfcUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
  private static let hexLower = "0123456789abcdefghijklmnopqrstuv"
  private static let hexUpper = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
  private static let rfc64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  private static let url64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

  /// The bytes as they are, behind a zero byte. Only bytes that are UTF-8 have a text.
  public static let identity = Multibase("identity", "\0", "", .bytes)
  /// Bits.
  public static let base2 = Multibase("base2", "0", "01", .bits(1, .none))
  /// Octal digits, three bits each.
  public static let base8 = Multibase("base8", "7", "01234567", .bits(3, .none))
  /// Decimal digits.
  public static let base10 = Multibase("base10", "9", "0123456789", .number)
  /// Hexadecimal digits in lower case.
  public static let base16 = Multibase("base16", "f", "0123456789abcdef", .bits(4, .none))
  /// Hexadecimal digits in upper case.
  public static let base16Upper = Multibase("base16upper", "F", "0123456789ABCDEF", .bits(4, .none))
  /// RFC 4648 base 32 in lower case: the usual form of CIDv1.
  public static let base32 = Multibase("base32", "b", rfcLower, .bits(5, .none))
  /// RFC 4648 base 32 in upper case.
  public static let base32Upper = Multibase("base32upper", "B", rfcUpper, .bits(5, .none))
  /// RFC 4648 base 32 in lower case, padded.
  public static let base32Pad = Multibase("base32pad", "c", rfcLower, .bits(5, .filled))
  /// RFC 4648 base 32 in upper case, padded.
  public static let base32PadUpper = Multibase("base32padupper", "C", rfcUpper, .bits(5, .filled))
  /// RFC 4648 base 32 with the hexadecimal alphabet, in lower case.
  public static let base32Hex = Multibase("base32hex", "v", hexLower, .bits(5, .none))
  /// RFC 4648 base 32 with the hexadecimal alphabet, in upper case.
  public static let base32HexUpper = Multibase("base32hexupper", "V", hexUpper, .bits(5, .none))
  /// RFC 4648 base 32 with the hexadecimal alphabet, in lower case, padded.
  public static let base32HexPad = Multibase("base32hexpad", "t", hexLower, .bits(5, .filled))
  /// RFC 4648 base 32 with the hexadecimal alphabet, in upper case, padded.
  public static let base32HexPadUpper = Multibase("base32hexpadupper", "T", hexUpper, .bits(5, .filled))
  /// z-base-32.
  public static let base32Z = Multibase("base32z", "h", "ybndrfg8ejkmcpqxot1uwisza345h769", .bits(5, .none))
  /// Base 36 in lower case: IPNS names as host names.
  public static let base36 = Multibase("base36", "k", "0123456789abcdefghijklmnopqrstuvwxyz", .number)
  /// Base 36 in upper case.
  public static let base36Upper = Multibase("base36upper", "K", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", .number)
  /// Base 58 with Bitcoin's alphabet: the form of CIDv0, which has no prefix.
  public static let base58btc = Multibase(
    "base58btc", "z", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", .number)
  /// Base 58 with Flickr's alphabet.
  public static let base58flickr = Multibase(
    "base58flickr", "Z", "123456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ", .number)
  /// RFC 4648 base 64.
  public static let base64 = Multibase("base64", "m", rfc64, .bits(6, .none))
  /// RFC 4648 base 64, padded.
  public static let base64Pad = Multibase("base64pad", "M", rfc64, .bits(6, .filled))
  /// RFC 4648 base 64 for URLs: arguments of the RPC that are bytes.
  public static let base64URL = Multibase("base64url", "u", url64, .bits(6, .none))
  /// RFC 4648 base 64 for URLs, padded.
  public static let base64URLPad = Multibase("base64urlpad", "U", url64, .bits(6, .filled))
  /// A picture for each byte.
  public static let base256Emoji = Multibase("base256emoji", "🚀", emoji, .bits(8, .none))

  /// The table. A base is added by an entry here.
  public static let all = [
    identity, base2, base8, base10, base16, base16Upper, base32, base32Upper, base32Pad, base32PadUpper, base32Hex,
    base32HexUpper, base32HexPad, base32HexPadUpper, base32Z, base36, base36Upper, base58btc, base58flickr, base64,
    base64Pad, base64URL, base64URLPad, base256Emoji,
  ]

  /// The base of a name in the table.
  public init?(name: String) {
    guard let base = Self.all.first(where: { $0.name == name }) else { return nil }
    self = base
  }

  /// The base whose texts begin with a character.
  public init?(prefix: Unicode.Scalar) {
    guard let base = Self.all.first(where: { $0.prefix == prefix }) else { return nil }
    self = base
  }

  /// The most digits of a text whose base is no power of two: to convert it costs time by the square of its length.
  static let maximumNumberLength = 2048
}

extension Multibase: Hashable {
  /// Whether both are the same entry of the table.
  public static func == (left: Multibase, right: Multibase) -> Bool { left.prefix == right.prefix }

  /// Hashes what names the base.
  public func hash(into hasher: inout Hasher) { hasher.combine(prefix) }
}

extension Multibase {
  /// `bytes` as text with the prefix.
  public func encode(_ bytes: [UInt8]) -> String {
    String(prefix) + encodeWithoutPrefix(bytes)
  }

  /// Decodes a text by the base that its prefix names.
  ///
  /// - Throws: `unknownBase`, or `invalidText` for what is not the one text of some bytes.
  public static func decode(_ text: String) throws(MultiformatsError) -> (base: Multibase, bytes: [UInt8]) {
    guard let prefix = text.unicodeScalars.first, let base = Multibase(prefix: prefix) else {
      throw MultiformatsError(.unknownBase, "unknown multibase prefix in \"\(text.prefix(64))\"")
    }
    return (base, try base.decodeWithoutPrefix(Substring(text.unicodeScalars.dropFirst())))
  }

  /// `bytes` as digits alone.
  package func encodeWithoutPrefix(_ bytes: [UInt8]) -> String {
    var digits: [UInt8]
    var padding = 0
    switch layout {
    case .bytes:
      return String(decoding: bytes, as: UTF8.self)
    case .bits(let width, let style):
      digits = Self.regroup(bytes, from: 8, to: width)
      padding = style == .filled ? Self.padding(of: digits.count, width: width) : 0
    case .number:
      digits = Self.convert(bytes, from: 256, to: alphabet.count)
    }
    if values == nil {
      return String(String.UnicodeScalarView(digits.map { alphabet[Int($0)] }))
    }
    for index in digits.indices { digits[index] = UInt8(alphabet[Int(digits[index])].value) }
    digits.append(contentsOf: repeatElement(UInt8(ascii: "="), count: padding))
    return String(decoding: digits, as: UTF8.self)
  }

  /// Decodes digits alone.
  package func decodeWithoutPrefix(_ text: Substring) throws(MultiformatsError) -> [UInt8] {
    switch layout {
    case .bytes:
      return Array(text.utf8)
    case .bits(let width, let style):
      let digits = try digits(of: text, style)
      let unused = digits.count * width % 8
      // A whole unused digit, or bits that are set behind the last byte, would be a second text of the same bytes.
      guard unused < width, digits.isEmpty || Int(digits[digits.count - 1]) & (1 << unused - 1) == 0 else {
        throw MultiformatsError(.invalidText, "\"\(text.prefix(64))\" is not the text of whole bytes")
      }
      var bytes = Self.regroup(digits, from: width, to: 8)
      if unused > 0 { bytes.removeLast() }
      return bytes
    case .number:
      let digits = try digits(of: text, .none)
      guard digits.count <= Self.maximumNumberLength else {
        throw MultiformatsError(.invalidText, "text of \(digits.count) digits is too long for its base")
      }
      return Self.convert(digits, from: alphabet.count, to: 256)
    }
  }

  /// The values of a text's digits, without its padding.
  private func digits(of text: Substring, _ style: Padding) throws(MultiformatsError) -> [UInt8] {
    var digits: [UInt8] = []
    digits.reserveCapacity(text.utf8.count)
    var padding = 0
    if let values {
      for character in text.utf8 {
        if style == .filled, character == UInt8(ascii: "=") {
          padding += 1
          continue
        }
        guard values[Int(character)] != .max, padding == 0 else { throw invalidCharacter(text) }
        digits.append(values[Int(character)])
      }
    } else {
      for character in text.unicodeScalars {
        guard let value = Self.emojiValues[character] else { throw invalidCharacter(text) }
        digits.append(value)
      }
    }
    if case .bits(let width, .filled) = layout, padding != Self.padding(of: digits.count, width: width) {
      throw MultiformatsError(.invalidText, "\"\(text.prefix(64))\" is not padded as its base is")
    }
    return digits
  }

  private static let emojiValues = Dictionary(
    uniqueKeysWithValues: zip(base256Emoji.alphabet, (0...UInt8.max)))

  private func invalidCharacter(_ text: Substring) -> MultiformatsError {
    MultiformatsError(.invalidText, "\"\(text.prefix(64))\" has a character that is not in its alphabet")
  }

  /// How many `=` fill the last group of digits that are whole bytes.
  private static func padding(of count: Int, width: Int) -> Int {
    let group = width == 5 ? 8 : 4
    return (group - count % group) % group
  }

  /// Bits in groups of another width; zero bits fill the last group.
  private static func regroup(_ groups: [UInt8], from width: Int, to newWidth: Int) -> [UInt8] {
    if width == newWidth { return groups }
    let mask = UInt8(truncatingIfNeeded: 1 << newWidth - 1)
    var result: [UInt8] = []
    result.reserveCapacity((groups.count * width + newWidth - 1) / newWidth)
    var buffer: UInt32 = 0
    var bits = 0
    for group in groups {
      buffer = buffer << UInt32(width) | UInt32(group)
      bits += width
      while bits >= newWidth {
        bits -= newWidth
        result.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)) & mask)
      }
    }
    if bits > 0 { result.append(UInt8(truncatingIfNeeded: buffer << UInt32(newWidth - bits)) & mask) }
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
