import Foundation
import IPFSNode
import IPLD
import Multiformats
import UnixFS

/// What a block is the root of, as far as UnixFS tells.
struct UnixFSContent: Sendable {
  /// The kinds of it.
  enum Kind: Sendable {
    case file(FileReader)
    case directory
    case symlink([UInt8])
  }

  /// The root.
  let cid: CID
  /// What it is.
  let kind: Kind
  /// Cumulative size of its blocks, as its links have it.
  let tsize: UInt64
  /// What it says of itself.
  let mode: UInt16?
  let mtime: Timestamp?

  /// Bytes of a file or of a link's target; of a directory, of all its blocks.
  var size: UInt64 {
    switch kind {
    case .file(let reader): reader.size
    case .symlink(let target): UInt64(target.count)
    case .directory: tsize
    }
  }

  /// Reads a root. A raw block is not read: it is a file of its size.
  ///
  /// - Throws: `BlockError`, ``RPCError`` for what is not UnixFS.
  init(_ cid: CID, of node: Node) async throws {
    self.cid = cid
    guard cid.codec != .raw else {
      let size = UInt64(try node.blockstore.size(cid))
      kind = .file(try await FileReader(DAGRoot(cid: cid, size: size, tsize: size), source: node.blockstore))
      (tsize, mode, mtime) = (size, nil, nil)
      return
    }
    guard cid.codec == .dagPB else { throw RPCError("unknown node type") }
    let block = try node.blockstore.block(cid)
    let summary = try NodeSummary(block)
    (tsize, mode, mtime) = (summary.root.tsize, summary.mode.flatMap { $0 == 0 ? nil : $0 }, summary.mtime)
    kind =
      switch summary.kind {
      case .file: .file(try FileReader(block, source: node.blockstore))
      case .directory: .directory
      case .symlink: .symlink(summary.target)
      }
  }
}

extension UnixMode {
  private static let goDirectory: UInt32 = 1 << 31

  /// A stored mode as Go writes it.
  static func go(_ permissions: UInt16, directory: Bool = false, symlink: Bool = false) -> UInt32 {
    guard permissions != 0 else { return 0 }
    var mode = UInt32(permissions & 0o777)
    if permissions & 0o4000 != 0 { mode |= 1 << 23 }
    if permissions & 0o2000 != 0 { mode |= 1 << 22 }
    if permissions & 0o1000 != 0 { mode |= 1 << 20 }
    if directory { mode |= goDirectory }
    if symlink { mode |= 1 << 27 }
    return mode
  }
}

extension Timestamp {
  /// As Go writes it in JSON (RFC 3339, in UTC), with as many digits of a second as it takes.
  var goText: String {
    // Days are counted from 1 March of year 0, so that leap days end years.
    let (days, second) = Self.floorDivide(seconds, 86400)
    let (era, day) = Self.floorDivide(days + 719_468, 146_097)
    let year = (day - day / 1460 + day / 36524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let date = dayOfYear - (153 * month + 2) / 5 + 1
    let calendarMonth = month < 10 ? month + 3 : month - 9
    let calendarYear = year + era * 400 + (calendarMonth <= 2 ? 1 : 0)
    func digits(_ number: Int64, _ count: Int) -> String {
      let text = String(number.magnitude)
      return (number < 0 ? "-" : "") + String(repeating: "0", count: max(0, count - text.count)) + text
    }
    var fraction = ""
    if nanoseconds > 0 {
      fraction = "." + digits(Int64(nanoseconds), 9)
      while fraction.last == "0" { fraction.removeLast() }
    }
    return "\(digits(calendarYear, 4))-\(digits(calendarMonth, 2))-\(digits(date, 2))T"
      + "\(digits(second / 3600, 2)):\(digits(second / 60 % 60, 2)):\(digits(second % 60, 2))\(fraction)Z"
  }

  /// What Go writes where no time is known.
  static let goNone = "0001-01-01T00:00:00Z"

  private static func floorDivide(_ number: Int64, _ divisor: Int64) -> (Int64, Int64) {
    let rest = number % divisor
    return rest < 0 ? (number / divisor - 1, rest + divisor) : (number / divisor, rest)
  }
}
