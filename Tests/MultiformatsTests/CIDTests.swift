import Foundation
import Multiformats
import TestSupport
import Testing

@Suite struct CIDTests {
  static let version0 = "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"
  static let version1 = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"

  private func sha256(_ bytes: [UInt8], _ codec: Multicodec, _ version: CID.Version) -> CID {
    bytes.withUnsafeBytes { CID.sha256(of: $0, codec: codec, version: version) }
  }

  @Test func partsOfVersion0() throws {
    let cid = try CID(Self.version0)
    #expect(cid.version == .v0)
    #expect(cid.codec == .dagPB)
    #expect(cid.multihash.code == .sha2_256)
    #expect(cid.multihash.digest.count == 32)
    #expect(cid.bytes.count == 34)
    #expect(cid.description == Self.version0)
    // A CIDv0 has one text.
    #expect(cid.text(in: .base36) == Self.version0)
    #expect(try CID(version: .v0, codec: .dagPB, multihash: cid.multihash) == cid)
    #expect(try CID(bytes: cid.bytes) == cid)
  }

  @Test func partsOfVersion1() throws {
    let cid = try CID(Self.version1)
    #expect(cid.version == .v1)
    #expect(cid.codec == .raw)
    #expect(cid == sha256([], .raw, .v1))
    #expect(cid.description == Self.version1)
    #expect(try CID(version: .v1, codec: .raw, multihash: cid.multihash) == cid)
    for base in Multibase.all where base != .identity {
      #expect(try CID(cid.text(in: base)) == cid)
    }
  }

  @Test func codecsOfManyBytes() throws {
    let codec = Multicodec(rawValue: 0x1234_5678_9ABC)
    let hash = try Multihash(code: .init(rawValue: 0xB220), digest: data(20))
    let cid = try CID(version: .v1, codec: codec, multihash: hash)
    #expect(cid.codec == codec)
    #expect(cid.multihash == hash)
    #expect(cid.hashFunction == hash.code)
    #expect(try CID(bytes: cid.bytes) == cid)
    #expect(try CID(cid.description) == cid)
  }

  @Test func hashesAreVerified() throws {
    let bytes = data(1000)
    for cid in [sha256(bytes, .raw, .v1), sha256(bytes, .dagPB, .v0)] {
      #expect(try bytes.withUnsafeBytes { try cid.verifies($0) })
      #expect(try !bytes.dropLast().withUnsafeBytes { try cid.verifies($0) })
    }
    let identity = try CID(version: .v1, codec: .raw, multihash: Multihash(code: .identity, digest: [1, 2, 3]))
    #expect(try [UInt8]([1, 2, 3]).withUnsafeBytes { try identity.verifies($0) })
    #expect(try ![UInt8]([1, 2]).withUnsafeBytes { try identity.verifies($0) })
    let unknown = try CID(version: .v1, codec: .raw, multihash: Multihash(code: .init(rawValue: 0x99), digest: [1]))
    #expect { try bytes.withUnsafeBytes { try unknown.verifies($0) } } throws: {
      ($0 as? MultiformatsError)?.code == .unknownHashFunction
    }
  }

  @Test func impossiblePartsAreRefused() throws {
    let hash = try CID(Self.version0).multihash
    #expect { try CID(version: .v0, codec: .raw, multihash: hash) } throws: {
      ($0 as? MultiformatsError)?.code == .invalidVersion0
    }
    #expect { try CID(version: .v1, codec: Multicodec(rawValue: .max), multihash: hash) } throws: {
      ($0 as? MultiformatsError)?.code == .invalidVarint
    }
    #expect { try Multihash(code: .sha2_256, digest: [1, 2, 3]) } throws: {
      ($0 as? MultiformatsError)?.code == .invalidDigest
    }
  }

  @Test(
    arguments: [
      ([], .truncated), ([0x12], .unknownVersion), ([0x12, 0x20, 1, 2], .truncated),
      ([0x12, 0x20] + Array(repeating: 0, count: 33), .trailingBytes),
      ([0x00, 0x55, 0x00, 0x00], .unknownVersion), ([0x02, 0x55, 0x00, 0x00], .unknownVersion),
      ([0x01], .truncated), ([0x01, 0x55, 0x12, 0x20, 1], .truncated),
      ([0x01, 0x55, 0x00, 0x01, 7, 8], .trailingBytes),
      ([0x01, 0x55, 0x12, 0x03, 1, 2, 3], .invalidDigest),
      // The codec, the length and the version in a longer form.
      ([0x01, 0xD5, 0x00, 0x00, 0x00], .invalidVarint), ([0x01, 0x55, 0x00, 0x81, 0x00, 7], .invalidVarint),
      ([0x81, 0x00, 0x55, 0x00, 0x00], .invalidVarint),
      // A digest of 2^62 bytes.
      ([0x01, 0x55, 0x00, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40], .truncated),
    ] as [([UInt8], MultiformatsError.Code)])
  func refusedBytes(bytes: [UInt8], code: MultiformatsError.Code) {
    #expect { try CID(bytes: bytes) } throws: { ($0 as? MultiformatsError)?.code == code }
  }

  @Test(arguments: [
    "", "Q", "Qm", "hello", "/ipfs/" + version0, version0 + "x", String(version0.dropLast()), version1 + "a",
    String(version1.dropLast()), "b" + version1.dropFirst().uppercased(), "z" + version0,
    "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQ0",
  ])
  func refusedTexts(text: String) {
    #expect(throws: MultiformatsError.self) { try CID(text) }
  }

  @Test func upperCaseTextOfVersion1() throws {
    #expect(try CID("B" + Self.version1.dropFirst().uppercased()).description == Self.version1)
  }

  @Test func orderAndHashAreThoseOfTheBytes() throws {
    let cids = (0..<100).map { sha256(data($0), .raw, .v1) }
    #expect(cids.sorted().map(\.bytes) == cids.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) })
    #expect(Set(cids + cids).count == 100)
  }

  @Test func jsonIsTheText() throws {
    let cids = try [CID(Self.version0), CID(Self.version1)]
    let json = try JSONEncoder().encode(cids)
    #expect(String(decoding: json, as: UTF8.self) == "[\"\(Self.version0)\",\"\(Self.version1)\"]")
    #expect(try JSONDecoder().decode([CID].self, from: json) == cids)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode([CID].self, from: Data("[\"Qm\"]".utf8)) }
  }
}
