import Foundation
import Glibc
import IPFSNode
import IPLD
import MountTestSupport
import Multiformats
import Testing
import UnixFS

/// What a node makes of a repo that was in use when the machine stopped, and of one whose process was killed.
@Suite struct PowerLossTests {
  /// A copy of the repo as a loss of power leaves it that happens to take nothing.
  private static func afterPowerLoss(_ repo: TemporaryRepo) throws -> TemporaryRepo {
    let copy = try TemporaryRepo(crashOf: repo)
    // The number of another start of the machine.
    try Shell.run(#"sqlite3 "\#(copy.path)/swipfs.db" "UPDATE meta SET value = value + 1 WHERE key = 'boot'""#)
    return copy
  }

  private static func names(_ node: Node) throws -> [String] {
    let children = try node.tree.children(of: NodeRecord.root)
    return try node.tree.records(children[...], in: NodeRecord.root).map(\.name.description).sorted()
  }

  private static func make(_ name: EntryName, in node: Node) throws -> InodeNumber {
    try node.tree.create(name, in: NodeRecord.root, attributes: .at(1), content: .file(.empty)).inode
  }

  private static func put(_ bytes: [UInt8], in node: Node) throws -> CID {
    try bytes.withUnsafeBytes { data in
      let cid = CID.sha256(of: data, codec: .raw)
      try node.blockstore.put(cid, data)
      return cid
    }
  }

  @Test func theTreeIsAsItWasLastSynced() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    _ = try Self.make("synced", in: node)
    try await node.tree.sync()
    let (later, copies) = try node.tree.betweenCheckpoints {
      (try Self.make("later", in: node), [try TemporaryRepo(crashOf: repo), try Self.afterPowerLoss(repo)])
    }

    let killed = try copies[0].open()
    #expect(try Self.names(killed) == ["later", "synced"])
    try await killed.close()

    let lost = try copies[1].open()
    #expect(try Self.names(lost) == ["synced"])
    // A number that was seen is not given to another node.
    #expect(try Self.make("new", in: lost) > later)
    #expect(try await lost.verify() == [])
    try await lost.close()
    try await node.close()
  }

  @Test func aCheckpointIsASync() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    _ = try Self.make("a", in: node)
    try node.tree.checkpointNow()
    let lost = try Self.afterPowerLoss(repo).open()
    #expect(try Self.names(lost) == ["a"])
    try await lost.close()
    try await node.close()
  }

  @Test func aClosedRepoLosesNothing() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    _ = try Self.make("a", in: node)
    try await node.close()
    let lost = try Self.afterPowerLoss(repo).open()
    #expect(try Self.names(lost) == ["a"])
    try await lost.close()
  }

  /// A file system may bring a file's name and size to the disk before its bytes.
  @Test(arguments: [1000, 100_000])
  func aBlockThatLostItsBytesIsStoredAgain(size: Int) async throws {
    let repo = try TemporaryRepo()
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let node = try repo.open()
    let cid = try Self.put(bytes, in: node)
    let copy = try Self.afterPowerLoss(repo)
    try await node.close()
    let file = "\(copy.path)/blocks/\(BlockPath(multihash: cid.multihashBytes).path)"
    #expect(Glibc.truncate(file, 0) == 0 && Glibc.truncate(file, off_t(size)) == 0)

    // Also by a later process, though the one that found the repo so has closed it.
    try await copy.open().close()
    let lost = try copy.open()
    _ = try Self.put(bytes, in: lost)
    #expect(try lost.blockstore.block(cid).data == bytes)
    #expect(try await lost.verify() == [])
    try await lost.close()
  }

  @Test func verificationRemovesWhatIsLeftOfBlocksNobodyHas() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let cids = try [[1, 2, 3], [4, 5, 6]].map { try Self.put($0, in: node) }
    let copy = try Self.afterPowerLoss(repo)
    try await node.close()
    let files = cids.map { "\(copy.path)/blocks/\(BlockPath(multihash: $0.multihashBytes).path)" }
    #expect(Glibc.truncate(files[0], 0) == 0)
    let lost = try copy.open()
    #expect(try await lost.verify() == [])
    #expect(!FileManager.default.fileExists(atPath: files[0]))
    #expect(try lost.blockstore.block(cids[1]).data == [4, 5, 6])
    // From now on what is damaged is damage.
    #expect(Glibc.truncate(files[1], 0) == 0)
    #expect(try await lost.verify() == [.damagedBlock(cids[1])])
    try await lost.close()
  }
}
