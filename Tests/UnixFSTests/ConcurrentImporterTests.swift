import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// A file has the DAG that it has leaf by leaf, however its leaves are stored and its bytes arrive.
@Suite struct ConcurrentImporterTests {
  /// A store that takes its time, another one for each block, so that leaves are done in another order.
  private struct SlowStore: BlockSink {
    let store: MemoryBlockStore

    func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws {
      for _ in 0..<Int(cid.bytes.last ?? 0) % 16 { await Task.yield() }
      try await store.put(cid, data)
    }
  }

  private struct Full: Error {}

  /// A store that fails after some blocks.
  private struct FailingStore: BlockSink {
    let store: MemoryBlockStore

    func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws {
      guard store.blocks.count < 3 else { throw Full() }
      try await store.put(cid, data)
    }
  }

  private static let chunkers = ["size-65536", "rabin-32768-65536-131072", "buzhash", "size-1000"]
  private static let lengths = [0, 1, 65536, 65537, 300_001]

  private static func profile(_ chunker: String, _ layout: ImportProfile.Layout) throws -> ImportProfile {
    var options = ImportOptions()
    try options.set("chunker", to: chunker)
    options.layout = layout
    options.maxFileLinks = 3
    return try options.profile(over: .kuboDefault)
  }

  private static func build(
    _ content: [UInt8], _ profile: ImportProfile, _ metadata: UnixFSMetadata?, budget: Int, to sink: any BlockSink
  ) async throws -> DAGRoot {
    let importer = ConcurrentImporter(
      profile: profile, metadata: metadata, sink: sink, budget: ConcurrentImporter.Budget(budget))
    var position = 0
    return try await importer.build { memory in
      // Pieces of a few kilobytes, as from a network.
      let count = min(memory.count, content.count - position, 7001)
      memory.copyBytes(from: content[position..<position + count])
      position += count
      return count
    }
  }

  @Test(arguments: chunkers, [ImportProfile.Layout.balanced, .trickle])
  func dagsAreThoseOfTheOtherImporter(chunker: String, layout: ImportProfile.Layout) async throws {
    let profile = try Self.profile(chunker, layout)
    for metadata in [nil, UnixFSMetadata(mode: 0o640)] {
      for length in Self.lengths {
        let content = data(length)
        let expected = MemoryBlockStore()
        let root = try await importFile(
          content, profile: profile, metadata: metadata, pieceSize: 10_000, to: expected)
        for budget in [0, 100_000] {
          let store = MemoryBlockStore()
          let built = try await Self.build(
            content, profile, metadata, budget: budget, to: SlowStore(store: store))
          #expect(built == root, "\(length) bytes, a budget of \(budget)")
          #expect(Set(store.blocks.keys).isSubset(of: expected.blocks.keys))
          #expect(try await readAll(FileReader(root: built.cid, source: store)) == content)
        }
      }
    }
  }

  /// As many leaves at a time as there may be, which are not stored in their order.
  @Test(arguments: [ImportProfile.Layout.balanced, .trickle])
  func manyLeavesAtATimeComeIntoTheirOrder(layout: ImportProfile.Layout) async throws {
    let profile = try Self.profile("size-65536", layout)
    let content = data(5 * ConcurrentImporter.width * 65536 + 1)
    let root = try await importFile(content, profile: profile, pieceSize: 10_000, to: MemoryBlockStore())
    let store = MemoryBlockStore()
    #expect(try await Self.build(content, profile, nil, budget: 4 << 20, to: SlowStore(store: store)) == root)
  }

  @Test func failureEndsTheImport() async throws {
    let profile = try Self.profile("size-65536", .balanced)
    let budget = ConcurrentImporter.Budget(4 << 20)
    let store = MemoryBlockStore()
    await #expect(throws: Full.self) {
      try await ConcurrentImporter(
        profile: profile, sink: FailingStore(store: store), budget: budget
      ).build { memory in memory.count }
    }
  }

  @Test func directoriesOfManyLinksAreSharded() async throws {
    var options = ImportOptions()
    options.sharding = try ImportProfile.Sharding(fanout: 16, estimate: .links, maximumLinks: 3)
    let profile = try options.profile(over: .kuboDefault)
    let store = MemoryBlockStore()
    let writer = DirectoryWriter(profile: profile, store: store)
    let file = try await importFile([1], profile: profile, pieceSize: 1, to: store)
    let entries = (0..<4).map { DirectoryEntry(name: EntryName("\($0)"), cid: file.cid, tsize: file.tsize) }
    for count in 0...4 {
      let root = try await writer.build(Array(entries[..<count])).root
      let block = try await store.block(root.cid)
      let node = try UnixFSNode(decoding: #require(DAGPBNode(decoding: block.data).data))
      #expect(node.kind == (count > 3 ? .hamtShard : .directory))
      #expect(node.fanout == (count > 3 ? 16 : nil))
      // And back again, as one entry after the other goes.
      var changed = root
      for index in (0..<count).reversed() {
        changed = try await writer.update(changed.cid, changes: [entries[index].name: nil]).root
        #expect(changed == (try await writer.build(Array(entries[..<index])).root))
      }
    }
  }
}
