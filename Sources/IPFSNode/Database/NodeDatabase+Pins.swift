import Foundation
import GRDB
import Multiformats

extension NodeDatabase {
  /// All pins.
  func pins() throws(NodeError) -> [Pin] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT cid, kind, name FROM pin ORDER BY cid").map(Self.pin(of:))
    }
  }

  /// The pin of a CID.
  func pin(of cid: CID) throws(NodeError) -> Pin? {
    try read { db in
      try Row.fetchOne(db, sql: "SELECT cid, kind, name FROM pin WHERE cid = ?", arguments: [Data(cid.bytes)])
        .map(Self.pin(of:))
    }
  }

  private static func pin(of row: Row) throws -> Pin {
    let bytes: Data = row[0]
    let kind: Int64 = row[1]
    guard let kind = UInt8(exactly: kind).flatMap(Pin.Kind.init(rawValue:)) else { throw StateDecoder.malformed }
    return Pin(cid: try CID(bytes: bytes), kind: kind, name: row[2])
  }

  /// Adds a pin, or takes it for the one there is.
  func save(_ pin: Pin) throws(NodeError) {
    try write { db in
      try db.execute(
        sql: "INSERT OR REPLACE INTO pin (cid, kind, name) VALUES (?, ?, ?)",
        arguments: [Data(pin.cid.bytes), pin.kind.rawValue, pin.name])
    }
  }

  /// Takes a pin away.
  func removePin(of cid: CID) throws(NodeError) {
    try write { db in
      try db.execute(sql: "DELETE FROM pin WHERE cid = ?", arguments: [Data(cid.bytes)])
    }
  }
}
