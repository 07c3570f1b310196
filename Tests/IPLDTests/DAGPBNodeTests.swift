import IPLD
import Multiformats
import TestSupport
import Testing

@Suite struct DAGPBNodeTests {
  private static let cid = data(10).withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
  /// Key, length and bytes of a field; lengths below 128.
  private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [number << 3 | 2, UInt8(bytes.count)] + bytes
  }
  private static let hash = field(1, cid.bytes)

  @Test func emptyNode() throws {
    #expect(DAGPBNode().encoded() == [])
    #expect(DAGPBNode(data: []).encoded() == [0x0A, 0x00])
    #expect(try DAGPBNode(decoding: []) == DAGPBNode())
    #expect(try DAGPBNode(decoding: [0x0A, 0x00]) == DAGPBNode(data: []))
  }

  @Test func knownDirectory() throws {
    // The empty directory as Kubo encodes it.
    let node = DAGPBNode(data: [0x08, 0x01])
    let cid = node.encoded().withUnsafeBytes { CID.sha256(of: $0, codec: .dagPB, version: .v0) }
    #expect(cid.description == "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn")
  }

  @Test func linksAreWrittenInOrderOfTheirNames() throws {
    let names: [[UInt8]] = [[0x62], [0x61], [], [0xFF], [0x61, 0x61], [0x61], [0x42]]
    let links = names.enumerated().map { DAGPBNode.Link(cid: Self.cid, name: $1, tsize: UInt64($0)) }
    let decoded = try DAGPBNode(decoding: DAGPBNode(links: links, data: [1]).encoded())
    // Equal names keep their order.
    #expect(decoded.links.map(\.tsize) == [2, 6, 1, 5, 4, 0, 3])
    #expect(decoded.data == [1])
  }

  @Test func lengthInNodeIsThatOfTheEncoding() {
    for (name, tsize) in [(0, 0), (1, 127), (85, 128), (86, 1), (255, UInt64.max), (20000, 1 << 35)] {
      let link = DAGPBNode.Link(cid: Self.cid, name: data(name), tsize: tsize)
      #expect(link.lengthInNode == DAGPBNode(links: [link]).encoded().count)
    }
  }

  @Test func dataBeforeLinksIsRead() throws {
    let link = Self.field(2, Self.hash)
    let node = try DAGPBNode(decoding: Self.field(1, [5]) + link + link)
    #expect(node.links.count == 2)
    #expect(node.data == [5])
  }

  @Test func missingNameAndTsizeAreRead() throws {
    let node = try DAGPBNode(decoding: Self.field(2, Self.hash))
    #expect(node.links == [DAGPBNode.Link(cid: Self.cid, tsize: 0)])
    #expect(node.data == nil)
  }

  static let malformed: [(String, [UInt8], IPLDError.Code)] = [
    ("data twice", field(1, [1]) + field(1, [1]), .misplacedField),
    ("links around data", field(2, hash) + field(1, [1]) + field(2, hash), .misplacedField),
    ("another field", field(3, [1]), .unknownField),
    ("field number 0", [0x02, 0x00], .unknownField),
    ("data as a number", [0x08, 0x01], .wrongWireType),
    ("wire type 3", [0x0B, 0x01], .wrongWireType),
    ("wire type 7", [0x0F, 0x01], .wrongWireType),
    ("key alone", [0x0A], .truncated),
    ("length beyond the end", [0x0A, 0x05, 1, 2], .truncated),
    ("length of 2^64 - 1", [0x0A] + Array(repeating: 0xFF, count: 9) + [0x01], .truncated),
    ("length of more than 64 bits", [0x0A] + Array(repeating: 0xFF, count: 9) + [0x02], .invalidNumber),
    ("length not in its shortest form", [0x0A, 0x81, 0x00, 7], .invalidNumber),
    ("key not in its shortest form", [0x8A, 0x00, 0x01, 7], .invalidNumber),
    ("link without hash", field(2, field(2, [0x61])), .missingField),
    ("link without anything", field(2, []), .missingField),
    ("link with an empty hash", field(2, field(1, [])), .invalidLink),
    ("link with a hash that is no CID", field(2, field(1, [1, 2, 3])), .invalidLink),
    ("link with a hash twice", field(2, hash + hash), .misplacedField),
    ("link with the name before the hash", field(2, field(2, [0x61]) + hash), .misplacedField),
    ("link with another field", field(2, hash + field(4, [1])), .unknownField),
    ("link with a tsize of bytes", field(2, hash + field(3, [1])), .wrongWireType),
    ("link with a field that leaves it", [0x12, 0x02, 0x0A, 0x24] + cid.bytes, .truncated),
  ]

  @Test(arguments: malformed.indices)
  func refused(index: Int) {
    let (name, bytes, code) = Self.malformed[index]
    #expect("\(name)") { try DAGPBNode(decoding: bytes) } throws: { ($0 as? IPLDError)?.code == code }
  }
}
