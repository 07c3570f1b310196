import Foundation
import GRDB
import IPFSFileSystem
import IPFSNode
import Multiformats
import TestSupport
import UnixFS

extension DecoderCheck {
  private static let dag = DAGRoot(cid: cid, size: 1 << 50, tsize: .max)

  /// Nodes with everything that a node can have.
  private static let storedNodes: [StoredNode] = {
    let contents: [NodeContent] = [
      .file(.extreme(over: dag, Leaf(cid: cid, size: 1 << 20, tsize: 1 << 20))), .file(.empty),
      .directory(subdirectories: 3), .symlink(target: Array("/some/where".utf8)),
    ]
    let nodes = contents.enumerated().map { number, content in
      StoredNode(
        record: .extreme(InodeNumber(number) + 2, content), dag: content.kind == .directory ? dag : nil)
    }
    let forms = [DirectoryForm.extreme, DirectoryForm(cidVersion: .v0)]
    return nodes
      + forms.map { form in
        StoredNode(record: .extreme(9, .directory(subdirectories: 1), form: form), dag: dag)
      }
  }()

  /// What a repo keeps.
  static let state = [
    DecoderCheck(
      "journal entry",
      seeds: storedNodes.map { JournalEntry([.node($0)]).encoded() } + [
        JournalEntry([.gone(7), .dag(8, dag), .dag(9, nil)]).encoded(),
        JournalEntry([.directory(6, storedNodes[0].record.attributes, subdirectories: 7)]).encoded(),
      ]
    ) { bytes in
      guard let entry = try? bytes.withUnsafeBytes({ try JournalEntry(decoding: $0) }) else { return false }
      for case .node(let node) in entry.changes { try use(node.record) }
      let again = entry.encoded()
      try hold(try again.withUnsafeBytes { try JournalEntry(decoding: $0) } == entry, "another entry")
      return true
    },
    DecoderCheck("stored node", seeds: storedNodes.map(\.state)) { bytes in
      guard
        let node = try? bytes.withUnsafeBytes({ try StoredNode(inode: 2, parent: 1, name: "a", state: $0) })
      else { return false }
      try use(node.record)
      let again = node.state
      try hold(
        try again.withUnsafeBytes { try StoredNode(inode: 2, parent: 1, name: "a", state: $0) } == node, "another node")
      return true
    },
    DecoderCheck(
      "block file",
      texts: [cid.multihash.bytes, [0, 3, 1, 2, 3]].map { hash in
        String(BlockPath(multihash: hash).path.drop { $0 != "/" }.dropFirst())
      }
    ) { name in
      guard let hash = BlockPath.multihash(ofFile: name) else { return false }
      let path = BlockPath(multihash: hash.bytes).path
      try hold(path.hasSuffix("/" + name), "\(name) is at \(path)")
      return true
    },
    DecoderCheck(
      "configuration", texts: [NodeConfiguration.standard, #"{"Import":{"UnixFSHAMTDirectorySizeThreshold":"1 MB"}}"#]
    ) {
      guard let configuration = try? NodeConfiguration(json: Array($0.utf8)) else { return false }
      return (try? configuration.profile()) != nil
    },
    DecoderCheck("size in bytes", texts: ["10GB", "256KiB", "1.5 mb", "7", "3e"]) {
      guard let size = ByteSize($0) else { return false }
      try hold(ByteSize("\(size.bytes)") == size, "another size")
      return true
    },
    DecoderCheck("node row", seeds: storedNodes.map { row([.int(2), .int(1), .blob([0x61]), .blob($0.state)]) }) {
      input in
      guard let values = values(of: input), values.count == 4 else { return false }
      let row: Row = ["inode": values[0], "parent": values[1], "name": values[2], "state": values[3]]
      guard let node = try? StoredNode(row: row) else { return false }
      try hold(1...NodeRecord.largestInode ~= node.record.inode, "node \(node.record.inode)")
      try hold(node.record.parent <= NodeRecord.largestInode, "a node in \(node.record.parent)")
      try use(node.record)
      return true
    },
    DecoderCheck(
      "pin row",
      seeds: [
        row([.blob(cid.bytes), .int(1), .text("name")]), row([.blob(cid.bytes), .int(2), .null]),
        row([.blob([1, 0x55, 0, 3, 7, 8, 9]), .int(1), .text("é")]),
      ]
    ) { input in
      guard let values = values(of: input), values.count == 3 else { return false }
      let row: Row = ["cid": values[0], "kind": values[1], "name": values[2]]
      guard let pin = try? Pin(row: row) else { return false }
      try hold(try row.decode(Data.self, atIndex: 0) == Data(pin.cid.bytes), "another CID")
      try hold(try row.decode(Int64.self, atIndex: 1) == Int64(pin.kind.rawValue), "another kind")
      try hold(try row.decode(String?.self, atIndex: 2) == pin.name, "another name")
      return true
    },
    DecoderCheck(
      "page checksums", seeds: [[], PageChecksums.record(of: [1]), PageChecksums.record(of: [.max, 0, 0x8000_0001])]
    ) { bytes in
      guard let values = bytes.withUnsafeBytes(PageChecksums.values(of:)) else { return false }
      try hold(PageChecksums.record(of: values) == bytes, "another record")
      let size = values.count * PageChecksums.pageSize
      for size in [size, max(0, size - 1), size + 1] {
        let checksums = PageChecksums(recorded: values, size: size)
        try hold((checksums == nil) == ((size + 4095) / 4096 != values.count), "\(values.count) for \(size) bytes")
        // A page too many has no checksum.
        _ = bytes.withUnsafeBytes { checksums?.verify($0, from: max(0, values.count - 1)) }
      }
      return true
    },
    DecoderCheck("repo version", texts: ["1\n", "12"]) { text in
      guard let version = Repo.version(in: text) else { return false }
      try hold(version > 0 && Repo.version(in: "\(version)\n") == version, "version \(version)")
      return true
    },
    DecoderCheck("lock holder", texts: ["13598\n", "1"]) { text in
      let holder = RepoLock.holder(in: Array(text.utf8)[...])
      guard holder != 0 else { return false }
      try hold(holder > 0 && RepoLock.holder(in: Array("\(holder)\n".utf8)[...]) == holder, "process \(holder)")
      return true
    },
    DecoderCheck("start of the machine", texts: ["0f2b3c4d-5e6f-4711-8a9b-0c1d2e3f4a5b\n"]) { text in
      let number = MachineStart.number(of: Array(text.utf8)[...])
      let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
      try hold(MachineStart.number(of: digits[...]) == number, "another number without dashes")
      return number != 0
    },
    DecoderCheck("spool file", texts: ["2", "140737488355327"]) { name in
      guard let inode = SpoolName.inode(of: name) else { return false }
      try hold(SpoolName.name(of: inode).utf8.elementsEqual(name.utf8), "node \(inode) has a file of another name")
      return true
    },
  ]

  /// What a node that was accepted is used for, as far as its numbers could be too large for it.
  private static func use(_ record: NodeRecord) throws {
    try hold(record.size <= UInt64(Int64.max), "a size of \(record.size)")
    guard case .file(let file) = record.content, let map = file.pending else { return }
    for extent in map.extents(in: 0..<file.size) + map.extents {
      switch extent.source {
      case .spool(let origin), .leaf(_, let origin):
        let length = extent.range.upperBound - extent.range.lowerBound
        let (end, overflow) = extent.position(from: origin).addingReportingOverflow(length)
        try hold(!overflow && end <= UInt64(Int64.max), "an extent beyond all files: \(extent)")
      case .hole, .base: break
      }
    }
    if let end = map.spoolEnd { try hold(end <= UInt64(Int64.max), "a spool file of \(end) bytes") }
    var edited = map
    edited.set(150..<5000, .hole)
    edited.truncate(to: file.size / 2)
    _ = file.roots
  }

  // MARK: Rows

  /// A column's value, as an input has it: a byte for its type, a length where there may be several, and its bytes.
  private enum Column {
    case null
    case int(Int64)
    case text(String)
    case blob([UInt8])

    var bytes: [UInt8] {
      switch self {
      case .null: [0]
      case .int(let value): [1] + withUnsafeBytes(of: value.littleEndian, Array.init)
      case .text(let value): [3] + Self.length(value.utf8.count) + value.utf8
      case .blob(let value): [4] + Self.length(value.count) + value
      }
    }

    private static func length(_ count: Int) -> [UInt8] { [UInt8(count & 0xFF), UInt8(count >> 8 & 0xFF)] }
  }

  private static func row(_ columns: [Column]) -> [UInt8] { columns.flatMap(\.bytes) }

  /// The values that an input describes.
  private static func values(of input: [UInt8]) -> [DatabaseValue]? {
    var rest = input[...]
    func take(_ count: Int) -> [UInt8]? {
      guard rest.count >= count else { return nil }
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    func number(_ count: Int) -> UInt64? { take(count)?.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    var values: [DatabaseValue] = []
    while let type = rest.popFirst() {
      switch type {
      case 0: values.append(.null)
      case 1:
        guard let value = number(8) else { return nil }
        values.append(Int64(bitPattern: value).databaseValue)
      case 2:
        guard let value = number(8) else { return nil }
        values.append(Double(bitPattern: value).databaseValue)
      case 3, 4:
        guard let count = number(2), let bytes = take(Int(count)) else { return nil }
        values.append(type == 3 ? String(decoding: bytes, as: UTF8.self).databaseValue : Data(bytes).databaseValue)
      default: return nil
      }
    }
    return values
  }
}
