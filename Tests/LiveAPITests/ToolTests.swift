import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `cid/…` and `multibase/…`.
  struct ToolTests {
    private static let hello = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"
    private static let hello1 = "bafybeicg2rebjoofv4kbyovkw7af3rpiitvnl6i7ckcywaq6xjcxnc2mby"

    let client: Client

    init() throws { client = try LiveDaemon.client(.inProcess) }

    @Test func otherFormsOfCIDs() async throws {
      let base32 = try await client.cid.base32(Self.hello, Self.hello1).collect()
      #expect(base32.map(\.cid) == [Self.hello, Self.hello1] && base32.map(\.formatted) == [Self.hello1, Self.hello1])
      let format = try await client.cid.format(Self.hello, version: 1, base: "base16").collect()
      #expect(format.first?.formatted == (try CID(Self.hello1)).text(in: .base16))
      let back = try await client.cid.format(Self.hello1, format: "%s", version: 0).collect()
      #expect(back.map(\.formatted) == [Self.hello])
      let parts = try await client.cid.format(Self.hello, format: "%c-%h-%L").collect()
      #expect(parts.map(\.formatted) == ["dag-pb-sha2-256-32"])
      let codec = try await client.cid.format(Self.hello1, codec: "raw").collect()
      #expect(codec.first.flatMap { try? CID($0.formatted) }?.codec == .raw)
      let none = try await client.cid.base32("nonsense").collect()
      #expect(none.first?.formatted == "" && none.first?.error != nil)
    }

    @Test func aCIDIsTakenApart() async throws {
      let cid = try await client.cid.inspect(Self.hello)
      #expect(cid.cid == Self.hello && cid.version == 0 && cid.cidV1 == Self.hello1 && cid.error == nil)
      #expect(cid.multicodec.name == "dag-pb" && cid.multihash.name == "sha2-256" && cid.multihash.length == 32)
      #expect(cid.multibase.name == "base58btc" && cid.multihash.code == 0x12)
      let raw = try await client.cid.inspect("bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4")
      #expect(raw.version == 1 && raw.cidV0 == nil && raw.multibase.prefix == "b" && raw.multicodec.code == 0x55)
      let none = try await client.cid.inspect("nonsense")
      #expect(none.error != nil)
    }

    @Test func namesOfCodes() async throws {
      let bases = try await client.cid.bases()
      #expect(bases.contains { $0.name == "base58btc" && $0.code == UInt64(UInt8(ascii: "z")) })
      #expect(Set(try await client.cid.bases(prefix: true, numeric: true).map(\.name)) == Set(bases.map(\.name)))
      let codecs = try await client.cid.codecs()
      #expect(codecs.contains { $0.name == "dag-cbor" && $0.code == 0x71 })
      let supported = try await client.cid.codecs(supported: true)
      #expect(Set(["raw", "dag-pb", "dag-cbor", "dag-json"]).isSubset(of: supported.map(\.name)))
      #expect(supported.count < codecs.count)
      let hashes = try await client.cid.hashes()
      #expect(hashes.contains { $0.name == "sha2-256" && $0.code == 0x12 })
      #expect(hashes.contains { $0.name == "blake3" && $0.code == 0x1e })
    }

    @Test func textsOfBases() async throws {
      let bytes = Sample.bytes(1_000)
      let encoded = try await client.multibase.encode(.bytes(bytes)).text()
      #expect(encoded == Multibase.base64URL.encode(bytes))
      #expect(try await client.multibase.decode(.text(encoded)).collect() == bytes)
      let hex = try await client.multibase.transcode(.text(encoded), base: "base16").text()
      #expect(hex == Multibase.base16.encode(bytes))
      let base58 = try await client.multibase.encode(.bytes(Array(bytes.prefix(40))), base: "base58btc").text()
      #expect(try Multibase.decode(base58).bytes == Array(bytes.prefix(40)))
      #expect(try await client.multibase.list().contains { $0.name == "base64url" && $0.code == 117 })
      let unknown = try await failure { try await client.multibase.encode(.bytes(bytes), base: "nosuch").collect() }
      #expect(unknown.code == .errorResponse)
      let nonsense = try await failure { try await client.multibase.decode(.text("~~~")).collect() }
      #expect(nonsense.code == .errorResponse && nonsense.command == "multibase/decode")
    }
  }
}
