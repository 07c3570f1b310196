import Foundation
package import GRDB
import Multiformats

extension NodeDatabase {
  /// All pins.
  func pins() throws(NodeError) -> [Pin] {
    try read { db in
      try Row.fetchAll(db, sql: "SELECT cid, kind, name FROM pin ORDER BY cid").map(Pin.init(row:))
    }
  }

  /// The pin of a CID.
  func pin(of cid: CID) throws(NodeError) -> Pin? {
    try read { db in
      try Row.fetchOne(db, sql: "SELECT cid, kind, name FROM pin WHERE cid = ?", arguments: [Data(cid.bytes)])
        .map(Pin.init(row:))
    }
  }

  /// Adds a pin, or takes it for the one there is.
  func save(_ pin: Pin) throws(NodeError) {
    try save([pin])
  }

  /// Adds pins, all or none, or takes them for those there are.
  func save(_ pins: [Pin]) throws(NodeError) {
    try write { db in
      let statement = try db.cachedStatement(sql: "INSERT OR REPLACE INTO pin (cid, kind, name) VALUES (?, ?, ?)")
      for pin in pins {
        try statement.execute(arguments: [Data(pin.cid.bytes), pin.kind.rawValue, pin.name])
      }
    }
  }

  /// Takes a pin away.
  func removePin(of cid: CID) throws(NodeError) {
    try write { db in
      try db.execute(sql: "DELETE FROM pin WHERE cid = ?", arguments: [Data(cid.bytes)])
    }
  }
}

extension Pin {
  /// The pin of a row of columns `cid`, `kind` and `name`. Throws where they are none.
  package init(row: Row) throws {
    let kind = try row.decode(Int64.self, atIndex: 1)
    guard let kind = UInt8(exactly: kind).flatMap(Kind.init(rawValue:)),
      let cid = try? CID(bytes: row.decode(Data.self, atIndex: 0))
    else { throw NodeError(.corrupt, "a stored pin is malformed") }
    self.init(cid: cid, kind: kind, name: try row.decode(String?.self, atIndex: 2))
  }
}
