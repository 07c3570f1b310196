import IPFSNode
import Multiformats
import TestSupport
import Testing
import UnixFS

@Suite struct JournalEntryTests {
  private static func cid(_ text: String) -> CID {
    Array(text.utf8).withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
  }

  fileprivate static let dag = DAGRoot(cid: cid("dag"), size: 1 << 50, tsize: .max)

  /// One entry with everything that an entry can have.
  private static var entry: JournalEntry {
    let file = FileContent.extreme(over: dag, Leaf(cid: cid("leaf"), size: 1 << 20, tsize: 1 << 20))
    func node(
      _ inode: InodeNumber, _ content: NodeContent, dag: DAGRoot? = nil, form: DirectoryForm? = nil
    ) -> JournalEntry.Change {
      .node(StoredNode(record: .extreme(inode, content, form: form), dag: dag))
    }
    let attributes = NodeRecord.extreme(6, .file(.empty)).attributes
    return JournalEntry([
      node(2, .file(file)),
      node(3, .file(.empty)),
      node(4, .directory(subdirectories: UInt32(Int32.max)), dag: dag),
      node(10, .directory(subdirectories: 1), dag: dag, form: .extreme),
      node(11, .directory(subdirectories: 0), form: DirectoryForm(metadata: UnixFSMetadata(mode: 0o700))),
      node(5, .symlink(target: Array("/some/where".utf8))),
      .gone(NodeRecord.largestInode),
      .directory(6, attributes, subdirectories: 7),
      .dag(8, dag),
      .dag(9, nil),
    ])
  }

  private static let attributes: [UInt8] = [0, 0, 0, 0, 0, 0, 0]
  /// 2⁶³, and one less.
  private static let huge: [UInt8] = Array(repeating: 0x80, count: 9) + [1]
  private static let last: [UInt8] = Array(repeating: 0xFF, count: 8) + [0x7F]

  @Test func whatIsWrittenIsRead() throws {
    let bytes = Self.entry.encoded()
    #expect(try bytes.withUnsafeBytes { try JournalEntry(decoding: $0) } == Self.entry)
  }

  /// Rows of before directories had forms.
  @Test func oldDirectoriesAreRead() throws {
    let row: [UInt8] = [1, 2, 1, 1, 0x61] + Self.attributes + [2, 7, 0, 0]
    let entry = try row.withUnsafeBytes { try JournalEntry(decoding: $0) }
    guard case .node(let node) = entry.changes.first else { return #expect(Bool(false)) }
    #expect(node.record.content == .directory(subdirectories: 7))
    #expect(node.record.form == nil)
    #expect(entry.encoded() == row)
  }

  @Test func truncatedRowsAreRefused() throws {
    let bytes = Self.entry.encoded()
    var whole = 0
    for length in 0..<bytes.count {
      // A cut between two changes cannot be told from a shorter row.
      guard let entry = try? bytes[..<length].withUnsafeBytes({ try JournalEntry(decoding: $0) }) else { continue }
      whole += 1
      #expect(Self.entry.changes.starts(with: entry.changes))
    }
    #expect(whole == Self.entry.changes.count)
  }

  @Test func damagedRowsNeverTrap() {
    var random = SeededGenerator(seed: 1)
    let bytes = Self.entry.encoded()
    for _ in 0..<20_000 {
      var damaged = bytes
      for _ in 0...Int.random(in: 0..<3, using: &random) {
        damaged[Int.random(in: damaged.indices, using: &random)] = .random(in: 0 ... .max, using: &random)
      }
      do {
        _ = try damaged.withUnsafeBytes { try JournalEntry(decoding: $0) }
      } catch {
        #expect((error as? NodeError)?.code == .corrupt)
      }
    }
  }

  @Test(
    arguments: [
      [9],  // no such change
      [2, 0x80, 0x00],  // a number that is not in its shortest form
      [2, 0],  // inode 0
      [2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],  // an inode beyond SQLite's numbers
      [2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20],  // an inode beyond those of nodes
      [4, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],  // a length that lies
      [1, 2, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 1, 0x61] + attributes + [3, 0, 0],  // a parent beyond nodes
      [3, 1] + attributes + [0x80, 0x80, 0x80, 0x80, 0x08],  // 2³¹ subdirectories
      [1, 2, 1, 1, 0x61] + attributes + [1] + huge + [0, 0, 0],  // a file of 2⁶³ bytes
      [1, 2, 1, 1, 0x61] + attributes + [1, 9, 0, 1, 0, 1, 1] + huge + [1, 0],  // 2⁶³ bytes in the spool file
      [1, 2, 1, 1, 0x61] + attributes + [1, 9, 0, 1, 0, 1, 1, 8, 3] + last + [0],  // at its end
      [4, 1, 3, 1, 2, 3],  // no CID
      [1, 2, 1, 1, 0x61] + attributes + [4, 0, 0, 0, 0],  // a form of nothing
      [1, 2, 1, 1, 0x61] + attributes + [4, 0, 16, 0, 0],  // a form of what nobody knows
      [1, 2, 1, 1, 0x61] + attributes + [4, 0, 1, 2, 0, 0],  // version 2 of CIDs
    ] as [[UInt8]])
  func absurdRowsAreRefused(_ bytes: [UInt8]) {
    #expect { try bytes.withUnsafeBytes { try JournalEntry(decoding: $0) } } throws: {
      ($0 as? NodeError)?.code == .corrupt
    }
  }
}
