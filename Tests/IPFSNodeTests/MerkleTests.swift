import IPFSNode
import Multiformats
import TestSupport
import Testing
import UnixFS

@Suite struct MerkleTests {
  /// The DAG of a directory, built at once from what the tree says of itself.
  private static func build(_ directory: InodeNumber, of tree: MFS, in store: MemoryBlockStore) async throws -> DAGRoot
  {
    let profile = ImportProfile.unixfsV1_2025
    var entries: [DirectoryEntry] = []
    for record in try tree.records(try tree.children(of: directory)[...], in: directory) {
      let root: DAGRoot
      switch record.content {
      case .directory: root = try await build(record.inode, of: tree, in: store)
      case .symlink(let target): root = try await Symlink.store(target, profile: profile, to: store)
      case .file(let file):
        if let base = file.base {
          root = base
        } else {
          root = try await Importer(profile: profile, sink: store).finish()
        }
      }
      entries.append(DirectoryEntry(name: record.name, cid: root.cid, tsize: root.tsize))
    }
    return try await DirectoryWriter(profile: profile, store: store).build(entries).root
  }

  /// After any changes, with the DAG computed in between or not, and after a crash, the root is that of the tree.
  @Test(arguments: 1...4 as ClosedRange<UInt64>)
  func incrementalRootIsTheRoot(seed: UInt64) async throws {
    let repo = try TemporaryRepo()
    var node = try repo.open()
    var operations = try RandomOperations(seed: seed, on: node.tree)
    for round in 0..<40 {
      for _ in 0..<20 { #expect(try operations.step(on: node.tree) == nil) }
      let expected = try await Self.build(NodeRecord.root, of: node.tree, in: MemoryBlockStore())
      #expect(try await node.tree.commit() == expected)
      if round % 10 == 4 {
        let survivor = try node.tree.betweenCheckpoints { try TemporaryRepo(crashOf: repo) }
        let second = try survivor.open()
        #expect(try await second.tree.commit() == expected)
        try await second.close()
      }
      if round % 10 == 8 {
        try await node.close()
        node = try repo.open()
        // Nothing changed: nothing is encoded.
        #expect(try await node.tree.commit() == expected)
        #expect(node.statistics.directoryBlocksEncoded == 0)
      }
    }
    try await node.close()
  }

  @Test func oneChangeInALargeDirectoryEncodesFewBlocks() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let tree = node.tree
    let directory = try tree.create("d", in: 1, attributes: .at(1), content: .directory(subdirectories: 0)).inode
    for index in 0..<100_000 {
      _ = try tree.create(EntryName("file-\(index)"), in: directory, attributes: .at(1), content: .file(.empty))
    }
    _ = try await tree.commit()
    let before = node.statistics.directoryBlocksEncoded
    _ = try tree.create("one more", in: directory, attributes: .at(2), content: .file(.empty))
    let root = try await tree.commit()
    #expect(node.statistics.directoryBlocksEncoded - before <= 10)
    #expect(root == (try await Self.build(NodeRecord.root, of: tree, in: MemoryBlockStore())))
    try await node.close()
  }

  @Test func aDirectoryWhoseBlocksAreLostIsBuiltAnew() async throws {
    let repo = try TemporaryRepo()
    var node = try repo.open()
    let directory = try node.tree.create("d", in: 1, attributes: .at(1), content: .directory(subdirectories: 0)).inode
    let root = try await node.tree.dagRoot(of: directory)
    try await node.close()
    let path = "\(repo.path)/blocks/\(BlockPath(multihash: root.cid.multihashBytes).path)"
    try removeFile(path)
    node = try repo.open()
    _ = try node.tree.create("a", in: directory, attributes: .at(1), content: .file(.empty))
    let expected = try await Self.build(NodeRecord.root, of: node.tree, in: MemoryBlockStore())
    #expect(try await node.tree.commit() == expected)
    try await node.close()
  }

  @Test func filesAndLinksHaveTheirOwnRoots() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let file = try node.tree.create("f", in: 1, attributes: .at(1), content: .file(.empty))
    let empty = try await node.tree.dagRoot(of: file.inode)
    #expect(empty.cid == (try CID("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")))
    let link = try node.tree.create("l", in: 1, attributes: .at(1), content: .symlink(target: Array("f".utf8)))
    let target = try await node.tree.dagRoot(of: link.inode)
    #expect(try Symlink.target(of: node.blockstore.block(target.cid)) == Array("f".utf8))
    try await node.close()
  }
}
