import Foundation
public import Multiformats

/// Mode bits as Go keeps them: permissions in the low nine, and the kind of file in high ones.
public struct FileMode: Hashable, Sendable, Codable {
  /// Go's bits (<https://pkg.go.dev/io/fs#FileMode>).
  public let rawValue: UInt32

  /// Go's bits.
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// The permissions: read, write and execute for owner, group and others.
  public var permissions: UInt16 { UInt16(rawValue & 0o777) }
  /// Whether it is a directory.
  public var isDirectory: Bool { rawValue >> 31 & 1 == 1 }
  /// Whether it is a symbolic link.
  public var isSymbolicLink: Bool { rawValue >> 27 & 1 == 1 }

  /// Reads the octal text of some commands, or the number of others.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(UInt32.self) {
      rawValue = number
    } else if let number = UInt32(try container.decode(String.self), radix: 8) {
      rawValue = number
    } else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no octal number")
    }
  }

  /// Writes the octal text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    let digits = String(rawValue, radix: 8)
    try container.encode(String(repeating: "0", count: max(0, 4 - digits.count)) + digits)
  }
}

extension KeyedDecodingContainer {
  /// A number, which the daemon gives as such or as text.
  func decodeNumber<Number: FixedWidthInteger & Decodable>(
    _ type: Number.Type = Number.self, forKey key: Key
  ) throws -> Number {
    if let number = try? decode(Number.self, forKey: key) { return number }
    guard let number = Number(try decode(String.self, forKey: key)) else {
      throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "no number")
    }
    return number
  }

  /// A number as above; nil if there is none.
  func decodeNumberIfPresent<Number: FixedWidthInteger & Decodable>(
    _ type: Number.Type = Number.self, forKey key: Key
  ) throws -> Number? {
    guard contains(key), try !decodeNil(forKey: key) else { return nil }
    return try decodeNumber(type, forKey: key)
  }

  /// A CID; nil if there is none, or an empty text in its place.
  func decodeCIDIfPresent(forKey key: Key) throws -> CID? {
    guard let text = try decodeIfPresent(String.self, forKey: key), !text.isEmpty else { return nil }
    return try decode(CID.self, forKey: key)
  }

  /// A text; nil if there is none, or an empty one in its place.
  func decodeTextIfPresent(forKey key: Key) throws -> String? {
    try decodeIfPresent(String.self, forKey: key).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// The elements of a list; none for null, which Go writes for an empty one, or if there is nothing.
  func decodeList<Element: Decodable>(_ type: Element.Type = Element.self, forKey key: Key) throws -> [Element] {
    try decodeIfPresent([Element].self, forKey: key) ?? []
  }
}

/// A CID as DAG-JSON writes a link: `{"/": "bafy…"}`. A property of this type reads and writes one.
public struct JSONLink: Codable, Hashable, Sendable {
  /// What the link points to.
  public let cid: CID

  /// A link to something.
  public init(_ cid: CID) { self.cid = cid }

  private enum CodingKeys: String, CodingKey {
    case cid = "/"
  }
}

/// Bytes as DAG-JSON writes them: `{"/": {"bytes": "aGk"}}`. A property of this type reads and writes some.
public struct JSONBytes: Codable, Hashable, Sendable {
  /// The bytes.
  public let bytes: [UInt8]

  /// Some bytes.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  private enum CodingKeys: String, CodingKey {
    case content = "/"
  }

  private enum ContentKeys: String, CodingKey {
    case bytes
  }

  /// Reads base64, which has no padding.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
      .nestedContainer(keyedBy: ContentKeys.self, forKey: .content)
    let text = try container.decode(String.self, forKey: .bytes)
    let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    guard let data = Data(base64Encoded: text + padding) else {
      throw DecodingError.dataCorruptedError(forKey: .bytes, in: container, debugDescription: "no base64")
    }
    bytes = Array(data)
  }

  /// Writes base64 without padding.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    var content = container.nestedContainer(keyedBy: ContentKeys.self, forKey: .content)
    let text = Data(bytes).base64EncodedString()
    try content.encode(String(text.prefix { $0 != "=" }), forKey: .bytes)
  }
}

/// Octal texts of permissions, as options have them.
func octal(_ permissions: UInt16?) -> String? {
  permissions.map { "0" + String($0, radix: 8) }
}
