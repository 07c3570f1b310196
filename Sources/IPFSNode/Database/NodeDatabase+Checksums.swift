import Foundation
import GRDB

extension NodeDatabase {
  /// The page checksums recorded for a block, by its multihash.
  func checksums(of multihash: [UInt8]) throws(NodeError) -> [UInt32]? {
    try read { db in
      let select = try db.cachedStatement(sql: "SELECT pages FROM checksum WHERE multihash = ?")
      return try Data.fetchOne(select, arguments: [Data(multihash)])?.withUnsafeBytes(PageChecksums.values(of:))
    }
  }

  /// Records page checksums of blocks.
  func save(checksums: ArraySlice<(multihash: [UInt8], pages: [UInt32])>) throws(NodeError) {
    try write { db in
      let insert = try db.cachedStatement(sql: "INSERT OR REPLACE INTO checksum (multihash, pages) VALUES (?, ?)")
      for (multihash, pages) in checksums {
        insert.setUncheckedArguments([Data(multihash), Data(PageChecksums.record(of: pages))])
        try insert.execute()
      }
    }
  }
}
