import Foundation
import GRDB

extension NodeDatabase {
  /// The record of a name, as bytes.
  func record(of name: PeerID) throws(NodeError) -> [UInt8]? {
    try read { db in
      try Data.fetchOne(db, sql: "SELECT record FROM ipns WHERE peer = ?", arguments: [Data(name.bytes)])
    }.map(Array.init)
  }

  /// Whether any name has a record.
  func hasRecords() throws(NodeError) -> Bool {
    try read { db in try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM ipns)") ?? false }
  }

  /// Stores the record of a name, in the place of the one there is.
  func save(record: [UInt8], of name: PeerID) throws(NodeError) {
    try write { db in
      try db.execute(
        sql: "INSERT OR REPLACE INTO ipns (peer, record) VALUES (?, ?)",
        arguments: [Data(name.bytes), Data(record)])
    }
  }
}
