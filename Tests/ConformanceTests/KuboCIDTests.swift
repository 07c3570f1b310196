import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// CIDs and sizes are those of a real Kubo.
@Suite struct KuboCIDTests {
  static let files = GoldenData.shared.files
  static let directories = GoldenData.shared.directories

  @Test func allCasesAreTaken() {
    #expect(Self.files.count == 240)
    #expect(Self.directories.count == 57)
    // An option that nobody knows would be passed over.
    let known = ImportOptions.names.union(["mode", "mtime", "mtime-nsecs", "max-directory-links", "max-hamt-fanout"])
    #expect(known.isSuperset(of: (Self.files.map(\.options) + Self.directories.map(\.options)).flatMap(\.keys)))
  }

  @Test(arguments: files)
  func file(_ golden: GoldenData.File) async throws {
    let store = MemoryBlockStore()
    let content =
      golden.seed.map { GoldenContent.shared.bytes(golden.length, seed: $0) }
      ?? Array(repeating: 0, count: golden.length)
    let profile = try ImportProfile(options: golden.options)
    // Pieces that do not fit the chunks, so that leaves come both from the caller's memory and from the buffer.
    let root = try await importFile(
      content, profile: profile, metadata: UnixFSMetadata(options: golden.options), pieceSize: 1_000_003, to: store)
    #expect(root.cid.description == golden.result.cid)
    #expect(String(root.tsize) == golden.result.size)
    #expect(root.size == UInt64(golden.length))

    // And back.
    let reader = try await FileReader(root: root.cid, source: store)
    #expect(try await readAll(reader) == content)
  }

  /// A file that is one hole has the CID of a file of zeros.
  @Test(arguments: files.filter { $0.seed == nil })
  func hole(_ golden: GoldenData.File) async throws {
    let store = MemoryBlockStore()
    let profile = try ImportProfile(options: golden.options)
    let size = UInt64(golden.length)
    let rechunking = Rechunking(
      size: size, extents: [ExtentMap.Extent(range: 0..<size, source: .hole)], base: nil, knownChunks: [:],
      profile: profile, store: store)
    let segments = try await rechunking.segments { _, buffer in
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
    }
    let root = try await DAGEditor.build(#require(segments), base: nil, profile: profile, store: store).root
    #expect(root.cid.description == golden.result.cid)
    #expect(String(root.tsize) == golden.result.size)

    guard profile.layout == .balanced, profile.chunker.isFixed else { return }
    let chunks = (size + UInt64(profile.chunkSize) - 1) / UInt64(profile.chunkSize)
    let edits = ChunkEdits(size: size, base: nil, leaves: [], holes: [0..<chunks])
    #expect(try await DAGEditor.rebuild(edits, profile: profile, store: store).root == root)
  }

  @Test(arguments: directories)
  func directory(_ golden: GoldenData.Directory) async throws {
    let store = MemoryBlockStore()
    let profile = try ImportProfile(options: golden.options)
    var entries: [DirectoryEntry] = []
    for (name, content) in golden.files {
      let file = try await importFile(content, profile: profile, pieceSize: 64, to: store)
      entries.append(DirectoryEntry(name: EntryName(name), cid: file.cid, tsize: file.tsize))
    }
    let writer = DirectoryWriter(profile: profile, store: store)
    let root = try await writer.build(entries.shuffled()).root
    #expect(root.cid.description == golden.result.cid)
    #expect(String(root.tsize) == golden.result.size)

    // And back.
    let listed = try await DirectoryReader(source: store).list(root.cid)
    #expect(Set(listed) == Set(entries))
    #expect(listed.count == entries.count)
  }

  /// A directory that grows entry by entry, in batches, passes through the same CIDs.
  @Test(arguments: ["0", "1"])
  func directoryThatGrowsAndShrinks(version: String) async throws {
    let store = MemoryBlockStore()
    let options = version == "1" ? ["cid-version": "1"] : [:]
    let profile = try ImportProfile(options: options)
    let writer = DirectoryWriter(profile: profile, store: store)
    let golden = Self.directories.filter { $0.options == options && $0.entries != nil }
    let largest = try #require(golden.last)
    var entries: [DirectoryEntry] = []
    for (name, content) in largest.files {
      let file = try await importFile(content, profile: profile, pieceSize: 64, to: store)
      entries.append(DirectoryEntry(name: EntryName(name), cid: file.cid, tsize: file.tsize))
    }
    var root = try await writer.build([]).root
    var count = 0
    for step in golden + golden.reversed() {
      let next = try #require(step.entries)
      var changes: [EntryName: DirectoryEntry?] = [:]
      for entry in entries[min(count, next)..<max(count, next)] {
        changes.updateValue(next > count ? entry : nil, forKey: entry.name)
      }
      root = try await writer.update(root.cid, changes: changes).root
      count = next
      #expect(root.cid.description == step.result.cid, "\(count) entries")
      #expect(String(root.tsize) == step.result.size)
    }
  }
}
