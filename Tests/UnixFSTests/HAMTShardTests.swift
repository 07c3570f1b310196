import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// Sharded directories that no writer builds.
@Suite struct HAMTShardTests {
  private static let cid = data(3).withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }

  private static func link(_ name: String, _ cid: CID = cid) -> DAGPBNode.Link {
    DAGPBNode.Link(cid: cid, name: Array(name.utf8), tsize: 3)
  }

  private static func node(
    _ links: [DAGPBNode.Link], bits: [UInt8]?, hashType: UInt64? = 0x22, fanout: UInt64? = 256,
    kind: UnixFSNode.Kind = .hamtShard
  ) -> [UInt8] {
    let node = UnixFSNode(kind: kind, data: bits, hashType: hashType, fanout: fanout)
    return DAGPBNode(links: links, data: node.encoded()).encoded()
  }

  /// A bitfield of 256 slots with some of them taken.
  private static func bits(_ slots: Int...) -> [UInt8] {
    var bits = [UInt8](repeating: 0, count: 32)
    for slot in slots { bits[31 - slot / 8] |= 1 << UInt8(slot % 8) }
    return bits
  }

  /// The slot of a name in the root, found by building a directory of it.
  private static func slot(of name: String) async throws -> Int {
    let store = MemoryBlockStore()
    let profile = try ImportProfile(
      chunker: .fixed(1), cidVersion: .v1, rawLeaves: true, maxFileLinks: 2,
      sharding: .init(threshold: 1, estimate: .links))
    let root = try await DirectoryWriter(profile: profile, store: store).build([
      DirectoryEntry(name: EntryName(name), cid: cid, tsize: 3)
    ]).root
    let link = try #require(DAGPBNode(decoding: await store.block(root.cid).data).links.first)
    return try #require(Int(String(decoding: link.name.prefix(2), as: UTF8.self), radix: 16))
  }

  private static func expectRefusal(
    _ bytes: [UInt8], _ code: UnixFSError.Code, _ comment: Comment, in store: MemoryBlockStore = MemoryBlockStore(),
    sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    let cid = store.add(bytes)
    await #expect(comment, sourceLocation: sourceLocation) {
      _ = try await DirectoryReader(source: store).list(cid)
    } throws: { ($0 as? UnixFSError)?.code == code }
  }

  /// Known values of MurmurHash3: with and without whole blocks, with tails of both halves.
  @Test(
    arguments: [
      ("", 0), ("hello", 0xcbd8_a7b3_41bd_9b02), ("hello, world", 0x342f_ac62_3a5e_bc8e),
      ("19 Jan 2038 at 3:14:07 AM", 0xb89e_5988_b737_affc),
      ("The quick brown fox jumps over the lazy dog.", 0xcd99_481f_9ee9_02c9),
    ] as [(String, UInt64)])
  func hash(name: String, value: UInt64) {
    #expect(HAMTHash(EntryName(name)).value == value)
  }

  @Test func contradictions() async throws {
    await Self.expectRefusal(Self.node([Self.link("01a")], bits: Self.bits(1, 2)), .malformed, "fewer links than slots")
    await Self.expectRefusal(
      Self.node([Self.link("01a"), Self.link("02b")], bits: Self.bits(1)), .malformed, "more links than slots")
    await Self.expectRefusal(Self.node([Self.link("01a")], bits: nil), .malformed, "no bitfield")
    await Self.expectRefusal(Self.node([Self.link("01a")], bits: Self.bits(2)), .malformed, "link of another slot")
    await Self.expectRefusal(Self.node([Self.link("0aname")], bits: Self.bits(10)), .malformed, "lower-case slot")
    await Self.expectRefusal(
      Self.node([Self.link("0")], bits: Self.bits(0)), .malformed, "link name shorter than a slot")
    await Self.expectRefusal(Self.node([Self.link("")], bits: Self.bits(0)), .malformed, "empty link name")
    await Self.expectRefusal(
      Self.node([Self.link("01a")], bits: [1] + Self.bits(1)), .malformed, "bitfield of 33 bytes")
    await Self.expectRefusal(Self.node([], bits: nil, hashType: 0x12), .unsupported, "another hash function")
    await Self.expectRefusal(Self.node([], bits: nil, hashType: nil), .unsupported, "no hash function")
    for fanout in [0, 1, 4, 7, 100, 255, 2048, 1 << 40, UInt64.max] {
      await Self.expectRefusal(Self.node([], bits: nil, fanout: fanout), .malformed, "fanout \(fanout)")
    }
    await Self.expectRefusal(Self.node([], bits: nil, fanout: nil), .malformed, "no fanout")
    await Self.expectRefusal(Self.node([], bits: nil, kind: .file), .wrongKind, "a file")
  }

  @Test func emptyRootIsAnEmptyDirectory() async throws {
    let store = MemoryBlockStore()
    for bits in [nil, [], Self.bits()] {
      let cid = store.add(Self.node([], bits: bits))
      #expect(try await DirectoryReader(source: store).list(cid).isEmpty)
    }
  }

  @Test func entryMustBeInTheSlotOfItsHash() async throws {
    let store = MemoryBlockStore()
    let slot = try await Self.slot(of: "name")
    let hex = { (slot: Int) in (slot < 16 ? "0" : "") + String(slot, radix: 16, uppercase: true) }
    let right = store.add(Self.node([Self.link(hex(slot) + "name")], bits: Self.bits(slot)))
    #expect(try await DirectoryReader(source: store).list(right).map(\.name) == ["name"])
    let wrong = (slot + 1) % 256
    await Self.expectRefusal(
      Self.node([Self.link(hex(wrong) + "name")], bits: Self.bits(wrong)), .malformed, "the next slot", in: store)
    // The right slot, one level too deep.
    let inner = store.add(Self.node([Self.link(hex(slot) + "name")], bits: Self.bits(slot)))
    await Self.expectRefusal(
      Self.node([Self.link(hex(wrong), inner)], bits: Self.bits(wrong)), .malformed, "below another slot", in: store)
  }

  @Test func shardsBelow() async throws {
    let store = MemoryBlockStore()
    let empty = store.add(Self.node([], bits: nil))
    await Self.expectRefusal(Self.node([Self.link("00", empty)], bits: Self.bits(0)), .malformed, "empty", in: store)
    let file = store.add(Self.node([], bits: nil, kind: .file))
    await Self.expectRefusal(Self.node([Self.link("00", file)], bits: Self.bits(0)), .malformed, "file", in: store)
    let narrow = store.add(Self.node([Self.link("0a")], bits: [1], fanout: 16))
    await Self.expectRefusal(Self.node([Self.link("00", narrow)], bits: Self.bits(0)), .malformed, "width", in: store)
  }

  /// A tower of shards that all link one shard in every slot would list for ever.
  @Test func towersEnd() async throws {
    let store = MemoryBlockStore()
    let slots = (0..<256).map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
    var tower = store.add(Self.node([Self.link("00a")], bits: Self.bits(0)))
    for _ in 0..<100 {
      tower = store.add(Self.node(slots.map { Self.link($0, tower) }, bits: Array(repeating: 0xFF, count: 32)))
    }
    store.resetCounts()
    let reader = DirectoryReader(source: store)
    await #expect { _ = try await reader.list(tower) } throws: { ($0 as? UnixFSError)?.code == .tooDeep }
    #expect(store.loads.count <= 9)
    // A lookup follows one path, as long as its hash.
    #expect(try await reader.lookup("a", in: tower) == nil)

    // Changes do not go deeper either.
    let writer = DirectoryWriter(profile: .unixfsV1_2025, store: store)
    let change = DirectoryEntry(name: "a", cid: Self.cid, tsize: 3)
    await #expect { _ = try await writer.update(tower, changes: ["a": change]) } throws: {
      ($0 as? UnixFSError)?.code == .tooDeep
    }
    await #expect { _ = try await writer.update(tower, changes: ["a": DirectoryEntry?.none]) } throws: {
      ($0 as? UnixFSError)?.code == .tooDeep
    }
  }

  /// Changed shards are refused or list what they hold; nothing traps.
  @Test func mutatedShards() async throws {
    var random = SeededGenerator(seed: 6)
    let store = MemoryBlockStore()
    let profile = try ImportProfile(
      chunker: .fixed(1), cidVersion: .v1, rawLeaves: true, maxFileLinks: 2,
      sharding: .init(fanout: 16, threshold: 100, estimate: .block))
    let entries = (0..<40).map { DirectoryEntry(name: EntryName("name \($0)"), cid: Self.cid, tsize: 1) }
    let root = try await DirectoryWriter(profile: profile, store: store).build(entries).root
    let bytes = try await store.block(root.cid).data
    let writer = DirectoryWriter(profile: profile, store: store)
    var listed = 0
    for _ in 0..<3000 {
      let cid = store.add(mutated(bytes, using: &random))
      if let found = try? await DirectoryReader(source: store).list(cid) {
        listed += 1
        #expect(Set(found.map(\.name)).count == found.count)
      }
      _ = try? await DirectoryReader(source: store).lookup("name 7", in: cid)
      _ = try? await writer.update(cid, changes: ["name 7": DirectoryEntry?.none, "new": nil])
    }
    #expect(listed > 20)
  }
}
