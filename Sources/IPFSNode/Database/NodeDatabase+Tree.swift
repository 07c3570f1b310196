import Foundation
import GRDB
import UnixFS

extension NodeDatabase {
  /// Adds a row to the journal; it survives the process once this returns.
  func append(_ entry: [UInt8], sequence: Int64) throws(NodeError) {
    do {
      try pool.writeWithoutTransaction { db in
        let insert = try db.cachedStatement(sql: "INSERT INTO journal (seq, change) VALUES (?, ?)")
        insert.setUncheckedArguments([sequence, Data(entry)])
        try insert.execute()
      }
    } catch {
      throw .database(error)
    }
    noteChange()
  }

  /// The node of this number as of the last checkpoint.
  func node(_ inode: InodeNumber) throws(NodeError) -> StoredNode? {
    try read { db in try Self.node(inode, in: db) }
  }

  private static func node(_ inode: InodeNumber, in db: GRDB.Database) throws -> StoredNode? {
    // SQLite has signed numbers only, and no node has a number beyond them.
    guard let key = Int64(exactly: inode) else { return nil }
    let select = try db.cachedStatement(sql: "SELECT inode, parent, name, state FROM node WHERE inode = ?")
    let rows = try Row.fetchCursor(select, arguments: [key])
    // The row is the cursor's: it ends with it.
    return try withExtendedLifetime(rows) { try rows.next().map(StoredNode.init(row:)) }
  }

  /// The nodes in a directory as of the last checkpoint, by ascending number.
  func children(of directory: InodeNumber) throws(NodeError) -> [StoredNode] {
    try read { db in
      let select = try db.cachedStatement(
        sql: "SELECT inode, parent, name, state FROM node WHERE parent = ? ORDER BY inode")
      var children: [StoredNode] = []
      let rows = try Row.fetchCursor(select, arguments: [Int64(clamping: directory)])
      while let row = try rows.next() {
        children.append(try StoredNode(row: row))
      }
      return children
    }
  }

  /// Visits every node as of the last checkpoint: files, then directories, then symbolic links.
  func forEachNode(_ body: (StoredNode) throws -> Void) throws(NodeError) {
    try read { db in
      let rows = try Row.fetchCursor(db, sql: "SELECT inode, parent, name, state FROM node ORDER BY kind, inode")
      while let row = try rows.next() {
        try body(try StoredNode(row: row))
      }
    }
  }

  /// Nodes as of the last checkpoint, by ascending number, from the one after `inode` on.
  func nodes(after inode: InodeNumber, limit: Int) throws(NodeError) -> [StoredNode] {
    try read { db in
      let select = try db.cachedStatement(
        sql: "SELECT inode, parent, name, state FROM node WHERE inode > ? ORDER BY inode LIMIT ?")
      var nodes: [StoredNode] = []
      let rows = try Row.fetchCursor(select, arguments: [Int64(clamping: inode), limit])
      while let row = try rows.next() { nodes.append(try StoredNode(row: row)) }
      return nodes
    }
  }

  /// The files whose DAG had still to be built at the last checkpoint.
  func uncommittedFiles() throws(NodeError) -> [InodeNumber] {
    try read { db in
      try Int64.fetchAll(db, sql: "SELECT inode FROM node WHERE uncommitted").map(Self.inode)
    }
  }

  /// The node that a number in the database names; 0 stands for none. Throws `corrupt`.
  static func inode(_ number: Int64) throws(NodeError) -> InodeNumber {
    guard 0...Int64(NodeRecord.largestInode) ~= number else { throw StateDecoder.malformed }
    return InodeNumber(number)
  }

  /// Writes states of nodes, nil for those that are no more.
  func save(_ nodes: [(inode: InodeNumber, node: StoredNode?)]) throws(NodeError) {
    try write { db in
      for (inode, node) in nodes {
        try Self.save(node, as: inode, in: db)
      }
    }
  }

  /// Forgets journal rows that the table of nodes includes by now.
  func dropJournal(through sequence: Int64, nextInode: InodeNumber) throws(NodeError) {
    try write { db in
      try db.execute(sql: "DELETE FROM journal WHERE seq <= ?", arguments: [sequence])
      try Self.setNextInode(nextInode, in: db)
    }
  }

  private static func save(_ node: StoredNode?, as inode: InodeNumber, in db: GRDB.Database) throws {
    guard let node else {
      let delete = try db.cachedStatement(sql: "DELETE FROM node WHERE inode = ?")
      return try delete.execute(arguments: [Int64(inode)])
    }
    let upsert = try db.cachedStatement(
      sql: """
        INSERT INTO node (inode, parent, name, kind, uncommitted, state) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (inode) DO UPDATE SET parent = excluded.parent, name = excluded.name,
          uncommitted = excluded.uncommitted, state = excluded.state
        """)
    let record = node.record
    upsert.setUncheckedArguments([
      Int64(inode), Int64(record.parent), Data(record.name.bytes), record.kind.rawValue, node.isUncommitted,
      Data(node.state),
    ])
    try upsert.execute()
  }

  private static func setNextInode(_ inode: InodeNumber, in db: GRDB.Database) throws {
    try set(.nextInode, max(Int64(inode), try value(.nextInode, in: db) ?? 0), in: db)
  }

  /// What ``replayJournal(after:boot:at:)`` found.
  struct Replay {
    /// The next inode number to give.
    var nextInode = NodeRecord.root + 1
    /// Changes that were undone, because nobody knows whether all that they speak of is on the disk.
    var undone = 0
  }

  /// Brings the table of nodes up to date with what a process left in the journal when it ended without a
  /// checkpoint, and begins a new run, in one transaction.
  ///
  /// After a loss of power the tree becomes what it was at the last sync point: rows after that may be there where the
  /// blocks and spool files are not that they speak of. The table of nodes never has states from after a sync point.
  ///
  /// - Parameters:
  ///   - end: How the last process ended.
  ///   - boot: The machine's present start.
  ///   - time: The time now in seconds.
  func replayJournal(after end: LastEnd, boot: Int64, at time: Int64) throws(NodeError) -> Replay {
    var replay = Replay()
    try write { db in
      var next = replay.nextInode
      next = max(next, try Self.inode(Self.value(.nextInode, in: db) ?? 0))
      next = max(next, try Self.inode(Int64.fetchOne(db, sql: "SELECT max(inode) FROM node") ?? 0) + 1)
      let last = end == .powerLoss ? try Self.value(.syncedSequence, in: db) ?? 0 : .max
      let rows = try Row.fetchCursor(db, sql: "SELECT seq, change FROM journal ORDER BY seq")
      while let row = try rows.next() {
        let sequence = try row.decode(Int64.self, atIndex: 0)
        let entry = try row.withUnsafeData(atIndex: 1) { data in
          try (data ?? Data()).withUnsafeBytes { try JournalEntry(decoding: $0) }
        }
        for change in entry.changes {
          // A number that was given is not given again.
          next = max(next, change.inode + 1)
          if sequence <= last { try Self.apply(change, in: db) }
        }
        if sequence > last { replay.undone += 1 }
      }
      try db.execute(sql: "DELETE FROM journal")
      guard next <= NodeRecord.largestInode else { throw StateDecoder.malformed }
      try Self.setNextInode(next, in: db)
      try Self.beginRun(after: end, boot: boot, at: time, in: db)
      replay.nextInode = next
    }
    return replay
  }

  private static func apply(_ change: JournalEntry.Change, in db: GRDB.Database) throws {
    let inode = change.inode
    switch change {
    case .node(let node):
      try save(node, as: inode, in: db)
    case .gone:
      try save(nil, as: inode, in: db)
    case .directory(_, let attributes, let subdirectories):
      try update(inode, in: db) { node in
        node.record.attributes = attributes
        node.record.content = .directory(subdirectories: subdirectories)
        node.dag = nil
      }
    case .dag(_, let root):
      try update(inode, in: db) { $0.dag = root }
    }
  }

  /// Changes a stored directory. One that is not there was removed by a later row.
  private static func update(
    _ inode: InodeNumber, in db: GRDB.Database, _ change: (inout StoredNode) -> Void
  ) throws {
    guard var stored = try node(inode, in: db), stored.record.kind == .directory else { return }
    change(&stored)
    try save(stored, as: inode, in: db)
  }
}
