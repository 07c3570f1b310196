import Foundation
import GRDB

extension NodeDatabase {
  private static let storedKey = "blockBytes"
  private static let unaccountedKey = "unaccountedBytes"
  private static let releasedKey = "releasedBytes"

  /// What an earlier process knew of garbage.
  func garbageEstimate() throws(NodeError) -> GarbageEstimate.Values {
    try read { db in
      func value(_ key: String) throws -> UInt64 {
        let value = try Int64.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key])
        return UInt64(clamping: value ?? 0)
      }
      return GarbageEstimate.Values(
        stored: try value(Self.storedKey), unaccounted: try value(Self.unaccountedKey),
        released: try value(Self.releasedKey))
    }
  }

  /// Writes down what is known of garbage.
  func save(_ estimate: GarbageEstimate.Values) throws(NodeError) {
    try write { db in
      let values = [
        Self.storedKey: estimate.stored, Self.unaccountedKey: estimate.unaccounted,
        Self.releasedKey: estimate.released,
      ]
      for (key, value) in values {
        try db.execute(
          sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", arguments: [key, Int64(clamping: value)])
      }
    }
  }

  /// Writes, with the space that is set aside for that or with what a collection frees.
  func write(
    freeing reserve: SpaceReserve, _ space: SpaceDemand, _ body: () throws(NodeError) -> Void
  ) throws(NodeError) {
    do {
      try body()
    } catch {
      guard error.code == .noSpace, reserve.release() || space.makeSpace() else { throw error }
      try body()
    }
  }

  /// Forgets the checksums of blocks that are no more.
  func removeChecksums(of multihashes: [[UInt8]]) throws(NodeError) {
    try write { db in
      let delete = try db.cachedStatement(sql: "DELETE FROM checksum WHERE multihash = ?")
      for multihash in multihashes { try delete.execute(arguments: [Data(multihash)]) }
    }
  }
}
