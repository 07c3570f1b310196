import IPLD
import Multiformats
import TestSupport

extension DecoderCheck {
  private static let node = DAGPBNode(
    links: (0..<5).map { .init(cid: cid, name: Array("name \($0)".utf8), tsize: 1 << (10 * $0)) }, data: data(30))

  private static let values: [IPLDValue] = [
    .null, .integer(-1000), .integer(Int128(UInt64.max)), .float(1.5), .string("é🚀\n"), .bytes([1, 2, 3]), .link(cid),
    .list([.bool(true), .list([]), .map([:]), .integer(24), .float(-1e300)]),
    .map(["a": .integer(1), "bb": .link(cid), "c": .list([.link(cid), .null]), "/": .integer(1), "": .bytes([])]),
    .map([
      "Data": .bytes([8, 1]),
      "Links": .list([.map(["Hash": .link(cid), "Name": .string("a"), "Tsize": .integer(10)])]),
    ]),
  ]

  private static let jsonTexts = [
    #"{"a":1,"b":[true,null,"x",{"/":{"bytes":"aGk"}}],"l":{"/":"QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"}}"#,
    #" {"f" : 1.5e3, "n":-7, "u":"\u00e9\ud83d\ude80\\" , "e":{}, "/":{"a":[]}} "#,
    "[1.0,-0.0,1e-7,123456789012345678]",
  ]

  /// Codecs of blocks.
  static let codecs = [
    DecoderCheck("dag-pb", seeds: [node.encoded(), DAGPBNode(data: [8, 1]).encoded()]) { bytes in
      guard let node = try? DAGPBNode(decoding: bytes) else { return false }
      let again = try DAGPBNode(decoding: node.encoded())
      try hold(again.data == node.data, "other data")
      try hold(again.encoded() == node.encoded(), "another encoding")
      try hold(Set(again.links) == Set(node.links), "other links")
      try hold(try Block.links(in: bytes, codec: .dagPB) == node.links.map(\.cid), "the block has other links")
      // A name that is not UTF-8 has no value.
      if let value = try? node.value { try hold(try DAGPBNode(value) == node, "another value") }
      return true
    },
    DecoderCheck("dag-cbor", seeds: values.compactMap { try? DAGCBOR.encode($0) }) { bytes in
      // Links of other encoders' CBOR are found without a trap.
      let links = try? Block.links(in: bytes, codec: .dagCBOR)
      guard let value = try? DAGCBOR.decode(bytes) else { return links != nil }
      try hold(try DAGCBOR.encode(value) == bytes, "another encoding")
      // In the order in which they are encoded, and in that of the names' bytes.
      try hold(links?.sorted() == value.links.sorted(), "other links")
      if let json = try? DAGJSON.encode(value) {
        try hold(try DAGJSON.decode(json, form: .canonical) == value, "another value in DAG-JSON")
      }
      return true
    },
    DecoderCheck("dag-json", seeds: values.compactMap { try? DAGJSON.encode($0) } + jsonTexts.map { Array($0.utf8) }) {
      bytes in
      guard let value = try? DAGJSON.decode(bytes) else { return false }
      let canonical = try DAGJSON.encode(value)
      try hold(try DAGJSON.decode(canonical, form: .canonical) == value, "another value")
      try hold(try DAGCBOR.decode(DAGCBOR.encode(value)) == value, "another value in DAG-CBOR")
      try hold((try? DAGJSON.decode(bytes, form: .canonical)) == nil || canonical == bytes, "two canonical forms")
      try hold(try Block.links(in: bytes, codec: .dagJSON) == value.links, "the block has other links")
      if let node = try? DAGPBNode(value) {
        try hold(try DAGPBNode(node.value) == node, "another node of dag-pb")
      }
      return true
    },
  ]

  /// Archives. Most blocks are their own names, so that they stay valid when they are changed.
  private static let archive: [UInt8] = {
    var bytes: [UInt8] = []
    func append(_ section: [UInt8]) {
      Varint.append(UInt64(section.count), to: &bytes)
      bytes += section
    }
    append((try? DAGCBOR.encode(.map(["roots": .list([.link(cid)]), "version": .integer(1)]))) ?? [])
    append([1, 0x55, 0, 3, 7, 8, 9] + [7, 8, 9])
    append(cid.bytes + Array("leaf".utf8))
    append([1, 0x55, 0, 0])
    return bytes
  }()

  private static let archive2: [UInt8] = {
    func number(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt64(value).littleEndian, Array.init) }
    let pragma: [UInt8] = [0x0A, 0xA1, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6F, 0x6E, 0x02]
    let header = Array(repeating: 0, count: 16) + number(53) + number(archive.count) + number(0)
    return pragma + header + [0, 0] + archive + [1, 2, 3]
  }()

  static let archives = [
    DecoderCheck("CAR", seeds: [archive, archive2]) { bytes in
      let whole = read(bytes, pieces: [bytes.count])
      let parts = read(bytes, pieces: [bytes.count / 3, 1, bytes.count])
      guard let whole else {
        try hold(parts == nil, "accepted in parts only")
        return false
      }
      try hold(parts?.blocks == whole.blocks && parts?.roots == whole.roots, "other blocks in parts")
      guard whole.version == 1 else { return true }
      var again: [UInt8] = []
      let header = try DAGCBOR.encode(
        .map(["roots": .list(whole.roots.map(IPLDValue.link)), "version": .integer(1)]))
      for section in [header] + whole.blocks.map({ $0.cid.bytes + $0.data }) {
        Varint.append(UInt64(section.count), to: &again)
        again += section
      }
      try hold(again == bytes, "the archive is written in another way")
      return true
    }
  ]

  private static func read(
    _ bytes: [UInt8], pieces: [Int]
  ) -> (version: Int, roots: [CID], blocks: [Block])? {
    var decoder = CARDecoder(limits: .init(header: 1000, section: 1000))
    var blocks: [Block] = []
    var rest = bytes[...]
    do {
      for count in pieces {
        decoder.append(Array(rest.prefix(count)))
        rest = rest.dropFirst(count)
        while let block = try decoder.nextBlock() { blocks.append(block) }
      }
      try decoder.finish()
    } catch {
      return nil
    }
    guard let version = decoder.version, let roots = decoder.roots else { return nil }
    return (version, roots, blocks)
  }
}
