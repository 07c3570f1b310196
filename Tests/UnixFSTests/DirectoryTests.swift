import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

@Suite struct DirectoryTests {
  private static let cid = data(3).withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }

  private static func entry(_ name: String, tsize: UInt64 = 3) -> DirectoryEntry {
    DirectoryEntry(name: EntryName(name), cid: cid, tsize: tsize)
  }

  private static func entries(_ count: Int) -> [DirectoryEntry] {
    (0..<count).map { entry("name \($0)", tsize: UInt64($0)) }
  }

  private static func profile(
    fanout: Int = 256, threshold: Int = 256 << 10, estimate: ImportProfile.Sharding.Estimate = .block,
    version: CID.Version = .v1
  ) throws -> ImportProfile {
    try ImportProfile(
      chunker: .fixed(1 << 20), cidVersion: version, rawLeaves: true, maxFileLinks: 1024,
      sharding: .init(fanout: fanout, threshold: threshold, estimate: estimate))
  }

  private static func kind(_ root: DAGRoot, in store: MemoryBlockStore) async throws -> UnixFSNode.Kind {
    let node = try DAGPBNode(decoding: await store.block(root.cid).data)
    return try UnixFSNode(decoding: node.data ?? []).kind
  }

  /// The exact size of the block decides: one byte over the threshold is a HAMT.
  @Test(arguments: [0, 1, 130, 300])
  func blockEstimateIsTheBlock(tsize: UInt64) async throws {
    let store = MemoryBlockStore()
    let entries = Self.entries(40) + [Self.entry("last", tsize: tsize)]
    let basic = try await DirectoryWriter(profile: Self.profile(), store: store).build(entries)
    let size = try await store.block(basic.root.cid).data.count
    for (threshold, kind) in [(size, UnixFSNode.Kind.directory), (size - 1, .hamtShard)] {
      let writer = DirectoryWriter(profile: try Self.profile(threshold: threshold), store: store)
      #expect(try await Self.kind(writer.build(entries).root, in: store) == kind)
    }
  }

  @Test func linkEstimateIsNamesAndCIDs() async throws {
    let store = MemoryBlockStore()
    let entries = Self.entries(40)
    let size = entries.reduce(0) { $0 + $1.name.bytes.count + $1.cid.bytes.count }
    for (threshold, kind) in [(size, UnixFSNode.Kind.directory), (size - 1, .hamtShard)] {
      let writer = DirectoryWriter(profile: try Self.profile(threshold: threshold, estimate: .links), store: store)
      #expect(try await Self.kind(writer.build(entries).root, in: store) == kind)
    }
  }

  @Test func thresholdZeroNeverShards() async throws {
    let store = MemoryBlockStore()
    let writer = DirectoryWriter(profile: try Self.profile(threshold: 0), store: store)
    #expect(try await Self.kind(writer.build(Self.entries(500)).root, in: store) == .directory)
  }

  /// Whatever was added, replaced and removed, in whichever steps: the directory is the one of its entries.
  @Test(arguments: 0..<16 as Range<UInt64>)
  func randomChanges(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let store = MemoryBlockStore()
    // At some twenty entries it turns into a HAMT.
    let profile = try Self.profile(
      fanout: [8, 16, 256].randomElement(using: &random) ?? 8, threshold: 1200,
      estimate: seed % 2 == 0 ? .block : .links, version: seed % 3 == 0 ? .v0 : .v1)
    let writer = DirectoryWriter(profile: profile, store: store)
    var model: [EntryName: DirectoryEntry] = [:]
    var root = try await writer.build([]).root
    var kinds: Set<UnixFSNode.Kind> = []
    for step in 0..<60 {
      var changes: [EntryName: DirectoryEntry?] = [:]
      // Grows and shrinks in turns.
      let isGrowing = step / 10 % 2 == 0
      for _ in 0..<Int.random(in: 0...20, using: &random) {
        let entry = Self.entry(
          "name \(Int.random(in: 0..<150, using: &random))", tsize: .random(in: 0..<999, using: &random))
        let isAdded = Int.random(in: 0..<4, using: &random) != 0 ? isGrowing : !isGrowing
        changes.updateValue(isAdded ? entry : nil, forKey: entry.name)
        if !isAdded, let name = model.keys.sorted().randomElement(using: &random) {
          changes.updateValue(nil, forKey: name)
        }
      }
      for (name, entry) in changes { model[name] = entry }
      let previous = root
      root = try await writer.update(root.cid, changes: changes).root
      let built = try await DirectoryWriter(profile: profile, store: MemoryBlockStore()).build(Array(model.values)).root
      try #require(root == built, "step \(step): \(model.count) entries")
      if changes.isEmpty { #expect(root == previous) }
      kinds.insert(try await Self.kind(root, in: store))
      #expect(try await Set(DirectoryReader(source: store).list(root.cid)) == Set(model.values))
    }
    #expect(kinds == [.directory, .hamtShard])
  }

  @Test func lookup() async throws {
    let store = MemoryBlockStore()
    let entries = Self.entries(2000)
    for threshold in [1 << 20, 1000] {
      let writer = DirectoryWriter(profile: try Self.profile(fanout: 16, threshold: threshold), store: store)
      let root = try await writer.build(entries).root
      let reader = DirectoryReader(source: store)
      for entry in entries.prefix(200) {
        #expect(try await reader.lookup(entry.name, in: root.cid) == entry)
      }
      #expect(try await reader.lookup("name", in: root.cid) == nil)
      #expect(try await reader.lookup("", in: root.cid) == nil)
    }
  }

  /// One change among 100,000 entries encodes its path and loads no more.
  @Test func costOfOneChangeInALargeDirectory() async throws {
    let store = MemoryBlockStore()
    let profile = ImportProfile.unixfsV1_2025
    let writer = DirectoryWriter(profile: profile, store: store)
    let base = try await writer.build(Self.entries(100_000)).root
    for (name, entry) in [("new", Self.entry("new")), ("name 500", Self.entry("name 500", tsize: 77_777))] {
      store.resetCounts()
      let changed = try await writer.update(base.cid, changes: [EntryName(name): entry])
      #expect(changed.encodedNodes <= 4)
      #expect(store.puts <= 4)
      #expect(store.loads.count <= 4)
    }
    // A removal must know that enough entries are left: it loads some shards more, by far not all.
    let all = Set(store.blocks.keys).count
    store.resetCounts()
    let smaller = try await writer.update(base.cid, changes: ["name 99999": DirectoryEntry?.none])
    #expect(smaller.root == (try await writer.build(Self.entries(99_999)).root))
    #expect(smaller.encodedNodes <= 4)
    #expect(store.loads.count < all / 10)
  }

  @Test func removingWhatIsNotThereChangesNothing() async throws {
    let store = MemoryBlockStore()
    for threshold in [1 << 20, 1000] {
      let writer = DirectoryWriter(profile: try Self.profile(threshold: threshold), store: store)
      let root = try await writer.build(Self.entries(100)).root
      #expect(try await writer.update(root.cid, changes: ["gone": DirectoryEntry?.none]).root == root)
    }
  }

  @Test func baseOfAnotherWidthOrVersionIsBuiltAnew() async throws {
    let store = MemoryBlockStore()
    let entries = Self.entries(100)
    let profile = try Self.profile(threshold: 1000)
    for other in [try Self.profile(fanout: 16, threshold: 1000), try Self.profile(threshold: 1000, version: .v0)] {
      let base = try await DirectoryWriter(profile: other, store: store).build(entries).root
      let writer = DirectoryWriter(profile: profile, store: store)
      let updated = try await writer.update(base.cid, changes: ["new": Self.entry("new")]).root
      #expect(updated == (try await writer.build(entries + [Self.entry("new")]).root))
    }
  }

  @Test func namesOfAnyBytes() async throws {
    let store = MemoryBlockStore()
    let names: [[UInt8]] = [
      [0], [0xFF, 0xFE], Array("é".utf8), Array("e\u{301}".utf8), data(300), [0x2F], [0x2E, 0x2E],
    ]
    for threshold in [1 << 20, 100] {
      let writer = DirectoryWriter(profile: try Self.profile(threshold: threshold), store: store)
      let entries = names.map { DirectoryEntry(name: EntryName(bytes: $0), cid: Self.cid, tsize: 1) }
      let root = try await writer.build(entries).root
      #expect(try await Set(DirectoryReader(source: store).list(root.cid).map(\.name.bytes)) == Set(names))
    }
  }

  @Test func doubleNamesAreRefused() async throws {
    for threshold in [1 << 20, 1000] {
      let writer = DirectoryWriter(profile: try Self.profile(threshold: threshold), store: MemoryBlockStore())
      await #expect {
        _ = try await writer.build(Self.entries(100) + [Self.entry("name 5")])
      } throws: { ($0 as? UnixFSError)?.code == .duplicateName }
      let root = try await writer.build(Self.entries(3)).root
      await #expect {
        _ = try await writer.update(root.cid, changes: ["one": Self.entry("other")])
      } throws: { ($0 as? UnixFSError)?.code == .invalidEdits }
    }
  }

  @Test func tsizesThatSumUpToMoreThan64BitsAreRefused() async throws {
    let writer = DirectoryWriter(profile: try Self.profile(), store: MemoryBlockStore())
    await #expect {
      _ = try await writer.build([Self.entry("a", tsize: .max), Self.entry("b", tsize: 1)])
    } throws: { ($0 as? UnixFSError)?.code == .malformed }
  }
}
