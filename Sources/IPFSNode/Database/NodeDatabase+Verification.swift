import Foundation
import GRDB
import UnixFS

/// What `verify` asks about the table of nodes as a whole.
extension NodeDatabase {
  /// Nodes that no path leads to from the root, with the directories that they say they are in.
  func unreachableNodes() throws(NodeError) -> [(inode: InodeNumber, parent: InodeNumber)] {
    try read { db in
      let rows = try Row.fetchAll(
        db,
        sql: """
          WITH RECURSIVE reached (inode, kind) AS (
            SELECT inode, kind FROM node WHERE inode = ?
            UNION SELECT node.inode, node.kind FROM node JOIN reached ON node.parent = reached.inode
            WHERE reached.kind = ?)
          SELECT inode, parent FROM node WHERE inode NOT IN (SELECT inode FROM reached)
          """,
        arguments: [Int64(NodeRecord.root), NodeKind.directory.rawValue])
      return try rows.map { (try Self.inode(in: $0, at: 0), try Self.inode(in: $0, at: 1)) }
    }
  }

  /// Names that more than one node of a directory has.
  func duplicateNames() throws(NodeError) -> [(directory: InodeNumber, name: EntryName)] {
    try read { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT parent, name FROM node GROUP BY parent, name HAVING count(*) > 1")
      return try rows.map { row in
        (try Self.inode(in: row, at: 0), EntryName(bytes: try row.decode(Data.self, atIndex: 1)))
      }
    }
  }

  /// How many directories are in each directory that has any.
  func subdirectoryCounts() throws(NodeError) -> [InodeNumber: UInt32] {
    try read { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT parent, count(*) FROM node WHERE kind = ? GROUP BY parent",
        arguments: [NodeKind.directory.rawValue])
      let counts = try rows.map { (try Self.inode(in: $0, at: 0), try $0.decode(UInt32.self, atIndex: 1)) }
      return Dictionary(counts) { $0 + $1 }
    }
  }

  private static func inode(in row: Row, at index: Int) throws -> InodeNumber {
    try inode(row.decode(Int64.self, atIndex: index))
  }
}
