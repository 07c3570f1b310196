import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// A profile with small chunks and few links: high trees of few bytes.
func smallProfile(
  chunkSize: Int = 16, links: Int = 3, version: CID.Version = .v1, rawLeaves: Bool = true
) throws -> ImportProfile {
  try ImportProfile(
    chunker: .fixed(chunkSize), cidVersion: version, rawLeaves: rawLeaves, maxFileLinks: links,
    sharding: ImportProfile.unixfsV1_2025.sharding)
}

/// A file as an array of bytes, beside the DAG that edits make of it.
private struct EditedFile {
  let profile: ImportProfile
  let store: MemoryBlockStore
  var bytes: [UInt8] = []
  var root: DAGRoot?
  /// Which chunks of `root` still hold.
  private var changed: Set<Int> = []

  init(profile: ImportProfile, store: MemoryBlockStore) {
    self.profile = profile
    self.store = store
  }

  private var chunkCount: Int { (bytes.count + profile.chunkSize - 1) / profile.chunkSize }

  mutating func write(_ new: [UInt8], at offset: Int) {
    if offset > bytes.count { resize(to: offset) }
    if offset + new.count > bytes.count { resize(to: offset + new.count) }
    bytes.replaceSubrange(offset..<offset + new.count, with: new)
    mark(offset..<offset + new.count)
  }

  mutating func resize(to size: Int) {
    let (low, high) = (min(size, bytes.count), max(size, bytes.count))
    if size < bytes.count {
      bytes.removeLast(bytes.count - size)
    } else {
      bytes.append(contentsOf: Array(repeating: 0, count: size - bytes.count))
    }
    mark(low..<high)
    // The last chunk has another size now.
    if low > 0, low % profile.chunkSize != 0 { changed.insert(low / profile.chunkSize) }
  }

  private mutating func mark(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    changed.formUnion(range.lowerBound / profile.chunkSize...(range.upperBound - 1) / profile.chunkSize)
  }

  /// Builds the DAG from the changes since the last time.
  mutating func commit() async throws -> (root: DAGRoot, encodedNodes: Int) {
    var edits = ChunkEdits(size: UInt64(bytes.count), base: root, leaves: [], holes: [])
    for index in changed.sorted() where index < chunkCount {
      let start = index * profile.chunkSize
      let chunk = Array(bytes[start..<min(start + profile.chunkSize, bytes.count)])
      if chunk.allSatisfy({ $0 == 0 }) {
        edits.holes.append(UInt64(index)..<UInt64(index) + 1)
      } else {
        edits.leaves.append((UInt64(index), try await storeLeaf(chunk, profile: profile, to: store)))
      }
    }
    let result = try await DAGEditor.rebuild(edits, profile: profile, store: store)
    root = result.root
    changed = []
    return result
  }
}

@Suite struct DAGEditorTests {
  /// Whatever was done to a file, and in whichever steps, its DAG is the one of its bytes.
  @Test(arguments: 0..<24 as Range<UInt64>)
  func randomEdits(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    let profile = try smallProfile(
      links: Int.random(in: 2...4, using: &random), version: seed % 2 == 0 ? .v1 : .v0, rawLeaves: seed % 3 != 0)
    let store = MemoryBlockStore()
    var file = EditedFile(profile: profile, store: store)
    for step in 0..<60 {
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let offset = Int.random(in: 0...file.bytes.count, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<3:
          file.write(data(.random(in: 1...40, using: &random), seed: "\(seed) \(step)"), at: offset)
        case 3:
          file.write(data(.random(in: 1...300, using: &random), seed: "\(seed) \(step)"), at: file.bytes.count)
        case 4:
          file.write(Array(repeating: 0, count: .random(in: 1...200, using: &random)), at: offset)
        case 5:
          file.resize(to: offset)
        case 6:
          file.resize(to: file.bytes.count + .random(in: 0...700, using: &random))
        default:
          file.resize(to: offset / profile.chunkSize * profile.chunkSize)
        }
      }
      let built = try await file.commit()
      let expected = try await importFile(file.bytes, profile: profile, to: MemoryBlockStore())
      #expect(built.root == expected, "step \(step), \(file.bytes.count) bytes")
      try #require(await readAll(FileReader(root: built.root.cid, source: store)) == file.bytes)
    }
  }

  /// Every pair of sizes around the limits of the levels, with one chunk changed or none.
  @Test func everyChangeOfHeight() async throws {
    let profile = try smallProfile(chunkSize: 4, links: 2)
    let sizes = [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 64, 65]
    for old in sizes {
      for new in sizes {
        for touched in [nil, 0, new / 2] {
          let store = MemoryBlockStore()
          var file = EditedFile(profile: profile, store: store)
          file.write(data(old), at: 0)
          _ = try await file.commit()
          file.resize(to: new)
          if let touched, touched < new { file.write([0xFF], at: touched) }
          let built = try await file.commit().root
          let expected = try await importFile(file.bytes, profile: profile, to: MemoryBlockStore())
          #expect(built == expected, "from \(old) to \(new)")
        }
      }
    }
  }

  @Test func petabyteOfHole() async throws {
    let store = MemoryBlockStore()
    let profile = ImportProfile.unixfsV1_2025
    let edits = ChunkEdits(size: 1 << 50, base: nil, leaves: [], holes: [0..<1 << 30])
    let (root, encoded) = try await DAGEditor.rebuild(edits, profile: profile, store: store)
    // One leaf and one node for each of three levels.
    #expect(encoded == 4)
    #expect(store.blocks.count == 4)
    #expect(root.size == 1 << 50)
    let reader = try await FileReader(root, source: store)
    #expect(try await read(reader, at: (1 << 50) - 5, count: 10) == [0, 0, 0, 0, 0])

    // A byte at its end: one leaf, and the path to it.
    var chunk = [UInt8](repeating: 0, count: 1 << 20)
    chunk[77] = 1
    let leaf = try await storeLeaf(chunk, profile: profile, to: store)
    store.resetCounts()
    let changed = try await DAGEditor.rebuild(
      ChunkEdits(size: 1 << 50, base: root, leaves: [((1 << 30) - 1, leaf)], holes: []), profile: profile, store: store)
    #expect(changed.encodedNodes == 3)
    #expect(store.puts == 3)
    let after = try await FileReader(changed.root, source: store)
    #expect(try await read(after, at: (1 << 50) - (1 << 20) + 76, count: 3) == [0, 1, 0])
  }

  @Test func oddHoleOfManyChunksWithAPartialTail() async throws {
    let store = MemoryBlockStore()
    let profile = try smallProfile()
    let size = 16 * 1000 + 5
    let edits = ChunkEdits(size: UInt64(size), base: nil, leaves: [], holes: [0..<400, 400..<1001])
    let (root, encoded) = try await DAGEditor.rebuild(edits, profile: profile, store: store)
    #expect(root == (try await importFile(Array(repeating: 0, count: size), profile: profile, to: MemoryBlockStore())))
    // Two forms of node a level at most: the full one, and the one on the right edge.
    #expect(encoded <= 2 * 8)
  }

  @Test func costFollowsTheEdit() async throws {
    let store = MemoryBlockStore()
    let profile = try smallProfile(links: 4)
    // 4^5 chunks: five levels of nodes.
    var file = EditedFile(profile: profile, store: store)
    file.write(data(16 * 1024), at: 0)
    _ = try await file.commit()
    file.write([1, 2, 3], at: 8000)
    store.resetCounts()
    let built = try await file.commit()
    #expect(built.encodedNodes == 5)
    // The left edge and the path to the change, no leaf.
    #expect(store.loads.count <= 10)
    #expect(store.loads.allSatisfy { $0.codec == .dagPB })
  }

  @Test func nothingChangedEncodesNothing() async throws {
    let store = MemoryBlockStore()
    var file = EditedFile(profile: try smallProfile(), store: store)
    file.write(data(1000), at: 0)
    let first = try await file.commit()
    let second = try await file.commit()
    #expect(second.root == first.root)
    #expect(second.encodedNodes == 0)
  }

  /// A base that another profile built is found, so that the caller can import the file anew.
  @Test func baseOfAnotherProfile() async throws {
    let bytes = data(1000)
    let profile = try smallProfile()
    let others = [
      try smallProfile(chunkSize: 8), try smallProfile(links: 4), try smallProfile(version: .v0),
      try smallProfile(rawLeaves: false), ImportProfile.kuboDefault,
    ]
    for other in others {
      for (base, rebuilt) in [(other, profile), (profile, other)] {
        let store = MemoryBlockStore()
        let root = try await importFile(bytes, profile: base, to: store)
        let edits = ChunkEdits(
          size: 1000 + UInt64(rebuilt.chunkSize) * 8, base: root, leaves: [],
          holes: [UInt64(1000 / rebuilt.chunkSize)..<UInt64((1000 - 1) / rebuilt.chunkSize + 9)])
        await #expect("\(base) → \(rebuilt)") {
          _ = try await DAGEditor.rebuild(edits, profile: rebuilt, store: store)
        } throws: { ($0 as? UnixFSError)?.code == .shapeMismatch || ($0 as? UnixFSError)?.code == .invalidEdits }
      }
    }
  }

  @Test func baseWithMetadataIsAnotherShape() async throws {
    let profile = try smallProfile(rawLeaves: false)
    let store = MemoryBlockStore()
    let node = UnixFSNode(kind: .file, data: [1, 2], fileSize: 2, mode: 0o644)
    let bytes = DAGPBNode(data: node.encoded()).encoded()
    let base = DAGRoot(cid: store.add(bytes), size: 2, tsize: UInt64(bytes.count))
    let edits = ChunkEdits(size: 2, base: base, leaves: [], holes: [])
    await #expect {
      _ = try await DAGEditor.rebuild(edits, profile: profile, store: store)
    } throws: { ($0 as? UnixFSError)?.code == .shapeMismatch }
  }

  @Test func contradictoryEdits() async throws {
    let profile = try smallProfile()
    let store = MemoryBlockStore()
    let base = try await importFile(data(100), profile: profile, to: store)
    let full = try await storeLeaf(data(16), profile: profile, to: store)
    let short = try await storeLeaf(data(4), profile: profile, to: store)
    func at(_ index: UInt64, _ leaf: Leaf) -> (index: UInt64, leaf: Leaf) { (index, leaf) }
    let cases: [(String, ChunkEdits)] = [
      ("leaf beyond the end", .init(size: 100, base: base, leaves: [at(7, full)], holes: [])),
      ("leaves out of order", .init(size: 100, base: base, leaves: [at(3, full), at(2, full)], holes: [])),
      ("leaf twice", .init(size: 100, base: base, leaves: [at(3, full), at(3, full)], holes: [])),
      ("leaf in a hole", .init(size: 100, base: base, leaves: [at(3, full)], holes: [2..<4])),
      ("short leaf in the middle", .init(size: 100, base: base, leaves: [at(3, short)], holes: [])),
      ("long leaf at the end", .init(size: 100, base: base, leaves: [at(6, full)], holes: [])),
      ("hole beyond the end", .init(size: 100, base: base, leaves: [], holes: [5..<8])),
      ("holes that overlap", .init(size: 100, base: base, leaves: [], holes: [1..<4, 3..<5])),
      ("chunk that nothing gives", .init(size: 200, base: base, leaves: [], holes: [7..<10])),
      ("tail that was not given", .init(size: 98, base: base, leaves: [], holes: [])),
      ("no base", .init(size: 16, base: nil, leaves: [], holes: [])),
    ]
    for (name, edits) in cases {
      await #expect("\(name)") {
        _ = try await DAGEditor.rebuild(edits, profile: profile, store: store)
      } throws: { ($0 as? UnixFSError)?.code == .invalidEdits }
    }
    // The control.
    let good = ChunkEdits(size: 100, base: base, leaves: [at(3, full), at(6, short)], holes: [0..<1])
    _ = try await DAGEditor.rebuild(good, profile: profile, store: store)
  }
}
