import GRDB
import UnixFS

/// How the process that used a repo last ended.
enum LastEnd: Sendable {
  /// It closed the repo, or there was none: everything is on the disk.
  case clean
  /// It was killed, and the machine went on: everything that it wrote is there, though not all of it on the disk.
  case killed
  /// The machine stopped: nothing is certain to be there that was not synced.
  case powerLoss
}

/// A moment from which on everything is on the disk.
struct SyncPoint: Sendable {
  /// The journal row up to which that is so.
  var sequence: Int64
  /// When it was, in seconds since 1970.
  var time: Int64
}

/// A stretch of time, in seconds since 1970: block files that were written then may have lost bytes.
typealias SuspectTime = ClosedRange<Int64>

extension NodeDatabase {
  /// Numbers in the table `meta`.
  enum Key: String {
    /// The next inode number.
    case nextInode
    /// Which start of the machine the repo was used in last.
    case boot
    /// Whether it was closed then.
    case isClosed
    /// The last sync point.
    case syncedSequence, syncedTime
    /// From when to when block files were written that may have lost bytes.
    case suspectSince, suspectUntil
  }

  /// How far clocks are trusted, in seconds: a block file's time may be that much before the sync point that it came
  /// after.
  private static let clockTolerance: Int64 = 3600

  static func value(_ key: Key, in db: GRDB.Database) throws -> Int64? {
    let select = try db.cachedStatement(sql: "SELECT value FROM meta WHERE key = ?")
    return try Int64.fetchOne(select, arguments: [key.rawValue])
  }

  static func set(_ key: Key, _ value: Int64, in db: GRDB.Database) throws {
    let upsert = try db.cachedStatement(
      sql: "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
    try upsert.execute(arguments: [key.rawValue, value])
  }

  /// How the last process ended, as seen in this start of the machine.
  func lastEnd(boot: Int64) throws(NodeError) -> LastEnd {
    try read { db in
      // A repo that never said so is new, or of a version that did not.
      if try Self.value(.isClosed, in: db) ?? 1 == 1 {
        return try Int.fetchOne(db, sql: "SELECT count(*) FROM journal") == 0 ? .clean : .killed
      }
      return try Self.value(.boot, in: db) == boot ? .killed : .powerLoss
    }
  }

  /// Notes in the transaction that brings the table of nodes up to date that a process uses the repo from now on.
  static func beginRun(after end: LastEnd, boot: Int64, at time: Int64, in db: GRDB.Database) throws {
    if end == .powerLoss {
      let synced = try value(.syncedTime, in: db) ?? 0
      let since = min(max(synced, .min + clockTolerance) - clockTolerance, try value(.suspectSince, in: db) ?? .max)
      // With a clock that went back, nobody knows which files are newer.
      let until = time < synced ? .max : max(time, try value(.suspectUntil, in: db) ?? .min)
      try set(.suspectSince, since, in: db)
      try set(.suspectUntil, until, in: db)
    }
    try set(.boot, boot, in: db)
    try set(.isClosed, 0, in: db)
    try set(.syncedSequence, 0, in: db)
    try set(.syncedTime, time, in: db)
  }

  /// Notes that everything is on the disk and that nobody uses the repo any more.
  func endRun() throws(NodeError) {
    try write { db in try Self.set(.isClosed, 1, in: db) }
  }

  /// Notes that everything up to a journal row is on the disk but for the log itself, which is to be synced next.
  func note(_ point: SyncPoint) throws(NodeError) {
    try write { db in
      try Self.set(.syncedSequence, point.sequence, in: db)
      try Self.set(.syncedTime, point.time, in: db)
    }
  }

  /// When block files were written that may have lost bytes.
  func suspectTime() throws(NodeError) -> SuspectTime? {
    try read { db in
      guard let since = try Self.value(.suspectSince, in: db), let until = try Self.value(.suspectUntil, in: db),
        since <= until
      else { return nil }
      return since...until
    }
  }

  /// Notes that no block file has lost bytes.
  func clearSuspectTime() throws(NodeError) {
    try write { db in
      try db.execute(
        sql: "DELETE FROM meta WHERE key IN (?, ?)",
        arguments: [Key.suspectSince.rawValue, Key.suspectUntil.rawValue])
    }
  }
}
