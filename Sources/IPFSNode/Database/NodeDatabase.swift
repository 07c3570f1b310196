import Foundation
import GRDB
import Glibc
import Synchronization
import UnixFS

/// The repo's SQLite database: the tree's journal and nodes, and the checksums of blocks.
///
/// It is in WAL mode with `synchronous=NORMAL`. A commit is a `write(2)` to the log and survives the process, not the
/// machine; ``sync()`` makes everything committed so far survive that too. SQLite never checkpoints the log by
/// itself, for that would make some unlucky caller wait: ``checkpointLog()`` does it in the background.
///
/// ```
///   node      what every node was at the last checkpoint          journal   what changed since, as states
///   meta      numbers about the whole: the next inode number      checksum  CRC32C of each 4 KiB of a block
///   pin       what is kept though no node refers to it            ipns      the records of names
/// ```
final class NodeDatabase: Sendable {
  /// One writer, which every change goes through, and a few readers beside it.
  let pool: DatabasePool
  /// Copies the log into the database file without holding up the writer.
  private let checkpointer: DatabaseQueue
  /// The log, opened once more for `fdatasync`; -1 once closed.
  private let log: Int32
  /// Whether anything was committed since the log was last synced.
  private let isUnsynced = Atomic(true)

  /// The log size from which the writer itself is made to start it over.
  private static let largeLogSize = 64 << 20
  /// How long a connection waits for another one that has the database locked, which happens while it is opened.
  private static let busySeconds = 10

  /// Opens the database, makes it where there is none, and brings its schema up to date.
  init(path: String) throws(NodeError) {
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(TimeInterval(Self.busySeconds))
      configuration.maximumReaderCount = 2
      configuration.prepareDatabase { db in
        try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        try db.execute(sql: "PRAGMA journal_size_limit = \(Self.largeLogSize)")
        try db.execute(sql: "PRAGMA cache_size = -4096")
        // Debian's SQLite overwrites what is deleted: all of it would go through the log.
        try db.execute(sql: "PRAGMA secure_delete = OFF")
      }
      pool = try DatabasePool(path: path, configuration: configuration)
      try Self.migrator.migrate(pool)
      checkpointer = try DatabaseQueue(path: path, configuration: configuration)
    } catch {
      throw .database(error)
    }
    log = open("\(path)-wal", O_RDONLY | O_CLOEXEC)
    guard log >= 0 else { throw .system("open", "\(path)-wal") }
  }

  deinit {
    Glibc.close(log)
  }

  /// Every step that the schema took; a repo of an older version takes those it has not.
  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1: the tree and its journal") { db in
      try db.execute(
        sql: """
          CREATE TABLE node (
            inode INTEGER PRIMARY KEY, parent INTEGER NOT NULL, name BLOB NOT NULL, kind INTEGER NOT NULL,
            uncommitted INTEGER NOT NULL, state BLOB NOT NULL);
          CREATE INDEX node_parent ON node (parent);
          CREATE INDEX node_uncommitted ON node (inode) WHERE uncommitted;
          CREATE TABLE journal (seq INTEGER PRIMARY KEY, change BLOB NOT NULL);
          CREATE TABLE checksum (multihash BLOB PRIMARY KEY, pages BLOB NOT NULL) WITHOUT ROWID;
          CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("2: pins") { db in
      try db.execute(
        sql: "CREATE TABLE pin (cid BLOB PRIMARY KEY, kind INTEGER NOT NULL, name TEXT) WITHOUT ROWID")
    }
    migrator.registerMigration("3: IPNS records") { db in
      try db.execute(sql: "CREATE TABLE ipns (peer BLOB PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID")
    }
    migrator.registerMigration("4: checksums in rows of any size") { db in
      // Without row numbers, a row of 1 KiB took a page of 4 KiB. What is not there any more is found again.
      try db.execute(
        sql: """
          DROP TABLE checksum;
          CREATE TABLE checksum (number INTEGER PRIMARY KEY, multihash BLOB NOT NULL UNIQUE, pages BLOB NOT NULL);
          """)
    }
    return migrator
  }

  /// Makes everything committed so far survive a power cut.
  ///
  /// The log is valid up to its first frame that is missing or damaged, and SQLite itself syncs the log before it
  /// copies from it and the database file before it starts the log over. So syncing the log is all that is missing.
  /// It needs no lock: others go on committing meanwhile.
  func sync() throws(NodeError) {
    isUnsynced.store(false, ordering: .sequentiallyConsistent)
    guard fdatasync(log) == 0 else {
      let error = NodeError.system("fdatasync", "swipfs.db-wal")
      noteChange()
      throw error
    }
  }

  /// Whether there is anything to sync.
  var hasUnsyncedChanges: Bool { isUnsynced.load(ordering: .sequentiallyConsistent) }

  /// Says that something was committed.
  func noteChange() {
    isUnsynced.store(true, ordering: .sequentiallyConsistent)
  }

  /// Copies what is in the log into the database file, so that the log starts over and stays small.
  ///
  /// The copying runs beside the writer. Only where the log has become large, for the writer never left it a pause in
  /// which it was all copied, the writer has to wait for the little that came since.
  func checkpointLog() throws(NodeError) {
    do {
      _ = try checkpointer.inDatabase { db in try db.checkpoint(.passive) }
      var status = stat()
      if fstat(log, &status) == 0, status.st_size > Self.largeLogSize {
        try pool.writeWithoutTransaction { db in
          // Changes of the tree wait behind this one: it may not wait for readers.
          try db.execute(sql: "PRAGMA busy_timeout = 0")
          defer { try? db.execute(sql: "PRAGMA busy_timeout = \(Self.busySeconds * 1000)") }
          _ = try db.checkpoint(.restart)
        }
      }
    } catch let error as DatabaseError where error.resultCode.primaryResultCode == .SQLITE_BUSY {
      // A reader still needs the log; the next time will do.
    } catch {
      throw .database(error)
    }
  }

  /// Closes all connections. The last one copies the log into the database file and removes it.
  func close() throws(NodeError) {
    do {
      try checkpointer.close()
      try pool.close()
    } catch {
      throw .database(error)
    }
  }

  /// Runs `body` on a reader, which sees everything committed before.
  func read<T>(_ body: (GRDB.Database) throws -> T) throws(NodeError) -> T {
    do {
      return try pool.unsafeRead(body)
    } catch {
      throw .database(error)
    }
  }

  /// Runs `body` in one transaction of the writer.
  func write(_ body: (GRDB.Database) throws -> Void) throws(NodeError) {
    do {
      try pool.writeInTransaction(.immediate) { db in
        try body(db)
        return .commit
      }
    } catch {
      throw .database(error)
    }
    noteChange()
  }
}
