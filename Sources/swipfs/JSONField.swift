import IPFSClient

/// A value of JSON whose members keep their order; printed in one line.
enum JSONField: Sendable {
  case null
  case flag(Bool)
  case number(Int64)
  case unsigned(UInt64)
  case real(Double)
  case text(String)
  case list([JSONField])
  case object([(name: String, value: JSONField)])

  /// A text; null for nil.
  init(_ text: String?) { self = text.map { .text($0) } ?? .null }

  /// A number; null for nil.
  init(_ number: (some BinaryInteger)?) {
    guard let number else {
      self = .null
      return
    }
    self = UInt64(exactly: number).map { .unsigned($0) } ?? .number(Int64(clamping: number))
  }

  /// Texts in order.
  init(_ texts: [String]) { self = .list(texts.map { .text($0) }) }

  /// A value of the daemon's, with its members by name.
  init(_ value: JSON) {
    switch value {
    case .null: self = .null
    case .bool(let value): self = .flag(value)
    case .integer(let number): self = .number(number)
    case .number(let number): self = .real(number)
    case .string(let text): self = .text(text)
    case .array(let elements): self = .list(elements.map { JSONField($0) })
    case .object(let members):
      self = .object(members.sorted { $0.key < $1.key }.map { (name: $0.key, value: JSONField($0.value)) })
    }
  }

  /// The text in one line.
  var line: String {
    var text = ""
    write(to: &text, indentation: nil)
    return text
  }

  /// The text in many lines, as a person reads it.
  var lines: String {
    var text = ""
    write(to: &text, indentation: 0)
    return text
  }

  private func write(to text: inout String, indentation: Int?) {
    switch self {
    case .null: text += "null"
    case .flag(let value): text += value ? "true" : "false"
    case .number(let value): text += "\(value)"
    case .unsigned(let value): text += "\(value)"
    case .real(let value): text += value.isFinite ? "\(value)" : "null"
    case .text(let value): Self.write(value, to: &text)
    case .list(let elements):
      write(elements.count, "[", "]", to: &text, indentation) { index, text, indentation in
        elements[index].write(to: &text, indentation: indentation)
      }
    case .object(let members):
      write(members.count, "{", "}", to: &text, indentation) { index, text, indentation in
        Self.write(members[index].name, to: &text)
        text += indentation == nil ? ":" : ": "
        members[index].value.write(to: &text, indentation: indentation)
      }
    }
  }

  private func write(
    _ count: Int, _ begin: String, _ end: String, to text: inout String, _ indentation: Int?,
    _ element: (Int, inout String, Int?) -> Void
  ) {
    text += begin
    let inner = indentation.map { $0 + 2 }
    for index in 0..<count {
      if index > 0 { text += "," }
      if let inner { text += "\n" + String(repeating: " ", count: inner) }
      element(index, &text, inner)
    }
    if let indentation, count > 0 { text += "\n" + String(repeating: " ", count: indentation) }
    text += end
  }

  private static func write(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\0"..<" ", "\u{7F}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

extension JSONField: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral
{
  init(stringLiteral value: String) { self = .text(value) }
  init(booleanLiteral value: Bool) { self = .flag(value) }
  init(integerLiteral value: Int64) { self = .number(value) }
  init(dictionaryLiteral elements: (String, JSONField)...) {
    self = .object(elements.map { (name: $0, value: $1) })
  }
  init(arrayLiteral elements: JSONField...) { self = .list(elements) }
}
