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

  /// How many pins there are.
  func pinCount() throws(NodeError) -> Int {
    try read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM pin") ?? 0 }
  }

  /// How many pins are read at a time.
  private static let pinStep = 1000

  /// Pins in the order of their CIDs' bytes, a thousand at most.
  ///
  /// - Parameters:
  ///   - kind: Which; nil for all.
  ///   - last: The CID after which they begin; nil for the first ones.
  func pins(of kind: Pin.Kind?, after last: CID?) throws(NodeError) -> [Pin] {
    try read { db in
      let select = try db.cachedStatement(
        sql: "SELECT cid, kind, name FROM pin WHERE cid > ? AND kind BETWEEN ? AND ? ORDER BY cid LIMIT ?")
      let kinds = kind.map { ($0.rawValue, $0.rawValue) } ?? (0, .max)
      return try Row.fetchAll(
        select, arguments: [Data(last?.bytes ?? []), kinds.0, kinds.1, Self.pinStep]
      ).map(Pin.init(row:))
    }
  }

  /// Visits pins in the order of their CIDs' bytes; those that come meanwhile may be passed over.
  func forEachPin(of kind: Pin.Kind? = nil, _ body: (Pin) throws(NodeError) -> Void) throws(NodeError) {
    var last: CID?
    while true {
      let step = try pins(of: kind, after: last)
      guard let end = step.last else { return }
      for pin in step { try body(pin) }
      last = end.cid
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
