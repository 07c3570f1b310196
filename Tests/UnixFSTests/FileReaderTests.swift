import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

/// Stores a node of a file over links and sizes that need not agree; returns its link.
private func add(
  _ node: UnixFSNode, over children: [DAGPBNode.Link] = [], to store: MemoryBlockStore
) -> DAGPBNode.Link {
  DAGPBNode.Link(cid: store.add(DAGPBNode(links: children, data: node.encoded()).encoded()), tsize: 0)
}

@Suite struct FileReaderTests {
  @Test(arguments: [false, true], [0, 1, 15, 16, 17, 48, 49, 1000])
  func everyRange(rawLeaves: Bool, length: Int) async throws {
    let store = MemoryBlockStore()
    let bytes = data(length)
    let root = try await importFile(bytes, profile: smallProfile(rawLeaves: rawLeaves), to: store)
    for reader in [
      try await FileReader(root: root.cid, source: store), try await FileReader(root, source: store),
    ] {
      #expect(reader.size == UInt64(length))
      for offset in stride(from: 0, through: length + 20, by: 7) {
        for count in [0, 1, 16, 33, length + 100] {
          let expected = Array(bytes.dropFirst(offset).prefix(count))
          #expect(try await read(reader, at: UInt64(offset), count: count) == expected, "\(count) bytes at \(offset)")
        }
      }
      #expect(try await read(reader, at: .max, count: 5) == [])
    }
  }

  /// Data in inner nodes, leaves at different depths, raw and dag-pb leaves, empty leaves: as other writers build.
  @Test func mixedDAG() async throws {
    let store = MemoryBlockStore()
    let raw = DAGPBNode.Link(cid: store.add(Array("raw leaf ".utf8), codec: .raw), tsize: 9)
    let rawKind = add(UnixFSNode(kind: .raw, data: Array("trickle leaf ".utf8), fileSize: 13), to: store)
    let empty = add(UnixFSNode(kind: .file, fileSize: 0), to: store)
    let inner = add(
      UnixFSNode(kind: .file, data: Array("own data ".utf8), fileSize: 31, blockSizes: [9, 0, 13]),
      over: [raw, empty, rawKind], to: store)
    let root = add(
      UnixFSNode(kind: .file, blockSizes: [13, 31, 9]), over: [rawKind, inner, raw], to: store)
    let reader = try await FileReader(root: root.cid, source: store)
    let text = "trickle leaf own data raw leaf trickle leaf raw leaf "
    #expect(try await readAll(reader) == Array(text.utf8))
    for offset in text.utf8.indices.indices.map({ text.utf8.distance(from: text.utf8.startIndex, to: $0) }) {
      let expected = Array(text.utf8.dropFirst(offset).prefix(5))
      #expect(try await read(reader, at: UInt64(offset), count: 5) == expected)
    }
  }

  @Test func innerNodesAreReadOnce() async throws {
    let store = MemoryBlockStore()
    let root = try await importFile(data(16 * 27), profile: smallProfile(), to: store)
    let reader = try await FileReader(root, source: store)
    for _ in 0..<3 { _ = try await readAll(reader) }
    let inner = store.loads.filter { $0.codec == .dagPB }
    #expect(inner.count == 13)
    #expect(Set(inner).count == 13)
  }

  /// A file of 4 GiB of leaves in one leaf block has nodes beyond the cache's bound; they are read again.
  @Test func cacheIsBounded() async throws {
    let store = MemoryBlockStore()
    let edits = ChunkEdits(size: 1 << 30, base: nil, leaves: [], holes: [0..<1 << 20])
    let profile = try smallProfile(chunkSize: 1024, links: 1024)
    let root = try await DAGEditor.rebuild(edits, profile: profile, store: store).root
    let reader = try await FileReader(root, source: store)
    // All its nodes are one: nothing is read twice.
    for offset in stride(from: 0, to: UInt64(1 << 30), by: 1 << 22) { _ = try await read(reader, at: offset, count: 9) }
    #expect(store.loads.filter { $0.codec == .dagPB }.count == 2)

    // Each of its 200 nodes is another, together they are 9 MB.
    var random = SeededGenerator(seed: 3)
    let leaf = try await storeLeaf(data(1024), profile: profile, to: store)
    let numbers = (0..<200).map { (index: UInt64($0 * 1024 + .random(in: 0..<1024, using: &random)), leaf: leaf) }
    let varied = try await DAGEditor.rebuild(
      ChunkEdits(size: 200 << 20, base: nil, leaves: numbers, holes: holes(between: numbers.map(\.index), 200 << 10)),
      profile: profile, store: store
    ).root
    store.resetCounts()
    let second = try await FileReader(varied, source: store)
    for _ in 0..<2 {
      for node in 0..<UInt64(200) { _ = try await read(second, at: node << 20, count: 1) }
    }
    let loads = store.loads.filter { $0.codec == .dagPB }.count
    #expect(loads > 250, "\(loads) loads: the cache holds more than its bound")
  }

  private func holes(between indices: [UInt64], _ end: UInt64) -> [Range<UInt64>] {
    zip([UInt64.max] + indices, indices + [end]).map { ($0 &+ 1)..<$1 }
  }

  private static let leafData = data(10)

  /// Roots that contradict themselves.
  @Test(
    arguments: [
      ("fewer block sizes than links", UnixFSNode(kind: .file, blockSizes: [10]), 2, .malformed),
      ("more block sizes than links", UnixFSNode(kind: .file, blockSizes: [10, 10]), 1, .malformed),
      ("block sizes without links", UnixFSNode(kind: .file, fileSize: 10, blockSizes: [10]), 0, .malformed),
      ("file size too large", UnixFSNode(kind: .file, fileSize: 21, blockSizes: [10, 10]), 2, .malformed),
      ("file size too small", UnixFSNode(kind: .file, fileSize: 19, blockSizes: [10, 10]), 2, .malformed),
      ("data beyond file size", UnixFSNode(kind: .file, data: [1, 2], fileSize: 1), 0, .malformed),
      ("sum of sizes over 64 bits", UnixFSNode(kind: .file, blockSizes: [.max, 1]), 2, .malformed),
      ("sum with data over 64 bits", UnixFSNode(kind: .file, data: [1], blockSizes: [.max]), 1, .malformed),
      ("more bytes than a file can have", UnixFSNode(kind: .file, blockSizes: [1 << 63]), 1, .malformed),
      ("directory", UnixFSNode(kind: .directory), 0, .wrongKind),
      ("symlink", UnixFSNode(kind: .symlink, data: [1]), 0, .wrongKind),
      ("shard", UnixFSNode(kind: .hamtShard, hashType: 0x22, fanout: 256), 0, .wrongKind),
    ] as [(String, UnixFSNode, Int, UnixFSError.Code)])
  func refusedRoot(name: String, node: UnixFSNode, links: Int, code: UnixFSError.Code) async throws {
    let store = MemoryBlockStore()
    let leaf = DAGPBNode.Link(cid: store.add(Self.leafData, codec: .raw), tsize: 10)
    let root = add(node, over: Array(repeating: leaf, count: links), to: store)
    await #expect {
      _ = try await FileReader(root: root.cid, source: store)
    } throws: { ($0 as? UnixFSError)?.code == code && ($0 as? UnixFSError)?.cid == root.cid }
  }

  @Test func childOfAnotherSizeThanStated() async throws {
    let store = MemoryBlockStore()
    let leaf = add(UnixFSNode(kind: .file, data: Self.leafData, fileSize: 10), to: store)
    for size in [UInt64(9), 11, UInt64(Int64.max)] {
      let root = add(UnixFSNode(kind: .file, blockSizes: [size]), over: [leaf], to: store)
      let reader = try await FileReader(root: root.cid, source: store)
      await #expect {
        _ = try await read(reader, at: 0, count: 20)
      } throws: { ($0 as? UnixFSError)?.code == .malformed && ($0 as? UnixFSError)?.cid == leaf.cid }
    }
  }

  @Test func rawLeafShorterThanStated() async throws {
    let store = MemoryBlockStore()
    let leaf = DAGPBNode.Link(cid: store.add(Self.leafData, codec: .raw), tsize: 10)
    for size in [UInt64(11), UInt64(Int64.max)] {
      let root = add(UnixFSNode(kind: .file, blockSizes: [size]), over: [leaf], to: store)
      let reader = try await FileReader(root: root.cid, source: store)
      await #expect(throws: (any Error).self) { _ = try await read(reader, at: 0, count: 20) }
      await #expect(throws: (any Error).self) { _ = try await read(reader, at: size - 1, count: 20) }
    }
  }

  /// Nodes that name each other twice, level by level: a walk through all of them would never end.
  @Test func nodesOverNothingAreNotFollowed() async throws {
    let store = MemoryBlockStore()
    let leaf = DAGPBNode.Link(cid: store.add(Self.leafData, codec: .raw), tsize: 10)
    var nothing = add(UnixFSNode(kind: .file, data: [], fileSize: 0), to: store)
    for _ in 1..<60 {
      nothing = add(UnixFSNode(kind: .file, blockSizes: [0, 0]), over: [nothing, nothing], to: store)
    }
    let root = add(UnixFSNode(kind: .file, blockSizes: [10, 0, 10]), over: [leaf, nothing, leaf], to: store)
    let reader = try await FileReader(root: root.cid, source: store)
    #expect(try await readAll(reader) == Self.leafData + Self.leafData)
    #expect(try await reader.leaves(in: 0..<20).map(\.range).filter { !$0.isEmpty } == [0..<10, 10..<20])
    #expect(
      try await reader.firstByte(at: 0, inZeros: true, leafSize: 0) { _, _ in false } == nil)
  }

  @Test func statedSizeOfTheRootIsChecked() async throws {
    let store = MemoryBlockStore()
    var root = try await importFile(data(100), profile: smallProfile(), to: store)
    root.size = 99
    await #expect {
      _ = try await FileReader(root, source: store)
    } throws: { ($0 as? UnixFSError)?.code == .malformed }
  }

  @Test func chainsAreReadUpToTheDepthLimit() async throws {
    let store = MemoryBlockStore()
    var link = DAGPBNode.Link(cid: store.add(Self.leafData, codec: .raw), tsize: 10)
    for depth in 1...FileReader.maximumDepth + 1 {
      link = add(UnixFSNode(kind: .file, fileSize: 10, blockSizes: [10]), over: [link], to: store)
      let reader = try await FileReader(root: link.cid, source: store)
      if depth <= FileReader.maximumDepth {
        #expect(try await readAll(reader) == Self.leafData)
      } else {
        await #expect {
          _ = try await readAll(reader)
        } throws: { ($0 as? UnixFSError)?.code == .tooDeep }
      }
    }
  }

  @Test func blocksThatAreNoUnixFS() async throws {
    let store = MemoryBlockStore()
    let blocks: [([UInt8], Multicodec, UnixFSError.Code)] = [
      ([0xFF], .dagPB, .malformed), ([], .dagPB, .malformed), (DAGPBNode(data: []).encoded(), .dagPB, .malformed),
      (DAGPBNode(data: [0xFF]).encoded(), .dagPB, .malformed), ([0xA0], .dagCBOR, .unsupported),
    ]
    for (bytes, codec, code) in blocks {
      let cid = store.add(bytes, codec: codec)
      await #expect("\(bytes)") {
        _ = try await FileReader(root: cid, source: store)
      } throws: { ($0 as? UnixFSError)?.code == code }
    }
  }

  @Test func wrongAndMissingBlocks() async throws {
    let store = MemoryBlockStore()
    let bytes = data(100)
    let root = try await importFile(bytes, profile: smallProfile(), to: store)
    let reader = try await FileReader(root, source: store)
    let cid = bytes[16..<32].withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
    store.set(cid, to: data(16, seed: "other"))
    #expect(try await read(reader, at: 0, count: 16) == Array(bytes[..<16]))
    await #expect {
      _ = try await read(reader, at: 16, count: 1)
    } throws: { ($0 as? BlockError)?.code == .corrupt && ($0 as? BlockError)?.cid == cid }
    store.set(cid, to: nil)
    await #expect {
      _ = try await read(reader, at: 10, count: 20)
    } throws: { ($0 as? BlockError)?.code == .notFound }
    #expect(try await read(reader, at: 32, count: 68) == Array(bytes[32...]))
  }

  /// Changed nodes are refused or read as what they say; nothing traps, nothing goes on for ever.
  @Test func mutatedNodes() async throws {
    var random = SeededGenerator(seed: 4)
    let store = MemoryBlockStore()
    let root = try await importFile(data(16 * 9), profile: smallProfile(), to: store)
    let nodes = store.blocks.filter { $0.key.codec == .dagPB }.sorted { $0.key < $1.key }
    #expect(nodes.count == 4)
    var opened = 0
    for round in 0..<3000 {
      let bytes = mutated(nodes[round % nodes.count].value, using: &random)
      guard let reader = try? await FileReader(root: store.add(bytes), source: store) else { continue }
      opened += 1
      for offset in [0, reader.size / 2, reader.size &- 1] {
        _ = try? await read(reader, at: offset, count: 64)
      }
    }
    #expect(opened > 20)
    #expect(try await readAll(FileReader(root, source: store)) == data(16 * 9))
  }

  @Test func leavesOfARange() async throws {
    let store = MemoryBlockStore()
    let bytes = data(16 * 30 + 5)
    let root = try await importFile(bytes, profile: smallProfile(), to: store)
    let reader = try await FileReader(root, source: store)
    store.resetCounts()
    for (low, high) in [(0, 485), (0, 1), (15, 17), (200, 400), (480, 485), (484, 485)] {
      let spans = try await reader.leaves(in: UInt64(low)..<UInt64(high))
      #expect(spans.map(\.range.lowerBound) == (low / 16...(high - 1) / 16).map { UInt64($0 * 16) })
      for span in spans {
        let chunk = Array(bytes[Int(span.range.lowerBound)..<Int(span.range.upperBound)])
        #expect(span.cid == chunk.withUnsafeBytes { CID.sha256(of: $0, codec: .raw) })
      }
    }
    #expect(store.loads.allSatisfy { $0.codec == .dagPB })
  }

  @Test func zerosAndOthers() async throws {
    let store = MemoryBlockStore()
    var bytes = data(16 * 100)
    bytes.replaceSubrange(16 * 20..<16 * 70, with: [UInt8](repeating: 0, count: 16 * 50))
    let profile = try smallProfile()
    let root = try await importFile(bytes, profile: profile, to: store)
    let zeros = try await LeafEncoder.leaf(ofZeros: 16, profile: profile).cid
    let reader = try await FileReader(root, source: store)
    let first = { (offset: UInt64, inZeros: Bool) in
      try await reader.firstByte(at: offset, inZeros: inZeros, leafSize: 16) { cid, size in size == 16 && cid == zeros }
    }
    #expect(try await first(0, false) == 0)
    #expect(try await first(3, true) == 16 * 20)
    #expect(try await first(16 * 20 + 3, true) == 16 * 20 + 3)
    #expect(try await first(16 * 20 + 3, false) == 16 * 70)
    #expect(try await first(16 * 70, true) == nil)
    #expect(try await first(1600, false) == nil)
  }
}
