import GRDB
import IPFSNode
import IPLD
import Multiformats
import Testing
import UnixFS

/// A repo of an older version is opened, and nothing in it is lost.
@Suite struct OlderDatabaseTests {
  @Test func checksumsInPagesOfTheirOwnAreFoundAnew() async throws {
    let repo = try TemporaryRepo()
    var node = try repo.open()
    let bytes = [UInt8](repeating: 7, count: 1 << 20)
    let cid = bytes.withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
    try bytes.withUnsafeBytes { try node.blockstore.put(cid, $0) }
    let content = NodeContent.file(FileContent(DAGRoot(cid: cid, size: 1 << 20, tsize: 1 << 20)))
    let file = try node.tree.create("f", in: 1, attributes: .at(1), content: content)
    try await node.close()

    let path = "\(repo.path)/swipfs.db"
    let older = try DatabaseQueue(path: path)
    try await older.write { db in
      try db.execute(
        sql: """
          CREATE TABLE old (multihash BLOB PRIMARY KEY, pages BLOB NOT NULL) WITHOUT ROWID;
          INSERT INTO old SELECT multihash, pages FROM checksum;
          DROP TABLE checksum;
          ALTER TABLE old RENAME TO checksum;
          DELETE FROM grdb_migrations WHERE identifier LIKE '4:%';
          """)
      #expect(try Int.fetchOne(db, sql: "SELECT count(*) FROM checksum") == 1)
    }
    try older.close()

    node = try repo.open()
    #expect(try node.tree.lookup("f", in: 1)?.inode == file.inode)
    #expect(try node.blockstore.block(cid).data == bytes)
    try await node.close()
    let newer = try DatabaseQueue(path: path)
    let rows = try await newer.read { db in try Int.fetchOne(db, sql: "SELECT count(number) FROM checksum") }
    #expect(rows == 1)
    try newer.close()
  }
}
