internal import Multiformats

/// The codec DAG-JSON: JSON in which `{"/": …}` is a link or bytes.
///
/// ```
///   link   {"/": "bafy…"}             bytes   {"/": {"bytes": "aGk"}}        base64 without padding
/// ```
///
/// Written as Kubo does: no spaces, names sorted by their bytes, whole numbers without and floats with a decimal point
/// or an exponent. See <https://ipld.io/specs/codecs/dag-json/spec/>.
public enum DAGJSON {
  /// What is accepted.
  public enum Form: Sendable {
    /// Any JSON that is a value: spaces, names in any order, escapes, as people write it.
    case any
    /// The encoding that ``encode(_:)`` gives.
    case canonical
  }

  static let reservedKey = "/"
  static let bytesKey = "bytes"

  /// Decodes a value that fills `bytes`.
  ///
  /// - Throws: An error for what is no value, with `canonical` also for what is not its one encoding.
  public static func decode(_ bytes: [UInt8], form: Form = .any) throws(IPLDError) -> IPLDValue {
    var parser = JSONParser(bytes)
    let value = try parser.document()
    if form == .canonical, try encode(value) != bytes {
      throw IPLDError(.notCanonical, "DAG-JSON that is not in its canonical form")
    }
    return value
  }

  /// Encodes a value.
  ///
  /// - Throws: `invalidNumber` for one that has no encoding, `reservedForm` for a map that would be read as a link or
  ///   as bytes, `tooDeep`.
  public static func encode(_ value: IPLDValue) throws(IPLDError) -> [UInt8] {
    var bytes: [UInt8] = []
    try append(value, to: &bytes, depth: 0)
    return bytes
  }

  private static func append(_ value: IPLDValue, to bytes: inout [UInt8], depth: Int) throws(IPLDError) {
    switch value {
    case .null: bytes.append(contentsOf: "null".utf8)
    case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
    case .integer(let value):
      guard IPLDValue.integers ~= value else { throw IPLDError(.invalidNumber, "\(value) is beyond 64 bits") }
      bytes.append(contentsOf: String(value).utf8)
    case .float(let value):
      guard value.isFinite else { throw IPLDError(.invalidNumber, "a float that is not finite") }
      bytes.append(contentsOf: text(of: value).utf8)
    case .string(let text): append(text, to: &bytes)
    case .bytes(let value):
      bytes.append(contentsOf: "{\"/\":{\"bytes\":\"".utf8)
      bytes.append(contentsOf: Multibase.base64.encodeWithoutPrefix(value).utf8)
      bytes.append(contentsOf: "\"}}".utf8)
    case .link(let cid):
      bytes.append(contentsOf: "{\"/\":\"\(cid)\"}".utf8)
    case .list(let values):
      try checkDepth(depth)
      bytes.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        try append(value, to: &bytes, depth: depth + 1)
      }
      bytes.append(UInt8(ascii: "]"))
    case .map(let map):
      try checkDepth(depth)
      guard !isReserved(map) else { throw IPLDError(.reservedForm, "a map that would be read as a link or as bytes") }
      bytes.append(UInt8(ascii: "{"))
      for (index, entry) in map.entries.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        append(entry.key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        try append(entry.value, to: &bytes, depth: depth + 1)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// Whether a map, written as it is, is a link or bytes, or looks like one and is refused.
  static func isReserved(_ map: IPLDMap) -> Bool {
    switch map[reservedKey] {
    case .string: true
    case .map(let inner): if case .string? = inner[bytesKey] { true } else { false }
    default: false
    }
  }

  static func checkDepth(_ depth: Int) throws(IPLDError) {
    guard depth < IPLDValue.maximumDepth else { throw IPLDError(.tooDeep, "more than \(depth) levels") }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": bytes.append(contentsOf: "\\\"".utf8)
      case "\\": bytes.append(contentsOf: "\\\\".utf8)
      case "\n": bytes.append(contentsOf: "\\n".utf8)
      case "\r": bytes.append(contentsOf: "\\r".utf8)
      case "\t": bytes.append(contentsOf: "\\t".utf8)
      // The last two are line ends in JavaScript; Kubo escapes them.
      case "\u{0}"..."\u{1F}", "\u{2028}", "\u{2029}":
        let digits = String(scalar.value, radix: 16)
        bytes.append(contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.count))\(digits)".utf8)
      default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// A finite number in the fewest digits that give it back: with a point from 10⁻⁶ to 10²¹, else with an exponent.
  private static func text(of value: Double) -> String {
    // Swift has the fewest digits, but other limits for the exponent.
    let description = value.magnitude.description
    let parts = description.split(separator: "e")
    let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let mantissa = parts[0].split(separator: ".")
    let whole = String(mantissa[0])
    let fraction = mantissa.count > 1 && mantissa[1] != "0" ? String(mantissa[1]) : ""
    // The digits, and how many of them stand before the point.
    var digits = whole + fraction
    var point = whole.count + exponent
    let zeros = digits.prefix { $0 == "0" }.count
    digits.removeFirst(zeros)
    point -= zeros
    while digits.last == "0" { digits.removeLast() }
    let sign = value.sign == .minus ? "-" : ""
    if digits.isEmpty { return sign + "0.0" }
    if value.magnitude < 1e-6 || value.magnitude >= 1e21 {
      let rest = digits.dropFirst()
      let power = point - 1
      return "\(sign)\(digits.prefix(1))\(rest.isEmpty ? "" : ".\(rest)")e\(power < 0 ? "-" : "+")\(abs(power))"
    }
    if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
    if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) + ".0" }
    return sign + digits.prefix(point) + "." + digits.dropFirst(point)
  }
}
