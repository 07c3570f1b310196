import Multiformats

/// A JSON value whose members keep their order, so that replies read as those of Kubo.
package indirect enum JSON: Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  case string(String)
  case array([JSON])
  case object([(name: String, value: JSON)])
  /// Text that is JSON already.
  case encoded([UInt8])
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .int(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(arrayLiteral elements: JSON...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(elements.map { (name: $0, value: $1) }) }
  package init(nilLiteral: ()) { self = .null }

  /// Strings, in order.
  package init(_ strings: some Sequence<String>) { self = .array(strings.map { .string($0) }) }

  /// A string; null for nil.
  package init(_ string: String?) { self = string.map { .string($0) } ?? .null }
}

extension JSON {
  /// Its text, in one line and escaped as Go's encoder does it: `<`, `>` and `&` too.
  package func write(to bytes: inout [UInt8]) {
    switch self {
    case .null: bytes += "null".utf8
    case .bool(let value): bytes += (value ? "true" : "false").utf8
    case .int(let value): bytes += String(value).utf8
    case .uint(let value): bytes += String(value).utf8
    case .double(let value): Self.write(value, to: &bytes)
    case .string(let value): Self.write(value, to: &bytes)
    case .encoded(let text): bytes += text
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        element.write(to: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let members):
      bytes.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        Self.write(member.name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        member.value.write(to: &bytes)
      }
      bytes.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ value: Double, to bytes: inout [UInt8]) {
    guard value.isFinite else {
      bytes += "null".utf8
      return
    }
    // As an integer where it is one, as Go has it.
    bytes += (Int64(exactly: value).map { String($0) } ?? "\(value)").utf8
  }

  private static func write(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    var utf8 = text.utf8.makeIterator()
    var separator = 0
    while let byte = utf8.next() {
      // U+2028 and U+2029 end lines in JavaScript.
      if byte == 0xE2 {
        separator = 1
      } else if separator == 1, byte == 0x80 {
        separator = 2
      } else if separator == 2,
        byte == 0xA8 || byte == 0xA9
      {
        bytes.removeLast(2)
        bytes += "\\u202\(byte == 0xA8 ? 8 : 9)".utf8
        separator = 0
        continue
      } else {
        separator = 0
      }
      switch byte {
      case UInt8(ascii: "\""): bytes += "\\\"".utf8
      case UInt8(ascii: "\\"): bytes += "\\\\".utf8
      case 0x0A: bytes += "\\n".utf8
      case 0x0D: bytes += "\\r".utf8
      case 0x09: bytes += "\\t".utf8
      case 0x08: bytes += "\\b".utf8
      case 0x0C: bytes += "\\f".utf8
      case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"):
        let digits = Array("0123456789abcdef".utf8)
        bytes += "\\u00".utf8
        bytes.append(digits[Int(byte >> 4)])
        bytes.append(digits[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
