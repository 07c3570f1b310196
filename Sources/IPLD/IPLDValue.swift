public import Multiformats

/// A value of the IPLD data model: what DAG-CBOR and DAG-JSON write.
///
/// Equality is that of the encodings: texts by their bytes, floats by their bits.
/// See <https://ipld.io/docs/data-model/>.
public enum IPLDValue: Sendable {
  /// No value.
  case null
  /// Truth.
  case bool(Bool)
  /// A whole number; from -2⁶³ to 2⁶⁴ - 1 it can be encoded.
  case integer(Int128)
  /// A number of 64 bits; finite ones can be encoded.
  case float(Double)
  /// Text.
  case string(String)
  /// Bytes.
  case bytes([UInt8])
  /// Values in order.
  case list([IPLDValue])
  /// Values by name.
  case map(IPLDMap)
  /// The name of another block.
  case link(CID)

  /// How deep lists and maps may stand in each other: their decoders call themselves.
  public static let maximumDepth = 512

  /// The numbers that can be encoded.
  static let integers = Int128(Int64.min)...Int128(UInt64.max)
}

/// Values by name, in the order of the names' bytes.
public struct IPLDMap: Hashable, Sendable {
  /// A name and its value.
  public struct Entry: Sendable {
    /// The name.
    public let key: String
    /// The value.
    public let value: IPLDValue

    /// Names a value.
    public init(key: String, value: IPLDValue) {
      self.key = key
      self.value = value
    }
  }

  /// The entries, sorted by the bytes of their names, each name once.
  public let entries: [Entry]

  /// Sorts entries.
  ///
  /// - Throws: `duplicateKey`.
  public init(_ entries: [Entry]) throws(IPLDError) {
    self.entries = entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    for (first, second) in zip(self.entries, self.entries.dropFirst())
    where first.key.utf8.elementsEqual(second.key.utf8) {
      throw IPLDError(.duplicateKey, "map with \"\(first.key.prefix(64))\" twice")
    }
  }

  /// The value of a name.
  public subscript(key: String) -> IPLDValue? {
    // String compares by canonical equivalence, which is not the same name.
    entries.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }
}

extension IPLDMap: ExpressibleByDictionaryLiteral {
  /// Names values.
  ///
  /// - Precondition: Each name is there once.
  public init(dictionaryLiteral elements: (String, IPLDValue)...) {
    do {
      try self.init(elements.map { Entry(key: $0, value: $1) })
    } catch {
      preconditionFailure(error.message)
    }
  }
}

extension IPLDMap.Entry: Hashable {
  /// Whether names and values are the same bytes.
  public static func == (left: Self, right: Self) -> Bool {
    left.key.utf8.elementsEqual(right.key.utf8) && left.value == right.value
  }

  /// Hashes the name alone: values are mostly told apart by it.
  public func hash(into hasher: inout Hasher) {
    for byte in key.utf8 { hasher.combine(byte) }
  }
}

extension IPLDValue: Hashable {
  /// Whether both have the same encoding.
  public static func == (left: IPLDValue, right: IPLDValue) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let left), .bool(let right)): left == right
    case (.integer(let left), .integer(let right)): left == right
    case (.float(let left), .float(let right)): left.bitPattern == right.bitPattern
    case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
    case (.bytes(let left), .bytes(let right)): left == right
    case (.list(let left), .list(let right)): left == right
    case (.map(let left), .map(let right)): left == right
    case (.link(let left), .link(let right)): left == right
    default: false
    }
  }

  /// Hashes what equality compares.
  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let value): hasher.combine(value)
    case .integer(let value): hasher.combine(value)
    case .float(let value): hasher.combine(value.bitPattern)
    case .string(let value): for byte in value.utf8 { hasher.combine(byte) }
    case .bytes(let value): hasher.combine(value)
    case .list(let values): hasher.combine(values)
    case .map(let map): hasher.combine(map)
    case .link(let cid): hasher.combine(cid)
    }
  }
}

extension IPLDValue {
  /// The links in the value, in its order, with repetitions.
  public var links: [CID] {
    var links: [CID] = []
    collectLinks(into: &links)
    return links
  }

  private func collectLinks(into links: inout [CID]) {
    switch self {
    case .link(let cid): links.append(cid)
    case .list(let values): for value in values { value.collectLinks(into: &links) }
    case .map(let map): for entry in map.entries { entry.value.collectLinks(into: &links) }
    case .null, .bool, .integer, .float, .string, .bytes: break
    }
  }
}
