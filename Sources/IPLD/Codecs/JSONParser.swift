internal import Multiformats

/// Reads JSON of DAG-JSON.
///
/// See RFC 8259; beyond it, names are there once, texts are well-formed, and `{"/": …}` is reserved.
struct JSONParser {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The one value that there is.
  mutating func document() throws(IPLDError) -> IPLDValue {
    let value = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw IPLDError(.trailingBytes, "JSON goes on after its value") }
    return value
  }

  private mutating func value(depth: Int) throws(IPLDError) -> IPLDValue {
    skipSpace()
    switch try peek() {
    case UInt8(ascii: "{"): return try map(depth: depth)
    case UInt8(ascii: "["): return try list(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"):
      try word("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try word("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    default: return try number()
    }
  }

  private mutating func list(depth: Int) throws(IPLDError) -> IPLDValue {
    try DAGJSON.checkDepth(depth)
    position += 1
    var values: [IPLDValue] = []
    if try closes(UInt8(ascii: "]")) { return .list(values) }
    repeat { values.append(try value(depth: depth + 1)) } while try continues(until: UInt8(ascii: "]"))
    return .list(values)
  }

  private mutating func map(depth: Int) throws(IPLDError) -> IPLDValue {
    try DAGJSON.checkDepth(depth)
    position += 1
    var entries: [IPLDMap.Entry] = []
    if try closes(UInt8(ascii: "}")) { return .map(try IPLDMap(entries)) }
    repeat {
      skipSpace()
      guard try peek() == UInt8(ascii: "\"") else { throw unexpected() }
      let key = try string()
      skipSpace()
      try expect(UInt8(ascii: ":"))
      entries.append(IPLDMap.Entry(key: key, value: try value(depth: depth + 1)))
    } while try continues(until: UInt8(ascii: "}"))
    return try meaning(of: IPLDMap(entries))
  }

  /// A map, or the link or bytes that it stands for.
  private func meaning(of map: IPLDMap) throws(IPLDError) -> IPLDValue {
    guard DAGJSON.isReserved(map) else { return .map(map) }
    guard map.entries.count == 1 else { throw IPLDError(.reservedForm, "a link or bytes with other entries") }
    switch map[DAGJSON.reservedKey] {
    case .string(let text):
      do {
        return .link(try CID(text))
      } catch {
        throw IPLDError(.invalidLink, "a link without a CID: \(error.message)", cause: error)
      }
    case .map(let inner):
      guard inner.entries.count == 1, case .string(let text)? = inner[DAGJSON.bytesKey] else {
        throw IPLDError(.reservedForm, "bytes with other entries")
      }
      do {
        return .bytes(try Multibase.base64.decodeWithoutPrefix(text[...]))
      } catch {
        throw IPLDError(.reservedForm, "bytes that are not base64: \(error.message)", cause: error)
      }
    default: return .map(map)
    }
  }

  // MARK: Texts

  private mutating func string() throws(IPLDError) -> String {
    position += 1
    var text: [UInt8] = []
    while true {
      let byte = try peek()
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw IPLDError(.invalidText, "text that is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): try appendEscape(to: &text)
      case 0..<0x20: throw IPLDError(.invalidSyntax, "a control character in a text")
      default: text.append(byte)
      }
    }
  }

  private mutating func appendEscape(to text: inout [UInt8]) throws(IPLDError) {
    let byte = try peek()
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var value = try hexadecimal()
      if 0xD800..<0xDC00 ~= value {
        try expect(UInt8(ascii: "\\"))
        try expect(UInt8(ascii: "u"))
        let low = try hexadecimal()
        guard 0xDC00..<0xE000 ~= low else { throw IPLDError(.invalidText, "half of a surrogate pair") }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value), let encoded = UTF8.encode(scalar) else {
        throw IPLDError(.invalidText, "half of a surrogate pair")
      }
      text.append(contentsOf: encoded)
    default: throw IPLDError(.invalidSyntax, "an escape that JSON does not have")
    }
  }

  private mutating func hexadecimal() throws(IPLDError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(try peek())).hexDigitValue else { throw unexpected() }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }

  // MARK: Numbers

  private mutating func number() throws(IPLDError) -> IPLDValue {
    let start = position
    if try peek() == UInt8(ascii: "-") { position += 1 }
    if try peek() == UInt8(ascii: "0") { position += 1 } else { try digits() }
    var isFloat = false
    if next == UInt8(ascii: ".") {
      isFloat = true
      position += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      isFloat = true
      position += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isFloat {
      guard let value = Double(text), value.isFinite else { throw IPLDError(.invalidNumber, "a float beyond 64 bits") }
      return .float(value)
    }
    guard let value = Int128(text), IPLDValue.integers ~= value else {
      throw IPLDError(.invalidNumber, "a whole number beyond 64 bits")
    }
    return .integer(value)
  }

  private mutating func digits() throws(IPLDError) {
    guard isDigit(try peek()) else { throw unexpected() }
    while let next, isDigit(next) { position += 1 }
  }

  private func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

  // MARK: Characters

  /// The next byte, nil at the end.
  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func peek() throws(IPLDError) -> UInt8 {
    guard let next else { throw IPLDError(.truncated, "JSON ends within a value") }
    return next
  }

  private func unexpected() -> IPLDError {
    guard let next else { return IPLDError(.truncated, "JSON ends within a value") }
    return IPLDError(.invalidSyntax, "byte 0x\(String(next, radix: 16)) at \(position) of JSON")
  }

  private mutating func expect(_ byte: UInt8) throws(IPLDError) {
    guard next == byte else { throw unexpected() }
    position += 1
  }

  private mutating func word(_ word: String) throws(IPLDError) {
    for byte in word.utf8 { try expect(byte) }
  }

  private mutating func skipSpace() {
    while next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 { position += 1 }
  }

  /// Passes over the end of an empty list or map.
  private mutating func closes(_ end: UInt8) throws(IPLDError) -> Bool {
    skipSpace()
    guard try peek() == end else { return false }
    position += 1
    return true
  }

  /// Passes over what follows an item: a comma, or the end.
  private mutating func continues(until end: UInt8) throws(IPLDError) -> Bool {
    skipSpace()
    let byte = try peek()
    guard byte == end || byte == UInt8(ascii: ",") else { throw unexpected() }
    position += 1
    return byte != end
  }
}
