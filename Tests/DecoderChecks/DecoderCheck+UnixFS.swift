import IPLD
import Multiformats
import Synchronization
import TestSupport
import UnixFS

extension DecoderCheck {
  /// Serves blocks under any name, so that one of a DAG can be changed; counts how many.
  private final class Blocks: BlockSource, BlockSink {
    private let blocks: [CID: [UInt8]]
    private let changed: CID
    private let data: [UInt8]
    private let served = Mutex(0)
    private let stored = Mutex<[CID: [UInt8]]>([:])

    init(_ blocks: [CID: [UInt8]], changed: CID, to data: [UInt8]) {
      self.blocks = blocks
      self.changed = changed
      self.data = data
    }

    func block(_ cid: CID) async throws -> Block {
      let new = stored.withLock { $0[cid] }
      guard let data = cid == changed ? self.data : new ?? blocks[cid] else { throw BlockError.notFound(cid) }
      // A DAG of the few blocks there are is not endless.
      guard
        served.withLock({
          $0 += 1; return $0 < 20_000
        })
      else { throw Violation(message: "no end of blocks") }
      return Block(unchecked: cid, data: data)
    }

    func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws {
      stored.withLock { $0[cid] = Array(data) }
    }
  }

  /// A DAG whose blocks can be changed one at a time: an input is a block's number and its bytes.
  private struct DAG: Sendable {
    let root: CID
    let blocks: [(cid: CID, data: [UInt8])]
    private let byName: [CID: [UInt8]]

    init(root: CID, _ store: MemoryBlockStore) {
      self.root = root
      byName = store.blocks
      blocks = store.blocks.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    var seeds: [[UInt8]] { blocks.enumerated().map { [UInt8($0)] + $1.data } }

    func source(changedBy input: [UInt8]) -> Blocks? {
      guard let number = input.first.map(Int.init), number < blocks.count else { return nil }
      return Blocks(byName, changed: blocks[number].cid, to: Array(input.dropFirst()))
    }
  }

  private static func profile(_ layout: ImportProfile.Layout = .balanced) throws -> ImportProfile {
    try ImportProfile(
      chunker: .fixed(16), layout: layout, cidVersion: .v1, rawLeaves: true, maxFileLinks: 3,
      sharding: .init(fanout: 8, threshold: 300, estimate: .block))
  }

  private static func directory(of count: Int) async throws -> DAG {
    let store = MemoryBlockStore()
    let entries = (0..<count).map { DirectoryEntry(name: EntryName("name \($0)"), cid: cid, tsize: 1) }
    return DAG(root: try await DirectoryWriter(profile: profile(), store: store).build(entries).root.cid, store)
  }

  private static func file(_ layout: ImportProfile.Layout = .balanced) async throws -> (DAG, root: DAGRoot) {
    let store = MemoryBlockStore()
    let root = try await importFile(data(16 * 20 + 3), profile: profile(layout), to: store)
    return (DAG(root: root.cid, store), root)
  }

  private static let nodes = [
    UnixFSNode(kind: .file, data: data(20), fileSize: 20, mode: 0o640, mtime: .init(seconds: -5, nanoseconds: 42)),
    UnixFSNode(kind: .file, fileSize: 300, blockSizes: [100, 100, 100]), UnixFSNode(kind: .directory),
    UnixFSNode(kind: .hamtShard, data: [0x81], hashType: 0x22, fanout: 256),
    UnixFSNode(kind: .symlink, data: Array("../target".utf8)),
  ]

  /// UnixFS: nodes, links, directories and files.
  static func unixFS() async throws -> [DecoderCheck] {
    let basic = try await directory(of: 3)
    let sharded = try await directory(of: 40)
    let (file, root) = try await Self.file()
    let (trickle, trickleRoot) = try await Self.file(.trickle)
    return [
      DecoderCheck("UnixFS node", seeds: nodes.map { $0.encoded() }) { bytes in
        guard let node = try? UnixFSNode(decoding: bytes) else { return false }
        try hold(try UnixFSNode(decoding: node.encoded()) == node, "another node")
        _ = try? node.contentSize()
        return true
      },
      DecoderCheck("symlink", seeds: nodes.suffix(1).map { DAGPBNode(data: $0.encoded()).encoded() }) { bytes in
        guard let target = try? Symlink.target(of: Block(unchecked: cid(of: bytes), data: bytes)) else { return false }
        let node = try UnixFSNode(decoding: DAGPBNode(decoding: bytes).data ?? [])
        try hold(node.kind == .symlink && node.data ?? [] == target, "another target")
        return true
      },
      DecoderCheck("summary", seeds: nodes.map { DAGPBNode(data: $0.encoded()).encoded() }) { bytes in
        guard let summary = try? NodeSummary(Block(unchecked: cid(of: bytes), data: bytes)) else { return false }
        let node = try UnixFSNode(decoding: DAGPBNode(decoding: bytes).data ?? [])
        try hold(summary.root.size <= UInt64(Int64.max), "\(summary.root.size) bytes")
        try hold((summary.kind == .symlink) == (node.kind == .symlink), "a link or none")
        try hold(summary.kind == .file || summary.root.size == 0, "\(summary.kind) of a size")
        return true
      },
      directoryCheck("directory", basic), directoryCheck("HAMT", sharded),
      directoryChangeCheck("change of a directory", basic), directoryChangeCheck("change of a HAMT", sharded),
      fileCheck(file), leavesCheck(file), leavesCheck(trickle, "leaves of a trickle file"),
      try changeCheck("change of a file", file, root, profile()) { store, leaf, profile in
        let edits = ChunkEdits(size: root.size, base: root, leaves: [(index: 7, leaf: leaf)], holes: [12..<15])
        return try await DAGEditor.rebuild(edits, profile: profile, store: store).root
      },
      try changeCheck("change of a trickle file", trickle, trickleRoot, profile(.trickle)) { store, leaf, profile in
        let segments: [FileSegment] = [
          .base(0..<112), .leaf(leaf), .base(128..<192), .zeros(count: 3), .base(240..<trickleRoot.size),
        ]
        return try await DAGEditor.build(segments, base: trickleRoot, profile: profile, store: store).root
      },
    ]
  }

  private static func cid(of block: [UInt8]) -> CID { block.withUnsafeBytes { CID.sha256(of: $0, codec: .dagPB) } }

  private static func directoryCheck(_ name: String, _ dag: DAG) -> DecoderCheck {
    DecoderCheck(name, seeds: dag.seeds) { input in
      guard let source = dag.source(changedBy: input) else { return false }
      let reader = DirectoryReader(source: source)
      // A lookup may go where a damaged shard is not on the way.
      _ = try? await reader.lookup("name 7", in: dag.root)
      let entries: [DirectoryEntry]
      do {
        entries = try await reader.list(dag.root)
      } catch let violation as Violation {
        throw violation
      } catch {
        return false
      }
      for entry in entries.prefix(5) {
        let first = entries.first { $0.name == entry.name }
        try hold(try await reader.lookup(entry.name, in: dag.root) == first, "an entry that is not found")
      }
      return true
    }
  }

  private static func fileCheck(_ dag: DAG) -> DecoderCheck {
    DecoderCheck("file", seeds: dag.seeds) { input in
      guard let source = dag.source(changedBy: input),
        let reader = try? await FileReader(root: dag.root, source: source)
      else { return false }
      for offset in [0, 16, reader.size / 2, reader.size &- 1] {
        do {
          let bytes = try await read(reader, at: offset, count: 64)
          let expected = offset < reader.size ? min(64, reader.size - offset) : 0
          try hold(UInt64(bytes.count) == expected, "\(bytes.count) bytes at \(offset) of \(reader.size)")
        } catch let violation as Violation {
          throw violation
        } catch {
          return false
        }
      }
      return true
    }
  }

  /// A few changes of a directory with a damaged block: they are refused, or they are there and all else is as before.
  private static func directoryChangeCheck(_ name: String, _ dag: DAG) -> DecoderCheck {
    DecoderCheck(name, seeds: dag.seeds) { input in
      guard let store = dag.source(changedBy: input) else { return false }
      let new = DirectoryEntry(name: "new", cid: cid, tsize: 1)
      let changes: [EntryName: DirectoryEntry?] = ["new": new, "name 1": .none, "name 2": .none, "none": .none]
      let root: CID
      do {
        root = try await DirectoryWriter(profile: profile(), store: store).update(dag.root, changes: changes).root.cid
      } catch let violation as Violation {
        throw violation
      } catch {
        return false
      }
      let reader = DirectoryReader(source: store)
      try hold(try await reader.lookup("new", in: root) == new, "an entry that was not made")
      // What was not on the way may be damaged still.
      guard let old = try? await reader.list(dag.root), let entries = try? await reader.list(root) else { return true }
      let names = Set(old.map(\.name)).subtracting(changes.keys).union(["new"])
      try hold(Set(entries.map(\.name)) == names, "other entries")
      return true
    }
  }

  /// The leaves of a file with a damaged block: they are a whole, or there is an error.
  private static func leavesCheck(_ dag: DAG, _ name: String = "leaves of a file") -> DecoderCheck {
    DecoderCheck(name, seeds: dag.seeds) { input in
      guard let source = dag.source(changedBy: input),
        let reader = try? await FileReader(root: dag.root, source: source)
      else { return false }
      do {
        for start in [0, reader.size / 2] {
          let range = start..<min(reader.size, start + 400)
          let spans = try await reader.leaves(in: range)
          var end = spans.first?.range.lowerBound ?? range.upperBound
          try hold(end <= start, "no leaf at \(start)")
          for span in spans where !span.range.isEmpty {
            try hold(span.range.lowerBound == end, "a leaf at \(span.range.lowerBound), the one before ends at \(end)")
            end = span.range.upperBound
          }
          try hold(end >= range.upperBound, "no leaf at \(end)")
          for isZero in [true, false] {
            let found = try await reader.firstByte(at: start, inZeros: isZero, leafSize: 16) { _, size in size < 10 }
            try hold(found.map { start..<reader.size ~= $0 } ?? true, "a byte beyond the end")
          }
        }
        return true
      } catch let violation as Violation {
        throw violation
      } catch {
        return false
      }
    }
  }

  /// A change of a file whose old DAG has a damaged block: it is refused, or gives a file of the right size.
  private static func changeCheck(
    _ name: String, _ dag: DAG, _ root: DAGRoot, _ profile: ImportProfile,
    change: @escaping @Sendable (any BlockStore, Leaf, ImportProfile) async throws -> DAGRoot
  ) throws -> DecoderCheck {
    DecoderCheck(name, seeds: dag.seeds) { input in
      guard let store = dag.source(changedBy: input) else { return false }
      let leaf = try await storeLeaf(Array(repeating: 7, count: 16), profile: profile, to: store)
      do {
        let changed = try await change(store, leaf, profile)
        try hold(changed.size == root.size, "\(changed.size) bytes instead of \(root.size)")
        return true
      } catch let violation as Violation {
        throw violation
      } catch {
        return false
      }
    }
  }
}
