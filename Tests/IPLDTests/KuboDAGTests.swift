import Foundation
import IPLD
import Multiformats
import TestSupport
import Testing

/// What a real Kubo answered to `dag/put` and `dag/get`.
@Suite struct KuboDAGTests {
  static let everyKind =
    #"{"a":1,"b":[true,null,"x",{"/":{"bytes":"aGk"}}],"l":{"/":"QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"}}"#

  /// `dag/put`: input, store-codec, hash, CID.
  @Test(arguments: [
    (everyKind, "dag-cbor", "sha2-256", "bafyreihrrqsdjsit2ot2h65yk6y63lyof45uzat34lvckaetyuyjqdr6ci"),
    (#"{"pinned":true}"#, "dag-cbor", "sha2-256", "bafyreiaiwusum62qxhqckii2h7pv4hhkao4hxbnlvmxahk2qktbmp7rj2q"),
    (#"{"b":2,"a":1}"#, "dag-json", "sha2-256", "baguqeeraimsyz73yh7tqg3mkimbt7ayk37da5qbxhashgveky5blrcbje53q"),
    (
      #"{"b":2,"a":1}"#, "dag-cbor", "sha2-512",
      "bafyrgqc7wtjlgmoigs5nczsl3rm26j35ie4n3p44ezhyofmg6nrkecrluf5hgt6h2tuqcq2wjnpzmacvpbto672h5yxwrjegvnkrs2moqksls"
    ),
    (
      #"{"Data":{"/":{"bytes":"CAE"}},"Links":[]}"#, "dag-pb", "sha2-256",
      "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"
    ),
    (
      #"{"f":1.5,"n":-7,"big":9007199254740993,"u":"é"}"#, "dag-cbor", "sha2-256",
      "bafyreidledtt7vwru4fmmsghig66mfmdbgn26oudqwujom6ndquedz2hgy"
    ),
  ])
  func put(input: String, codecName: String, functionName: String, expected: String) throws {
    let codec = try #require(Multicodec(name: codecName))
    let block = try DAGJSON.decode(Array(input.utf8)).encoded(as: codec)
    let cid = try block.withUnsafeBytes {
      try CID(hashing: $0, codec: codec, function: #require(Multihash.Code(name: functionName)))
    }
    #expect(cid.description == expected)
    // And back, as `dag/get` has it.
    #expect(try IPLDValue(decoding: block, as: codec) == DAGJSON.decode(Array(input.utf8)))
  }

  @Test func get() throws {
    let value = try DAGJSON.decode(Array(Self.everyKind.utf8))
    let again = try IPLDValue(decoding: value.encoded(as: .dagCBOR), as: .dagCBOR)
    #expect(String(decoding: try DAGJSON.encode(again), as: UTF8.self) == Self.everyKind)
  }

  /// A directory, in the three codecs in which Kubo gave it.
  @Test func directory() throws {
    let json =
      #"{"Data":{"/":{"bytes":"CAE"}},"Links":[{"Hash":{"/":"Qmbvkmk9LFsGneteXk3G7YLqtLVME566ho6ibaQZZVHaC9"},"Name":"a","Tsize":10},"#
      + #"{"Hash":{"/":"QmYK7dA9iTDSmYvSbEWFBkKLAtxNWkveYfEPptHimToKVJ"},"Name":"sub","Tsize":57}]}"#
    let cbor = try #require(
      Data(
        base64Encoded:
          "omREYXRhQggBZUxpbmtzgqNkSGFzaNgqWCMAEiDJ5IhewHYd0SBPKRuJNIijwWFc0OyU4p67SAqCi/qy6mROYW1lYWFlVHNpemUKo2RIYXNo2CpYIwAS"
          + "IJQwI+LjjnMCuOIqmhoS64vGOOcIi8iDPKfFMcwkOJKBZE5hbWVjc3ViZVRzaXplGDk="))
    let value = try DAGCBOR.decode(Array(cbor))
    #expect(String(decoding: try DAGJSON.encode(value), as: UTF8.self) == json)
    let block = try value.encoded(as: .dagPB)
    let cid = try block.withUnsafeBytes { try CID(hashing: $0, codec: .dagPB, version: .v0) }
    #expect(cid.description == "QmYiS2ZCpXVuYuigAXpwnmhop43cUa56PssBqwZGwBqJEx")
    #expect(try IPLDValue(decoding: block, as: .dagPB) == value)
    #expect(try Block.links(in: block, codec: .dagPB) == value.links)
  }

  @Test(
    arguments: [
      ("[]", .invalidSyntax), ("{}", .missingField), (#"{"Links":1}"#, .invalidSyntax),
      (#"{"Links":[],"Other":1}"#, .unknownField),
      (#"{"Links":[{}]}"#, .missingField), (#"{"Links":[1]}"#, .invalidSyntax),
      (#"{"Links":[{"Hash":{"/":"QmYK7dA9iTDSmYvSbEWFBkKLAtxNWkveYfEPptHimToKVJ"},"Tsize":-1}]}"#, .invalidSyntax),
      (#"{"Links":[{"Hash":{"/":"QmYK7dA9iTDSmYvSbEWFBkKLAtxNWkveYfEPptHimToKVJ"},"Size":1}]}"#, .unknownField),
    ] as [(String, IPLDError.Code)])
  func valuesThatAreNoNode(json: String, code: IPLDError.Code) throws {
    let value = try DAGJSON.decode(Array(json.utf8))
    #expect { try value.encoded(as: .dagPB) } throws: { ($0 as? IPLDError)?.code == code }
  }

  @Test func otherCodecsAreRefused() throws {
    for code in [Multicodec.cbor, Multicodec(rawValue: 0x78)] {
      #expect { try IPLDValue.null.encoded(as: code) } throws: { ($0 as? IPLDError)?.code == .unsupportedCodec }
      #expect { try IPLDValue(decoding: [0xF6], as: code) } throws: { ($0 as? IPLDError)?.code == .unsupportedCodec }
    }
    #expect { try IPLDValue.null.encoded(as: .raw) } throws: { ($0 as? IPLDError)?.code == .unsupportedCodec }
    #expect(try IPLDValue.bytes([1]).encoded(as: .raw) == [1])
    let name = DAGPBNode(links: [.init(cid: DAGCBORTests.cid, name: [0xFF], tsize: 0)])
    #expect { try IPLDValue(decoding: name.encoded(), as: .dagPB) } throws: { ($0 as? IPLDError)?.code == .invalidText }
  }
}
