import Foundation
import GRDB

extension NodeDatabase {
  /// The page checksums recorded for a block, by its multihash.
  func checksums(of multihash: [UInt8]) throws(NodeError) -> [UInt32]? {
    try read { db in
      let select = try db.cachedStatement(sql: "SELECT pages FROM checksum WHERE multihash = ?")
      return try Data.fetchOne(select, arguments: [Data(multihash)])?.withUnsafeBytes { bytes in
        (0..<bytes.count / 4).map { UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)) }
      }
    }
  }

  /// Records page checksums of blocks.
  func save(checksums: ArraySlice<(multihash: [UInt8], pages: [UInt32])>) throws(NodeError) {
    try write { db in
      let insert = try db.cachedStatement(sql: "INSERT OR REPLACE INTO checksum (multihash, pages) VALUES (?, ?)")
      for (multihash, pages) in checksums {
        let encoded = pages.map(\.littleEndian).withUnsafeBytes { Data($0) }
        insert.setUncheckedArguments([Data(multihash), encoded])
        try insert.execute()
      }
    }
  }
}
