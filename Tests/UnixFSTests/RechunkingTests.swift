import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// A file as an array of bytes, beside its extents and the DAG that was built last.
private final class RechunkedFile {
  let profile: ImportProfile
  let store = MemoryBlockStore()
  var bytes: [UInt8] = []
  var root: DAGRoot?
  var map = ExtentMap(baseSize: 0)
  var known: [CID: ChunkEnd] = [:]
  /// Bytes that were read to chunk them anew.
  var readCount = 0

  init(_ profile: ImportProfile) {
    self.profile = profile
  }

  func write(_ new: [UInt8], at offset: Int) {
    if offset + new.count > bytes.count { resize(to: offset + new.count) }
    bytes.replaceSubrange(offset..<offset + new.count, with: new)
    let isHole = new.allSatisfy { $0 == 0 }
    map.set(UInt64(offset)..<UInt64(offset + new.count), isHole ? .hole : .spool(origin: 0))
  }

  func resize(to size: Int) {
    if size < bytes.count {
      bytes.removeLast(bytes.count - size)
    } else {
      bytes.append(contentsOf: Array(repeating: 0, count: size - bytes.count))
    }
    map.truncate(to: UInt64(size))
  }

  /// Stores the chunks that a chunker finds from an offset on, as a writer does.
  func storeChunks(from offset: Int, count: Int) async throws {
    var cutter = ChunkCutter(profile.chunker)
    var position = offset
    for _ in 0..<count where position < bytes.count {
      let rest = Array(bytes[position...])
      let found = rest.withUnsafeBytes { cutter.cut($0) }
      let leaf = try await storeLeaf(Array(rest.prefix(found ?? rest.count)), profile: profile, to: store)
      known[leaf.cid] = found == nil ? .file : .cut
      map.set(UInt64(position)..<UInt64(position + leaf.size), .leaf(leaf, origin: Int64(position)))
      position += leaf.size
    }
  }

  func commit() async throws -> (root: DAGRoot, encodedNodes: Int) {
    let size = UInt64(bytes.count)
    let rechunking = Rechunking(
      size: size, extents: map.extents(in: 0..<size), base: root, knownChunks: known, profile: profile, store: store)
    let segments = try await rechunking.segments { offset, buffer in
      self.readCount += buffer.count
      buffer.copyBytes(from: self.bytes[Int(offset)..<Int(offset) + buffer.count])
    }
    let built = try await DAGEditor.build(#require(segments), base: root, profile: profile, store: store)
    root = built.root
    map = ExtentMap(baseSize: built.root.size)
    known = [:]
    return built
  }
}

private func profile(
  _ chunker: ImportProfile.Chunker, _ layout: ImportProfile.Layout, links: Int = 3, rawLeaves: Bool = true,
  version: CID.Version = .v1, inline: Int? = nil, hash: Multihash.Code = .sha2_256
) throws -> ImportProfile {
  try ImportProfile(
    chunker: chunker, layout: layout, cidVersion: version, hashFunction: hash, inlineLimit: inline,
    rawLeaves: rawLeaves, maxFileLinks: links, sharding: ImportProfile.unixfsV1_2025.sharding)
}

@Suite struct RechunkingTests {
  private static let smallRabin = ImportProfile.Chunker.rabin(minimum: 16, average: 32, maximum: 80)

  private static let profiles: [ImportProfile] = {
    let all = [
      try? profile(smallRabin, .balanced), try? profile(smallRabin, .balanced, rawLeaves: false, version: .v0),
      try? profile(smallRabin, .trickle, links: 2), try? profile(smallRabin, .trickle, rawLeaves: false),
      try? profile(.fixed(16), .trickle), try? profile(.fixed(16), .trickle, rawLeaves: false, version: .v0),
      try? profile(smallRabin, .balanced, inline: 40), try? profile(.fixed(16), .trickle, rawLeaves: false, inline: 64),
      try? profile(smallRabin, .balanced, hash: .sha1), try? profile(.fixed(16), .balanced, inline: 32),
    ]
    return all.compactMap { $0 }
  }()

  /// Whatever was done to a file, and in whichever steps, its DAG is the one of its bytes.
  @Test(arguments: 0..<30 as Range<Int>)
  func randomEdits(seed: Int) async throws {
    #expect(Self.profiles.count == 10)
    let profile = Self.profiles[seed % Self.profiles.count]
    var random = SeededGenerator(seed: UInt64(seed))
    let file = RechunkedFile(profile)
    for step in 0..<60 {
      for _ in 0..<Int.random(in: 0...3, using: &random) {
        let offset = Int.random(in: 0...file.bytes.count, using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0..<3: file.write(data(.random(in: 1...40, using: &random), seed: "\(seed) \(step)"), at: offset)
        case 3: file.write(data(.random(in: 1...900, using: &random), seed: "\(seed) \(step)"), at: file.bytes.count)
        case 4: file.write(Array(repeating: 0, count: .random(in: 1...300, using: &random)), at: offset)
        case 5: file.resize(to: offset)
        case 6: file.resize(to: file.bytes.count + .random(in: 0...900, using: &random))
        default:
          try await file.storeChunks(
            from: Bool.random(using: &random) ? 0 : offset, count: .random(in: 1...20, using: &random))
        }
      }
      let built = try await file.commit()
      let expected = try await importFile(file.bytes, profile: profile, to: MemoryBlockStore())
      try #require(built.root == expected, "step \(step), \(file.bytes.count) bytes")
      try #require(await readAll(FileReader(root: built.root.cid, source: file.store)) == file.bytes)
    }
  }

  /// A small edit in a large file reads and stores a few chunks, and reads no other leaf.
  @Test(arguments: [ImportProfile.Layout.balanced, .trickle])
  func costFollowsTheEdit(_ layout: ImportProfile.Layout) async throws {
    let chunker = ImportProfile.Chunker.rabin(minimum: 512, average: 1024, maximum: 8192)
    let profile = try profile(chunker, layout, links: 16)
    let file = RechunkedFile(profile)
    file.write(data(4 << 20), at: 0)
    _ = try await file.commit()
    let leaves = file.store.blocks.keys.filter { $0.codec == .raw }.count
    #expect(leaves > 2000)
    for offset in [0, 1 << 20, 3_333_333, (4 << 20) - 10] {
      file.write([1, 2, 3], at: offset)
      file.readCount = 0
      file.store.resetCounts()
      let built = try await file.commit()
      let stored = file.store.puts - built.encodedNodes
      #expect(1...8 ~= stored, "\(stored) leaves at \(offset)")
      #expect(file.readCount <= 8 * 8192 + 2 * (64 << 10), "\(file.readCount) bytes at \(offset)")
      #expect(file.store.loads.allSatisfy { $0.codec == .dagPB })
      let expected = try await importFile(file.bytes, profile: profile, to: MemoryBlockStore())
      #expect(built.root == expected)
    }
    // Where as many chunks come out as before, the nodes beside the way to them are linked too.
    file.write([UInt8](file.bytes[2_000_000..<2_000_003]), at: 2_000_000)
    let same = try await file.commit()
    #expect(same.encodedNodes <= 16)
  }

  @Test func nothingChangedReadsNothing() async throws {
    for profile in Self.profiles {
      let file = RechunkedFile(profile)
      file.write(data(1000), at: 0)
      let first = try await file.commit()
      file.readCount = 0
      let second = try await file.commit()
      #expect(second.root == first.root)
      #expect(second.encodedNodes <= 1)
      #expect(file.readCount == 0)
    }
  }

  /// A hole costs as many nodes as there are forms of them.
  @Test(arguments: [
    ("size-1048576", false), ("size-256", false), ("size-256", true), ("rabin", false), ("rabin", true),
    ("buzhash", false), ("buzhash", true), ("rabin-16-32-64", true),
  ])
  func petabyteOfHole(chunker: String, isTrickle: Bool) async throws {
    let profile = try profile(.init(name: chunker), isTrickle ? .trickle : .balanced, links: 174)
    let store = MemoryBlockStore()
    let size: UInt64 = 1 << 50
    let rechunking = Rechunking(
      size: size, extents: [.init(range: 0..<size, source: .hole)], base: nil, knownChunks: [:], profile: profile,
      store: store)
    let segments = try await rechunking.segments { _, buffer in
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
    }
    let root = try await DAGEditor.build(#require(segments), base: nil, profile: profile, store: store).root
    #expect(root.size == size)
    #expect(store.blocks.count < 60)
    let reader = try await FileReader(root, source: store)
    #expect(try await read(reader, at: size - 5, count: 10) == [0, 0, 0, 0, 0])

    // A byte in the middle of it, from where on zeros may be cut elsewhere.
    var map = ExtentMap(baseSize: size)
    map.set(size / 2..<size / 2 + 1, .spool(origin: 0))
    let changed = Rechunking(
      size: size, extents: map.extents(in: 0..<size), base: root, knownChunks: [:], profile: profile, store: store)
    let after = try await changed.segments { offset, buffer in
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
      if offset <= size / 2, size / 2 < offset + UInt64(buffer.count) { buffer[Int(size / 2 - offset)] = 7 }
    }
    let edited = try await DAGEditor.build(#require(after), base: root, profile: profile, store: store).root
    #expect(edited.size == size)
    #expect(store.blocks.count < 200)
    let editedReader = try await FileReader(edited, source: store)
    #expect(try await read(editedReader, at: size / 2 - 1, count: 3) == [0, 7, 0])
    #expect(try await read(editedReader, at: size - 5, count: 10) == [0, 0, 0, 0, 0])
  }

  @Test func holesWithPartialEndsAsIfWritten() async throws {
    for profile in Self.profiles {
      for size in [1, 15, 16, 17, 100, 16 * 500, 16 * 500 + 5] {
        let file = RechunkedFile(profile)
        file.resize(to: size)
        let built = try await file.commit()
        let expected = try await importFile(file.bytes, profile: profile, to: MemoryBlockStore())
        #expect(built.root == expected, "\(size) zeros")
      }
    }
  }

  /// A base that something else built is found, where it is read, so that the caller can chunk the file anew.
  @Test func baseOfAnotherLayout() async throws {
    let balanced = try profile(Self.smallRabin, .balanced)
    let others = [
      try profile(Self.smallRabin, .trickle), try profile(Self.smallRabin, .balanced, version: .v0),
      try profile(Self.smallRabin, .balanced, rawLeaves: false), try profile(Self.smallRabin, .balanced, hash: .sha1),
    ]
    for other in others {
      let store = MemoryBlockStore()
      let root = try await importFile(data(1000), profile: other, to: store)
      await #expect("\(other)") {
        let leaves = Rechunking(
          size: 1000, extents: [.init(range: 0..<1000, source: .base)], base: root, knownChunks: [:],
          profile: balanced, store: store)
        _ = try await leaves.segments { _, _ in }
      } throws: { ($0 as? UnixFSError)?.code == .shapeMismatch }
    }
  }
}
