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
      return rows.map { (InodeNumber($0[0] as Int64), InodeNumber($0[1] as Int64)) }
    }
  }

  /// Names that more than one node of a directory has.
  func duplicateNames() throws(NodeError) -> [(directory: InodeNumber, name: EntryName)] {
    try read { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT parent, name FROM node GROUP BY parent, name HAVING count(*) > 1")
      return rows.map { (InodeNumber($0[0] as Int64), EntryName(bytes: $0[1] as Data)) }
    }
  }

  /// How many directories are in each directory that has any.
  func subdirectoryCounts() throws(NodeError) -> [InodeNumber: UInt32] {
    try read { db in
      let rows = try Row.fetchAll(
        db, sql: "SELECT parent, count(*) FROM node WHERE kind = ? GROUP BY parent",
        arguments: [NodeKind.directory.rawValue])
      return Dictionary(uniqueKeysWithValues: rows.map { (InodeNumber($0[0] as Int64), $0[1] as UInt32) })
    }
  }
}
