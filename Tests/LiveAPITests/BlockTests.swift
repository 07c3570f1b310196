import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `block/…`.
  struct BlockTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.inProcess) }

    @Test func aBlockIsStoredReadAndRemoved() async throws {
      let bytes = Sample.bytes(1_000)
      let put = try await client.block.put(.bytes(bytes))
      #expect(put.size == 1_000)
      #expect(put.cid == bytes.withUnsafeBytes { CID.sha256(of: $0, codec: .raw) })
      #expect(try await client.block.get(put.cid).collect() == bytes)
      #expect(try await client.block.get("/ipfs/\(put.cid)", offline: true).collect() == bytes)
      #expect(try await client.block.stat(put.cid) == put)
      let removed = try await client.block.rm(put.cid).collect()
      #expect(removed.map(\.cid) == [put.cid] && removed.first?.error == nil)
      let error = try await failure { try await client.block.get(put.cid, offline: true).collect() }
      #expect(error.code == .errorResponse && error.reason == .notLocal && error.command == "block/get")
      #expect(error.message.contains(put.cid.description))
    }

    @Test func anEmptyBlock() async throws {
      let put = try await client.block.put(.bytes([]))
      #expect(put.size == 0)
      #expect(try await client.block.get(put.cid).collect().isEmpty)
    }

    @Test func severalBlocks() async throws {
      let contents = (1...3).map { Sample.bytes(100 * $0) }
      let stats = try await client.block.put(contents.map { .bytes($0) }).collect()
      #expect(stats.map(\.size) == [100, 200, 300])
      for (stat, bytes) in zip(stats, contents) { #expect(try await client.block.get(stat.cid).collect() == bytes) }
      let paths: [any ContentPath] = stats.map(\.cid)
      #expect(try await client.block.rm(paths).collect().map(\.cid) == stats.map(\.cid))
    }

    @Test func codecsAndHashes() async throws {
      let bytes = Sample.bytes(64)
      let sha = try await client.block.put(.bytes(bytes), mhtype: "sha2-512")
      #expect(sha.cid.multihash.digest.count == 64 && sha.cid.codec == .raw)
      let blake = try await client.block.put(.bytes(bytes), mhtype: "blake2b-256", mhlen: 32)
      #expect(Set([sha.cid, blake.cid]).count == 2)
      #expect(try await client.block.get(blake.cid).collect() == bytes)

      // An empty directory.
      let directory = try await client.block.put(.bytes([0x0a, 0x02, 0x08, 0x01]), cidCodec: "dag-pb")
      #expect(directory.cid.codec == .dagPB)
      let old = try await client.block.put(.bytes([0x0a, 0x02, 0x08, 0x01]), format: "v0")
      #expect(old.cid.description == "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn")
      #expect(old.cid.multihash == directory.cid.multihash)
      let both = try await failure {
        try await client.block.put(.bytes([0x0a, 0x02, 0x08, 0x01]), cidCodec: "dag-pb", format: "v0")
      }
      #expect(both.code == .errorResponse && both.message.contains("at the same time"))
      let unknown = try await failure { try await client.block.put(.bytes(bytes), mhtype: "nosuch") }
      #expect(unknown.code == .errorResponse)
    }

    @Test func whatIsPinnedStays() async throws {
      let put = try await client.block.put(.bytes(Sample.bytes(50)), pin: true)
      try await tidying {
        try await client.pin.rm(put.cid)
      } after: {
        #expect(try await client.pin.ls(put.cid).collect().map(\.kind) == [.recursive])
        let refused = try await client.block.rm(put.cid).collect()
        #expect(refused.map(\.cid) == [put.cid] && refused.first?.error?.contains("pinned") == true)
        #expect(try await client.block.stat(put.cid, offline: true) == put)
      }
      #expect(try await client.block.rm(put.cid, quiet: true).collect().isEmpty)
    }

    @Test func whatIsNotThere() async throws {
      let absent = Sample.absentCID()
      let removed = try await client.block.rm(absent).collect()
      #expect(removed.map(\.cid) == [absent] && removed.first?.error != nil)
      let forced = try await client.block.rm(absent, force: true).collect()
      #expect(forced.map(\.cid) == [absent] && forced.first?.error == nil)
      let stat = try await failure { try await client.block.stat(absent, offline: true) }
      #expect(stat.reason == .notLocal && stat.command == "block/stat")
      let nonsense = try await failure { try await client.block.get("nonsense").collect() }
      #expect(nonsense.message.contains("invalid path"))
    }

    @Test func blocksThatAreTooBigForOthers() async throws {
      let bytes = Sample.bytes(3 << 20)
      let error = try await failure { try await client.block.put(.bytes(bytes)) }
      #expect(error.code == .errorResponse && error.message.contains("allow-big-block"))
      let put = try await client.block.put(.bytes(bytes), allowBigBlock: true)
      #expect(put.size == 3 << 20)
      #expect(try await client.block.get(put.cid).collect() == bytes)
      #expect(try await client.block.rm(put.cid).collect().first?.error == nil)
    }
  }
}
