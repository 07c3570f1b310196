import IPLD
import Multiformats
import Synchronization
import TestSupport
import UnixFS

extension DecoderCheck {
  /// Serves blocks under any name, so that one of a DAG can be changed; counts how many.
  private final class Blocks: BlockSource {
    private let blocks: [CID: [UInt8]]
    private let changed: CID
    private let data: [UInt8]
    private let served = Mutex(0)

    init(_ blocks: [CID: [UInt8]], changed: CID, to data: [UInt8]) {
      self.blocks = blocks
      self.changed = changed
      self.data = data
    }

    func block(_ cid: CID) async throws -> Block {
      guard let data = cid == changed ? self.data : blocks[cid] else { throw BlockError.notFound(cid) }
      // A DAG of the few blocks there are is not endless.
      guard
        served.withLock({
          $0 += 1; return $0 < 20_000
        })
      else { throw Violation(message: "no end of blocks") }
      return Block(unchecked: cid, data: data)
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

  private static func profile() throws -> ImportProfile {
    try ImportProfile(
      chunker: .fixed(16), cidVersion: .v1, rawLeaves: true, maxFileLinks: 3,
      sharding: .init(fanout: 8, threshold: 300, estimate: .block))
  }

  private static func directory(of count: Int) async throws -> DAG {
    let store = MemoryBlockStore()
    let entries = (0..<count).map { DirectoryEntry(name: EntryName("name \($0)"), cid: cid, tsize: 1) }
    return DAG(root: try await DirectoryWriter(profile: profile(), store: store).build(entries).root.cid, store)
  }

  private static func file() async throws -> DAG {
    let store = MemoryBlockStore()
    return DAG(root: try await importFile(data(16 * 20 + 3), profile: profile(), to: store).cid, store)
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
    let file = try await file()
    return [
      DecoderCheck("UnixFS node", seeds: nodes.map { $0.encoded() }) { bytes in
        guard let node = try? UnixFSNode(decoding: bytes) else { return false }
        try hold(try UnixFSNode(decoding: node.encoded()) == node, "another node")
        _ = try? node.contentSize()
        return true
      },
      DecoderCheck("symlink", seeds: nodes.suffix(1).map { DAGPBNode(data: $0.encoded()).encoded() }) { bytes in
        let cid = bytes.withUnsafeBytes { CID.sha256(of: $0, codec: .dagPB) }
        guard let target = try? Symlink.target(of: Block(unchecked: cid, data: bytes)) else { return false }
        let node = try UnixFSNode(decoding: DAGPBNode(decoding: bytes).data ?? [])
        try hold(node.kind == .symlink && node.data ?? [] == target, "another target")
        return true
      },
      directoryCheck("directory", basic), directoryCheck("HAMT", sharded), fileCheck(file),
    ]
  }

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
}
