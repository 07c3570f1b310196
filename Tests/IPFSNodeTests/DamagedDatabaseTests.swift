import Foundation
import GRDB
import IPFSNode
import IPLD
import Multiformats
import Testing
import UnixFS

/// A database in which values are not what was written: an error, never the end of the process.
@Suite struct DamagedDatabaseTests {
  private static let cid = [1, 2, 3].withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }

  /// A closed repo with a directory, a file in it and a pin.
  private func makeRepo() async throws -> TemporaryRepo {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    try [1, 2, 3].withUnsafeBytes { try node.blockstore.put(Self.cid, $0) }
    let folder = try node.tree.create("d", in: 1, attributes: .at(1), content: .directory(subdirectories: 0))
    _ = try node.tree.create(
      "f", in: folder.inode, attributes: .at(1), content: .file(FileContent(DAGRoot(cid: Self.cid, size: 3, tsize: 3))))
    try await node.pins.add(Self.cid, kind: .direct, name: "n")
    try await node.close()
    return repo
  }

  /// Does everything that reads the database.
  private func readAll(_ repo: TemporaryRepo) async -> NodeError.Code? {
    do {
      let node = try repo.open()
      do {
        _ = try TreeModel(reading: node.tree)
        _ = try node.pins.list()
        _ = try await node.verify()
        try await node.close()
      } catch {
        try? await node.close()
        throw error
      }
      return nil
    } catch {
      return (error as? NodeError)?.code ?? .invalid
    }
  }

  @Test func whatIsNotDamagedIsRead() async throws {
    #expect(await readAll(try await makeRepo()) == nil)
  }

  @Test(
    arguments: [
      "UPDATE meta SET value = -1 WHERE key = 'nextInode'",
      "UPDATE meta SET value = 9223372036854775807 WHERE key = 'nextInode'",
      "UPDATE node SET inode = -5 WHERE inode = 3", "UPDATE node SET inode = 9223372036854775807 WHERE inode = 3",
      "UPDATE node SET parent = -1 WHERE inode = 3", "UPDATE node SET parent = 9223372036854775807 WHERE inode = 3",
      "UPDATE node SET state = 7 WHERE inode = 3",
      "UPDATE node SET state = x'' WHERE inode = 1", "UPDATE node SET uncommitted = 1, inode = -5 WHERE inode = 3",
      "INSERT INTO journal (seq, change) VALUES (1, x'02808080808080808001')",
      "INSERT INTO journal (seq, change) VALUES (-1, 'x')", "UPDATE pin SET kind = 300", "UPDATE pin SET cid = x'00'",
      "UPDATE pin SET cid = 'text'",
    ])
  func damage(sql: String) async throws {
    let repo = try await makeRepo()
    try damage(repo, sql)
    #expect(await readAll(repo) == .corrupt)
  }

  /// Times are not checked; a process that starts after a loss of power calculates with them.
  @Test(arguments: [Int64.min, .max, -1])
  func timesOfAnyValue(time: Int64) async throws {
    let repo = try await makeRepo()
    try damage(repo, "UPDATE meta SET value = 0 WHERE key IN ('isClosed', 'boot')")
    try damage(
      repo, "INSERT OR REPLACE INTO meta (key, value) VALUES ('syncedTime', \(time)), ('suspectSince', \(time))")
    #expect(await readAll(repo) == nil)
  }

  private func damage(_ repo: TemporaryRepo, _ sql: String) throws {
    let database = try DatabaseQueue(path: "\(repo.path)/swipfs.db")
    try database.write { try $0.execute(sql: sql) }
    try database.close()
  }
}
