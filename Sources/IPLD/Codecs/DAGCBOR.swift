internal import Multiformats

/// The codec DAG-CBOR: a subset of CBOR in which each value has one encoding.
///
/// Only that encoding is read: numbers and lengths in their shortest form, floats of 64 bits that are finite, texts in
/// UTF-8, names sorted by length and then by bytes, no other tag than 42 for links, nothing of indefinite length.
/// See <https://ipld.io/specs/codecs/dag-cbor/spec/>.
public enum DAGCBOR {
  private static let linkTag: UInt64 = 42

  private enum Simple {
    static let `false`: UInt8 = 20
    static let `true`: UInt8 = 21
    static let null: UInt8 = 22
    static let float64: UInt8 = 27
  }

  // MARK: Encoding

  /// Encodes a value.
  ///
  /// - Throws: `invalidNumber` for one that has no encoding, `tooDeep`.
  public static func encode(_ value: IPLDValue) throws(IPLDError) -> [UInt8] {
    var bytes: [UInt8] = []
    try append(value, to: &bytes, depth: 0)
    return bytes
  }

  private static func append(_ value: IPLDValue, to bytes: inout [UInt8], depth: Int) throws(IPLDError) {
    switch value {
    case .null: bytes.append(head(.simple, Simple.null))
    case .bool(let value): bytes.append(head(.simple, value ? Simple.true : Simple.false))
    case .integer(let value):
      guard IPLDValue.integers ~= value else { throw IPLDError(.invalidNumber, "\(value) is beyond 64 bits") }
      appendHead(value < 0 ? .negative : .unsigned, UInt64(value < 0 ? -1 - value : value), to: &bytes)
    case .float(let value):
      guard value.isFinite else { throw IPLDError(.invalidNumber, "a float that is not finite") }
      bytes.append(head(.simple, Simple.float64))
      withUnsafeBytes(of: value.bitPattern.bigEndian) { bytes.append(contentsOf: $0) }
    case .string(let text): append(text, to: &bytes)
    case .bytes(let value):
      appendHead(.bytes, UInt64(value.count), to: &bytes)
      bytes.append(contentsOf: value)
    case .list(let values):
      try checkDepth(depth)
      appendHead(.array, UInt64(values.count), to: &bytes)
      for value in values { try append(value, to: &bytes, depth: depth + 1) }
    case .map(let map):
      try checkDepth(depth)
      appendHead(.map, UInt64(map.entries.count), to: &bytes)
      // Sorted by bytes already, and the sort is stable.
      for entry in map.entries.sorted(by: { $0.key.utf8.count < $1.key.utf8.count }) {
        append(entry.key, to: &bytes)
        try append(entry.value, to: &bytes, depth: depth + 1)
      }
    case .link(let cid):
      appendHead(.tag, linkTag, to: &bytes)
      appendHead(.bytes, UInt64(cid.bytes.count + 1), to: &bytes)
      bytes.append(0)
      bytes.append(contentsOf: cid.bytes)
    }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    appendHead(.text, UInt64(text.utf8.count), to: &bytes)
    bytes.append(contentsOf: text.utf8)
  }

  private static func head(_ major: CBORReader.Major, _ info: UInt8) -> UInt8 { major.rawValue << 5 | info }

  private static func appendHead(_ major: CBORReader.Major, _ argument: UInt64, to bytes: inout [UInt8]) {
    let width: Int
    switch argument {
    case 0..<24:
      bytes.append(head(major, UInt8(argument)))
      return
    case 0...UInt64(UInt8.max): width = 0
    case 0...UInt64(UInt16.max): width = 1
    case 0...UInt64(UInt32.max): width = 2
    default: width = 3
    }
    bytes.append(head(major, UInt8(24 + width)))
    withUnsafeBytes(of: argument.bigEndian) { bytes.append(contentsOf: $0.suffix(1 << width)) }
  }

  // MARK: Decoding

  /// Decodes a value that fills `bytes`.
  ///
  /// - Throws: An error for what is not the one encoding of a value.
  public static func decode(_ bytes: [UInt8]) throws(IPLDError) -> IPLDValue {
    var reader = CBORReader(bytes)
    let value = try value(&reader, depth: 0)
    guard reader.left == 0 else { throw IPLDError(.trailingBytes, "\(reader.left) bytes follow the value") }
    return value
  }

  private static func value(_ reader: inout CBORReader, depth: Int) throws(IPLDError) -> IPLDValue {
    let head = try reader.head()
    if head.major == .simple { return try simple(head) }
    guard !head.isIndefinite else { throw IPLDError(.invalidSyntax, "an item of indefinite length") }
    guard head.isShortest else { throw IPLDError(.notCanonical, "a number is not in its shortest form") }
    switch head.major {
    case .unsigned: return .integer(Int128(head.argument))
    case .negative:
      guard head.argument <= UInt64(Int64.max) else { throw IPLDError(.invalidNumber, "a number below -2^63") }
      return .integer(-1 - Int128(head.argument))
    case .bytes: return .bytes(Array(reader.bytes[try reader.range(head.argument)]))
    case .text: return .string(try text(&reader, head.argument))
    case .array: return try list(&reader, head.argument, depth: depth)
    case .map: return try map(&reader, head.argument, depth: depth)
    case .tag:
      guard head.argument == linkTag else { throw IPLDError(.invalidSyntax, "tag \(head.argument)") }
      let content = try reader.head()
      guard content.major == .bytes, content.isShortest else {
        throw IPLDError(.invalidLink, "a link that is not bytes")
      }
      return .link(try link(&reader, content.argument))
    case .simple: return try simple(head)
    }
  }

  private static func simple(_ head: CBORReader.Head) throws(IPLDError) -> IPLDValue {
    switch head.info {
    case Simple.false: return .bool(false)
    case Simple.true: return .bool(true)
    case Simple.null: return .null
    case Simple.float64:
      let value = Double(bitPattern: head.argument)
      guard value.isFinite else { throw IPLDError(.invalidNumber, "a float that is not finite") }
      return .float(value)
    default: throw IPLDError(.invalidSyntax, "simple value or float of \(head.info)")
    }
  }

  private static func list(
    _ reader: inout CBORReader, _ count: UInt64, depth: Int
  ) throws(IPLDError) -> IPLDValue {
    try checkDepth(depth)
    try checkCount(count, reader)
    var values: [IPLDValue] = []
    values.reserveCapacity(Int(count))
    for _ in 0..<count { values.append(try value(&reader, depth: depth + 1)) }
    return .list(values)
  }

  private static func map(
    _ reader: inout CBORReader, _ count: UInt64, depth: Int
  ) throws(IPLDError) -> IPLDValue {
    try checkDepth(depth)
    try checkCount(count, reader)
    var entries: [IPLDMap.Entry] = []
    entries.reserveCapacity(Int(count))
    for _ in 0..<count {
      let head = try reader.head()
      guard head.major == .text else { throw IPLDError(.invalidSyntax, "a map's key is not text") }
      guard head.isShortest else { throw IPLDError(.notCanonical, "a key's length is not in its shortest form") }
      let key = try text(&reader, head.argument)
      if let last = entries.last?.key {
        let isSorted =
          last.utf8.count == key.utf8.count
          ? last.utf8.lexicographicallyPrecedes(key.utf8) : last.utf8.count < key.utf8.count
        guard isSorted else {
          throw last.utf8.elementsEqual(key.utf8)
            ? IPLDError(.duplicateKey, "map with \"\(key.prefix(64))\" twice")
            : IPLDError(.notCanonical, "map whose keys are not sorted")
        }
      }
      entries.append(IPLDMap.Entry(key: key, value: try value(&reader, depth: depth + 1)))
    }
    return .map(try IPLDMap(entries))
  }

  /// Each item takes a byte at least, so that a count is no reason to reserve what is not there.
  private static func checkCount(_ count: UInt64, _ reader: CBORReader) throws(IPLDError) {
    guard count <= UInt64(reader.left) else {
      throw IPLDError(.truncated, "\(count) items, \(reader.left) bytes are left")
    }
  }

  private static func text(_ reader: inout CBORReader, _ length: UInt64) throws(IPLDError) -> String {
    guard let text = String(validating: reader.bytes[try reader.range(length)], as: UTF8.self) else {
      throw IPLDError(.invalidText, "text that is not UTF-8")
    }
    return text
  }

  private static func link(_ reader: inout CBORReader, _ length: UInt64) throws(IPLDError) -> CID {
    let bytes = reader.bytes[try reader.range(length)]
    guard bytes.first == 0 else { throw IPLDError(.invalidLink, "a link that does not begin with a zero byte") }
    do {
      return try CID(bytes: bytes.dropFirst())
    } catch {
      throw IPLDError(.invalidLink, "a link without a CID: \(error.message)", cause: error)
    }
  }

  private static func checkDepth(_ depth: Int) throws(IPLDError) {
    guard depth < IPLDValue.maximumDepth else { throw IPLDError(.tooDeep, "more than \(depth) levels") }
  }

  // MARK: Links

  /// The links of any well-formed CBOR, in its order, with repetitions.
  ///
  /// Other encoders are not as strict as ``decode(_:)``, and what a block links must be known all the same.
  static func links(in bytes: [UInt8]) throws(IPLDError) -> [CID] {
    var links: [CID] = []
    var reader = CBORReader(bytes)
    // What is open: how many items are due, nil until a break. Not a recursion, so there is no limit of depth.
    var open: [UInt64?] = [1]
    var isLink = false
    while let due = open.last {
      if due == 0 {
        open.removeLast()
        continue
      }
      let head = try reader.head()
      guard !isLink || head.major == .bytes && !head.isIndefinite else {
        throw IPLDError(.invalidLink, "a link that is not bytes")
      }
      if head.major == .simple, head.isIndefinite {
        guard due == nil else { throw IPLDError(.invalidSyntax, "a break where an item is due") }
        open.removeLast()
        continue
      }
      if let due { open[open.count - 1] = due - 1 }
      switch head.major {
      case .unsigned, .negative, .simple:
        guard !head.isIndefinite else { throw IPLDError(.invalidSyntax, "a number of indefinite length") }
      case .bytes, .text:
        if head.isIndefinite {
          open.append(nil)
        } else if isLink {
          links.append(try link(&reader, head.argument))
        } else {
          _ = try reader.range(head.argument)
        }
      case .array, .map:
        try checkCount(head.argument, reader)
        open.append(head.isIndefinite ? nil : head.major == .map ? head.argument * 2 : head.argument)
      case .tag:
        guard !head.isIndefinite else { throw IPLDError(.invalidSyntax, "a tag of indefinite length") }
        open.append(1)
      }
      isLink = head.major == .tag && head.argument == linkTag
    }
    guard reader.left == 0 else { throw IPLDError(.trailingBytes, "\(reader.left) bytes follow the value") }
    return links
  }
}
