import IPLD
import Multiformats
import TestSupport
import Testing

@Suite struct DAGCBORTests {
  static let cid = data(10).withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
  /// A link as it is encoded.
  static let link: [UInt8] = [0xD8, 0x2A, 0x58, UInt8(cid.bytes.count + 1), 0] + cid.bytes

  /// Values of every kind at the limits of their forms. Numbers and texts are examples of RFC 8949, appendix A.
  static let values: [(IPLDValue, [UInt8])] = [
    (.null, [0xF6]), (.bool(false), [0xF4]), (.bool(true), [0xF5]),
    (.integer(0), [0x00]), (.integer(23), [0x17]), (.integer(24), [0x18, 0x18]), (.integer(255), [0x18, 0xFF]),
    (.integer(256), [0x19, 0x01, 0x00]), (.integer(65536), [0x1A, 0, 1, 0, 0]),
    (.integer(1 << 32), [0x1B, 0, 0, 0, 1, 0, 0, 0, 0]),
    (.integer(Int128(UInt64.max)), [0x1B] + Array(repeating: 0xFF, count: 8)),
    (.integer(-1), [0x20]), (.integer(-24), [0x37]), (.integer(-25), [0x38, 0x18]),
    (.integer(-1000), [0x39, 0x03, 0xE7]),
    (.integer(Int128(Int64.min)), [0x3B, 0x7F] + Array(repeating: 0xFF, count: 7)),
    (.float(1.1), [0xFB, 0x3F, 0xF1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A]),
    (.float(0), [0xFB] + Array(repeating: 0, count: 8)),
    (.float(-0.0), [0xFB, 0x80] + Array(repeating: 0, count: 7)),
    (.string(""), [0x60]), (.string("ü"), [0x62, 0xC3, 0xBC]), (.bytes([]), [0x40]), (.bytes([1, 2]), [0x42, 1, 2]),
    (.bytes(data(300)), [0x59, 0x01, 0x2C] + data(300)),
    (.list([]), [0x80]), (.list([.integer(1), .list([.integer(2)])]), [0x82, 0x01, 0x81, 0x02]),
    (.map(["a": .integer(1), "b": .null]), [0xA2, 0x61, 0x61, 0x01, 0x61, 0x62, 0xF6]),
    // Shorter names first.
    (.map(["b": .null, "aa": .null, "": .null]), [0xA3, 0x60, 0xF6, 0x61, 0x62, 0xF6, 0x62, 0x61, 0x61, 0xF6]),
    // One name composed, one not: Swift thinks they are equal.
    (.map(["\u{E9}": .null, "e\u{301}": .null]), [0xA2, 0x62, 0xC3, 0xA9, 0xF6, 0x63, 0x65, 0xCC, 0x81, 0xF6]),
    (.link(cid), link), (.map(["/": .link(cid)]), [0xA1, 0x61, 0x2F] + link),
  ]

  @Test(arguments: values.indices)
  func encodings(index: Int) throws {
    let (value, bytes) = Self.values[index]
    #expect(try DAGCBOR.encode(value) == bytes)
    #expect(try DAGCBOR.decode(bytes) == value)
    #expect(try Block.links(in: bytes, codec: .dagCBOR) == value.links)
  }

  static let malformed: [(String, [UInt8], IPLDError.Code)] = [
    ("nothing", [], .truncated), ("two values", [0xF6, 0xF6], .trailingBytes),
    ("undefined", [0xF7], .invalidSyntax), ("another simple value", [0xE0], .invalidSyntax),
    ("a simple value in a byte", [0xF8, 0x20], .invalidSyntax),
    ("a float of 16 bits", [0xF9, 0x3C, 0x00], .invalidSyntax), ("of 32", [0xFA, 0x47, 0xC3, 0x50, 0], .invalidSyntax),
    ("not a number", [0xFB, 0x7F, 0xF8, 0, 0, 0, 0, 0, 0], .invalidNumber),
    ("infinity", [0xFB, 0x7F, 0xF0, 0, 0, 0, 0, 0, 0], .invalidNumber),
    ("a float that ends", [0xFB, 0x7F], .truncated),
    ("23 in a byte", [0x18, 0x17], .notCanonical), ("255 in two", [0x19, 0x00, 0xFF], .notCanonical),
    ("65535 in four", [0x1A, 0, 0, 0xFF, 0xFF], .notCanonical),
    ("2^32 - 1 in eight", [0x1B, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], .notCanonical),
    ("-2^63 - 1", [0x3B, 0x80, 0, 0, 0, 0, 0, 0, 0], .invalidNumber),
    ("a reserved length", [0x1C], .invalidSyntax), ("a break", [0xFF], .invalidSyntax),
    ("bytes without end", [0x5F, 0x41, 0x01, 0xFF], .invalidSyntax),
    ("a list without end", [0x9F, 0xFF], .invalidSyntax),
    ("a map without end", [0xBF, 0xFF], .invalidSyntax), ("text that ends", [0x62, 0x61], .truncated),
    ("text of 2^64 - 1", [0x7B] + Array(repeating: 0xFF, count: 8), .truncated),
    ("a list of 2^64 - 1", [0x9B] + Array(repeating: 0xFF, count: 8), .truncated),
    ("a map of 2^63", [0xBB, 0x80, 0, 0, 0, 0, 0, 0, 0], .truncated), ("a list that ends", [0x82, 0x01], .truncated),
    ("text that is not UTF-8", [0x61, 0xFF], .invalidText),
    ("half a surrogate pair", [0x63, 0xED, 0xA0, 0x80], .invalidText),
    ("a name that is a number", [0xA1, 0x01, 0x01], .invalidSyntax),
    ("bytes as name", [0xA1, 0x41, 0x61, 0x01], .invalidSyntax),
    ("a name's length in a byte", [0xA1, 0x78, 0x01, 0x61, 0x01], .notCanonical),
    ("names not sorted", [0xA2, 0x61, 0x62, 0x01, 0x61, 0x61, 0x01], .notCanonical),
    ("the longer name first", [0xA2, 0x62, 0x61, 0x61, 0x01, 0x61, 0x62, 0x01], .notCanonical),
    ("a name twice", [0xA2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x01], .duplicateKey),
    ("another tag", [0xC1, 0x01], .invalidSyntax), ("a link of text", [0xD8, 0x2A, 0x61, 0x61], .invalidLink),
    ("a link without zero", [0xD8, 0x2A, 0x58, UInt8(cid.bytes.count)] + cid.bytes, .invalidLink),
    ("an empty link", [0xD8, 0x2A, 0x40], .invalidLink),
    ("a link that is no CID", [0xD8, 0x2A, 0x43, 0, 1, 2], .invalidLink),
    ("a link that ends", Array(link.dropLast()), .truncated),
    ("a tag in two bytes", [0xD9, 0x00, 0x2A] + link.dropFirst(2), .notCanonical),
    ("too deep", Array(repeating: 0x81, count: 513) + [0x01], .tooDeep),
    ("much too deep", Array(repeating: 0x81, count: 1_000_000), .tooDeep),
  ]

  @Test(arguments: malformed.indices)
  func refused(index: Int) {
    let (name, bytes, code) = Self.malformed[index]
    #expect("\(name)") { try DAGCBOR.decode(bytes) } throws: { ($0 as? IPLDError)?.code == code }
  }

  @Test func depthHasALimit() throws {
    let deep = (0..<IPLDValue.maximumDepth).reduce(IPLDValue.null) { value, _ in .list([value]) }
    #expect(try DAGCBOR.decode(DAGCBOR.encode(deep)) == deep)
    #expect(try DAGJSON.decode(DAGJSON.encode(deep)) == deep)
    #expect { try DAGCBOR.encode(.list([deep])) } throws: { ($0 as? IPLDError)?.code == .tooDeep }
    #expect { try DAGJSON.encode(.map(["a": deep])) } throws: { ($0 as? IPLDError)?.code == .tooDeep }
  }

  @Test(
    arguments: [
      .float(.nan), .float(.infinity), .integer(Int128(Int64.min) - 1), .integer(Int128(UInt64.max) + 1),
    ] as [IPLDValue])
  func valuesWithoutEncoding(value: IPLDValue) {
    #expect { try DAGCBOR.encode(.list([value])) } throws: { ($0 as? IPLDError)?.code == .invalidNumber }
    #expect { try DAGJSON.encode(.list([value])) } throws: { ($0 as? IPLDError)?.code == .invalidNumber }
  }

  /// CBOR of other encoders, whose links must be found.
  static let foreign: [(String, [UInt8], Int)] = [
    ("names not sorted", [0xA2, 0x61, 0x62] + link + [0x61, 0x61] + link, 2),
    ("a list without end", [0x9F] + link + link + [0x01, 0xFF], 2),
    ("a map without end", [0xBF, 0x01] + link + [0xFF], 1),
    ("text without end", [0x82, 0x7F, 0x61, 0x61, 0xFF] + link, 1),
    ("numbers in long forms", [0x83, 0x1B, 0, 0, 0, 0, 0, 0, 0, 1, 0xF9, 0x7E, 0x00] + link, 1),
    ("other tags", [0x82, 0xC1, 0x01, 0xC2] + link, 1), ("undefined", [0x82, 0xF7] + link, 1),
    ("deep", Array(repeating: 0x81, count: 100_000) + link, 1),
  ]

  @Test(arguments: foreign.indices)
  func linksOfOtherEncoders(index: Int) throws {
    let (name, bytes, count) = Self.foreign[index]
    #expect(throws: IPLDError.self, "\(name)") { try DAGCBOR.decode(bytes) }
    #expect(try Block.links(in: bytes, codec: .dagCBOR) == Array(repeating: Self.cid, count: count), "\(name)")
  }

  @Test(
    arguments: [
      [], [0xFF], [0x9F], [0x9F, 0x01], [0x82, 0x01], [0x01, 0x01], [0x81, 0xFF], [0xD8, 0x2A], [0xD8, 0x2A, 0x01],
      [0xD8, 0x2A, 0x5F, 0xFF], [0xBB, 0x80, 0, 0, 0, 0, 0, 0, 0], [0x1F], [0xDF, 0x01],
      [0x5B, 0xFF, 0, 0, 0, 0, 0, 0, 0],
    ] as [[UInt8]])
  func noLinksOfWhatIsNoCBOR(bytes: [UInt8]) {
    #expect(throws: IPLDError.self) { try Block.links(in: bytes, codec: .dagCBOR) }
  }

  @Test func linksOfOtherCodecs() throws {
    let node = DAGPBNode(links: [.init(cid: Self.cid, tsize: 1), .init(cid: Self.cid, tsize: 2)], data: [1])
    #expect(try Block.links(in: node.encoded(), codec: .dagPB) == [Self.cid, Self.cid])
    let json = try DAGJSON.encode(.map(["a": .list([.link(Self.cid), .null]), "b": .link(Self.cid)]))
    #expect(try Block.links(in: json, codec: .dagJSON) == [Self.cid, Self.cid])
    for codec in [Multicodec.raw, .cbor, .json, .libp2pKey] {
      #expect(try Block.links(in: node.encoded(), codec: codec).isEmpty)
    }
    #expect { try Block.links(in: [], codec: Multicodec(rawValue: 0x78)) } throws: {
      ($0 as? IPLDError)?.code == .unsupportedCodec
    }
    let block = Block(
      unchecked: try CID(hashing: UnsafeRawBufferPointer(start: nil, count: 0), codec: .dagPB), data: [])
    #expect(try block.links().isEmpty)
  }
}
