internal import Foundation

/// A value of JSON, as configurations have them.
public enum ConfigurationValue: Hashable, Sendable {
  /// No value.
  case null
  /// Truth.
  case bool(Bool)
  /// A whole number.
  case integer(Int64)
  /// Any other number.
  case number(Double)
  /// Text.
  case string(String)
  /// Values in order.
  case list([ConfigurationValue])
  /// Values by name.
  case object([String: ConfigurationValue])

  /// Reads JSON.
  ///
  /// - Throws: The decoder's error for what is none.
  public init(json: [UInt8]) throws {
    self = try JSONDecoder().decode(ConfigurationValue.self, from: Data(json))
  }

  /// JSON in lines, names in order, as Kubo writes its configuration.
  public func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self)) + [0x0A]
  }

  /// The value of a name in an object; nil for none, and in what is no object.
  public subscript(name: String) -> ConfigurationValue? {
    get {
      guard case .object(let entries) = self else { return nil }
      return entries[name]
    }
    set {
      guard case .object(var entries) = self else { return }
      entries[name] = newValue
      self = .object(entries)
    }
  }

  /// The texts of a list of texts; nil for anything else.
  public var strings: [String]? {
    guard case .list(let values) = self else { return nil }
    let texts = values.compactMap { value -> String? in if case .string(let text) = value { text } else { nil } }
    return texts.count == values.count ? texts : nil
  }

  /// A list of texts.
  public init(strings: [String]) {
    self = .list(strings.map(ConfigurationValue.string))
  }
}

extension ConfigurationValue {
  /// The value of names with dots between them, each in the object of the one before.
  ///
  /// - Throws: `notFound` naming the first that is not there; `invalid` for a name in what is no object.
  public func value(at key: String) throws(NodeError) -> ConfigurationValue {
    var value = self
    var passed: [Substring] = []
    for name in key.split(separator: ".", omittingEmptySubsequences: false) {
      guard case .object(let entries) = value else {
        throw NodeError(.invalid, "\(passed.joined(separator: ".")) key is not a map")
      }
      passed.append(name)
      guard let next = entries[String(name)] else {
        throw NodeError(.notFound, "\(passed.joined(separator: ".")) not found")
      }
      value = next
    }
    return value
  }

  /// Sets the value of names with dots between them. Objects that are not there are made.
  ///
  /// - Throws: `invalid` for a name in what is no object.
  public mutating func set(_ key: String, to new: ConfigurationValue) throws(NodeError) {
    let names = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    try set(names[...], to: new, behind: [])
  }

  private mutating func set(
    _ names: ArraySlice<String>, to new: ConfigurationValue, behind passed: [String]
  ) throws(NodeError) {
    guard let name = names.first else {
      self = new
      return
    }
    if self == .null { self = .object([:]) }
    guard case .object(var entries) = self else {
      throw NodeError(.invalid, "\(passed.joined(separator: ".")) key is not a map")
    }
    var value = entries[name] ?? .null
    try value.set(names.dropFirst(), to: new, behind: passed + [name])
    entries[name] = value
    self = .object(entries)
  }
}

extension ConfigurationValue: Codable {
  /// Reads any value.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let values = try? container.decode([ConfigurationValue].self) {
      self = .list(values)
    } else {
      self = .object(try container.decode([String: ConfigurationValue].self))
    }
  }

  /// Writes the value.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .object(let entries): try container.encode(entries)
    }
  }
}
