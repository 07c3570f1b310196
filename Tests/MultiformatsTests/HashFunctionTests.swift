import Multiformats
import TestSupport
import Testing

@Suite struct HashFunctionTests {
  private func digest(_ bytes: [UInt8], _ name: String) throws -> String {
    let code = try #require(Multihash.Code(name: name))
    return hex(try bytes.withUnsafeBytes { try Multihash(hashing: $0, with: code) }.digest)
  }

  private func hex(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Digests of "abc" from the functions' specifications.
  @Test(arguments: [
    ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
    ("sha2-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "sha2-512",
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
    ),
    ("sha3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
    (
      "sha3-384",
      "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25"
    ),
    (
      "sha3-512",
      "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
        + "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"
    ),
    ("blake2b-256", "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"),
    (
      "blake2b-512",
      "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
        + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
    ),
    ("blake3", "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"),
    ("dbl-sha2-256", "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358"),
    ("identity", "616263"),
  ])
  func digestsOfSpecifications(name: String, expected: String) throws {
    #expect(try digest(Array("abc".utf8), name) == expected)
  }

  /// The vectors that come with BLAKE3: input is 0, 1, … 250, 0, 1, …
  @Test(arguments: [
    (0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"),
    (1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213"),
    (63, "e9bc37a594daad83be9470df7f7b3798297c3d834ce80ba85d6e207627b7db7b"),
    (64, "4eed7141ea4a5cd4b788606bd23f46e212af9cacebacdc7d1f4c6dc7f2511b98"),
    (65, "de1e5fa0be70df6d2be8fffd0e99ceaa8eb6e8c93a63f2d8d1c30ecb6b263dee"),
    (127, "d81293fda863f008c09e92fc382a81f5a0b4a1251cba1634016a0f86a6bd640d"),
    (128, "f17e570564b26578c33bb7f44643f539624b05df1a76c81f30acd548c44b45ef"),
    (129, "683aaae9f3c5ba37eaaf072aed0f9e30bac0865137bae68b1fde4ca2aebdcb12"),
    (1023, "10108970eeda3eb932baac1428c7a2163b0e924c9a9e25b35bba72b28f70bd11"),
    (1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7"),
    (1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444"),
    (2048, "e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a"),
    (2049, "5f4d72f40d7a5f82b15ca2b2e44b1de3c2ef86c426c95c1af0b6879522563030"),
    (3072, "b98cb0ff3623be03326b373de6b9095218513e64f1ee2edd2525c7ad1e5cffd2"),
    (3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3"),
    (4096, "015094013f57a5277b59d8475c0501042c0b642e531b0a1c8f58d2163229e969"),
    (4097, "9b4052b38f1c5fc8b1f9ff7ac7b27cd242487b3d890d15c96a1c25b8aa0fb995"),
    (5120, "9cadc15fed8b5d854562b26a9536d9707cadeda9b143978f319ab34230535833"),
    (5121, "628bd2cb2004694adaab7bbd778a25df25c47b9d4155a55f8fbd79f2fe154cff"),
    (6144, "3e2e5b74e048f3add6d21faab3f83aa44d3b2278afb83b80b3c35164ebeca205"),
    (6145, "f1323a8631446cc50536a9f705ee5cb619424d46887f3c376c695b70e0f0507f"),
    (7168, "61da957ec2499a95d6b8023e2b0e604ec7f6b50e80a9678b89d2628e99ada77a"),
    (7169, "a003fc7a51754a9b3c7fae0367ab3d782dccf28855a03d435f8cfe74605e7817"),
    (8192, "aae792484c8efe4f19e2ca7d371d8c467ffb10748d8a5a1ae579948f718a2a63"),
    (8193, "bab6c09cb8ce8cf459261398d2e7aef35700bf488116ceb94a36d0f5f1b7bc3b"),
    (16384, "f875d6646de28985646f34ee13be9a576fd515f76b5b0a26bb324735041ddde4"),
    (31744, "62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47"),
    (102400, "bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"),
  ])
  func blake3(length: Int, expected: String) throws {
    #expect(try digest((0..<length).map { UInt8($0 % 251) }, "blake3") == expected)
  }

  /// The first of those vectors has more bytes.
  @Test func blake3OfMoreBytes() throws {
    let digest =
      "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262e00f03e7b69af26b7faaf09fcd333050338ddfe085b8cc86"
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digest.count, by: 2) {
      let start = digest.index(digest.startIndex, offsetBy: index)
      bytes.append(try #require(UInt8(digest[start...].prefix(2), radix: 16)))
    }
    let cid = try CID(version: .v1, codec: .raw, multihash: Multihash(code: .blake3, digest: bytes))
    #expect(try [].withUnsafeBytes { try cid.verifies($0) })
    #expect(try ![0].withUnsafeBytes { try cid.verifies($0) })
  }

  @Test func blocksAreNamedByEveryFunction() throws {
    let bytes = data(100)
    for function in Multihash.Code.all {
      let cid = try bytes.withUnsafeBytes { try CID(hashing: $0, codec: .dagPB, function: function) }
      #expect(cid.hashFunction == function)
      #expect(cid.codec == .dagPB)
      #expect(try CID(cid.description) == cid)
      #expect(try bytes.withUnsafeBytes { try cid.verifies($0) })
      #expect(try !data(100, seed: "other").withUnsafeBytes { try cid.verifies($0) })
      #expect(Multihash.Code(name: try #require(function.name)) == function)
    }
    #expect(Multihash.Code.all.compactMap(\.name).count == Set(Multihash.Code.all.compactMap(\.name)).count)
    #expect(Multihash.Code(name: "md5") == nil)
    #expect(Multihash.Code(rawValue: 0xD5).name == nil)
  }

  @Test func version0IsSHA256Alone() throws {
    let bytes = data(100)
    let cid = try bytes.withUnsafeBytes { try CID(hashing: $0, codec: .dagPB, version: .v0) }
    #expect(cid == bytes.withUnsafeBytes { CID.sha256(of: $0, codec: .dagPB, version: .v0) })
    for (codec, function) in [(Multicodec.raw, Multihash.Code.sha2_256), (.dagPB, .sha1), (.dagPB, .blake3)] {
      #expect {
        try bytes.withUnsafeBytes { try CID(hashing: $0, codec: codec, version: .v0, function: function) }
      } throws: { ($0 as? MultiformatsError)?.code == .invalidVersion0 }
    }
  }

  /// A digest may be cut to 20 bytes, as Kubo allows it.
  @Test func cutDigests() throws {
    let bytes = data(5000)
    for function in Multihash.Code.all where function != .identity {
      let whole = try bytes.withUnsafeBytes { try Multihash(hashing: $0, with: function) }.digest
      let cut = try Multihash(code: function, digest: Array(whole.prefix(20)))
      let cid = try CID(version: .v1, codec: .raw, multihash: cut)
      #expect(try bytes.withUnsafeBytes { try cid.verifies($0) })
      #expect(try !data(4999).withUnsafeBytes { try cid.verifies($0) })
      for digest in [Array(whole.prefix(19)), whole + [UInt8](repeating: 0, count: 129 - whole.count)] {
        #expect { try Multihash(code: function, digest: digest) } throws: {
          ($0 as? MultiformatsError)?.code == .invalidDigest
        }
      }
    }
  }

  @Test func dataInANameAreFew() throws {
    let most = try data(128).withUnsafeBytes { try CID(hashing: $0, codec: .raw, function: .identity) }
    #expect(try data(128).withUnsafeBytes { try most.verifies($0) })
    #expect { try data(129).withUnsafeBytes { try CID(hashing: $0, codec: .raw, function: .identity) } } throws: {
      ($0 as? MultiformatsError)?.code == .invalidDigest
    }
    // It can be read, so that its node can be listed.
    let more = try CID(version: .v1, codec: .raw, multihash: Multihash(code: .identity, digest: data(129)))
    #expect { try data(129).withUnsafeBytes { try more.verifies($0) } } throws: {
      ($0 as? MultiformatsError)?.code == .invalidDigest
    }
  }

  @Test func codecsHaveNames() {
    for name in ["raw", "dag-pb", "dag-cbor", "dag-json", "libp2p-key"] {
      #expect(Multicodec(name: name)?.name == name)
    }
    #expect(Multicodec(name: "dag-pb") == .dagPB)
    #expect(Multicodec(name: "protobuf") == nil)
    #expect(Multicodec(rawValue: 1 << 40).name == nil)
  }
}
