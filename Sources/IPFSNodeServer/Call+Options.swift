import Multiformats

extension Call {
  /// The options of a call, each already of its kind.
  package struct Options: Sendable {
    private enum Value: Sendable {
      case bool(Bool)
      case integer(Int64)
      case unsigned(UInt64)
      case float(Double)
      case string(String)
      case strings([String])
    }

    private var values: [String: Value] = [:]

    /// Reads the options of a command from a query; what it does not know is left alone, as in Kubo.
    ///
    /// - Throws: `usage` for a value that is not of the option's kind.
    init(_ query: [RPCRequest.Pair], of command: Command) throws(RPCError) {
      for (name, text) in query {
        guard let option = command.optionsByName[name] else { continue }
        let key = option.names[0]
        if option.kind == .strings, case .strings(let before) = values[key] {
          values[key] = .strings(before + [text])
        } else {
          values[key] = try Self.value(text, of: option, named: name)
        }
      }
    }

    private static func value(
      _ text: String, of option: Command.Option, named name: String
    ) throws(RPCError) -> Value {
      let value: Value? =
        switch option.kind {
        case .bool: bool(text).map { .bool($0) }
        case .int, .int64: integer(text).map { .integer($0) }
        case .uint: integer(text).map { .unsigned($0) }
        case .float: Double(text).map { .float($0) }
        case .string: .string(text)
        case .strings: .strings([text])
        }
      guard let value else {
        throw RPCError(
          "could not convert value \"\(text)\" to type \"\(option.kind.rawValue)\" (for option \"-\(name)\")",
          kind: .usage)
      }
      return value
    }

    /// As Go reads it; no value means true.
    private static func bool(_ text: String) -> Bool? {
      switch text {
      case "", "1", "t", "T", "true", "TRUE", "True": true
      case "0", "f", "F", "false", "FALSE", "False": false
      default: nil
      }
    }

    /// As Go reads it: also hexadecimal, octal and binary with their prefixes.
    private static func integer<Number: FixedWidthInteger>(_ text: String) -> Number? {
      let isNegative = text.first == "-"
      let digits = isNegative || text.first == "+" ? text.dropFirst() : text[...]
      let prefixes: [(String, Int)] = [("0x", 16), ("0X", 16), ("0o", 8), ("0b", 2)]
      for (prefix, radix) in prefixes where digits.hasPrefix(prefix) {
        return Number((isNegative ? "-" : "") + digits.dropFirst(2), radix: radix)
      }
      if digits.count > 1, digits.first == "0" { return Number((isNegative ? "-" : "") + digits, radix: 8) }
      return Number(text)
    }

    /// Whether the option was given at all.
    package func has(_ name: String) -> Bool { values[name] != nil }

    /// An option's value; nil if it was not given.
    package func bool(_ name: String) -> Bool? {
      if case .bool(let value) = values[name] { value } else { nil }
    }

    /// An option's value; nil if it was not given.
    package func integer(_ name: String) -> Int64? {
      switch values[name] {
      case .integer(let value): value
      case .unsigned(let value): Int64(clamping: value)
      default: nil
      }
    }

    /// An option's value; nil if it was not given.
    package func unsigned(_ name: String) -> UInt64? {
      if case .unsigned(let value) = values[name] { value } else { nil }
    }

    /// An option's value; nil if it was not given.
    package func float(_ name: String) -> Double? {
      if case .float(let value) = values[name] { value } else { nil }
    }

    /// An option's value; nil if it was not given.
    package func string(_ name: String) -> String? {
      if case .string(let value) = values[name] { value } else { nil }
    }

    /// All values of an option, in order.
    package func strings(_ name: String) -> [String] {
      if case .strings(let values) = values[name] { values } else { [] }
    }
  }
}
