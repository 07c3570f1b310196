package import UnixFS

/// One row of the journal: what one call changed, as states and never as differences.
///
/// A redo log of states may be replayed any number of times, and over tables that already hold later states: once it
/// has been replayed to its end, every node is as the last row says. So a checkpoint need not be one transaction.
package struct JournalEntry: Hashable, Sendable {
  /// The new state of one node.
  package enum Change: Hashable, Sendable {
    /// The node is now this.
    case node(StoredNode)
    /// The node is no more.
    case gone(InodeNumber)
    /// The directory has these attributes, this many subdirectories, and a DAG that must be computed: an entry came,
    /// went or changed.
    case directory(InodeNumber, Attributes, subdirectories: UInt32)
    /// The directory's DAG, nil when it must be computed.
    case dag(InodeNumber, DAGRoot?)
  }

  /// The changes, of different nodes or in the order in which they are to be applied.
  package var changes: [Change]

  package init(_ changes: [Change]) {
    self.changes = changes
  }

  /// The row's bytes.
  package func encoded() -> [UInt8] {
    var encoder = StateEncoder(capacity: 256)
    for change in changes {
      switch change {
      case .node(let node):
        encoder.append(byte: Tag.node.rawValue)
        encoder.append(node.record.inode)
        encoder.append(node.record.parent)
        encoder.append(node.record.name.bytes)
        node.encode(into: &encoder)
      case .gone(let inode):
        encoder.append(byte: Tag.gone.rawValue)
        encoder.append(inode)
      case .directory(let inode, let attributes, let subdirectories):
        encoder.append(byte: Tag.directory.rawValue)
        encoder.append(inode)
        encoder.append(attributes)
        encoder.append(UInt64(subdirectories))
      case .dag(let inode, let root):
        encoder.append(byte: Tag.dag.rawValue)
        encoder.append(inode)
        encoder.append(root)
      }
    }
    return encoder.bytes
  }

  /// Reads a row. Throws `corrupt` if it is malformed.
  package init(decoding bytes: UnsafeRawBufferPointer) throws(NodeError) {
    var decoder = StateDecoder(bytes)
    changes = []
    while !decoder.isAtEnd {
      let tag = Tag(rawValue: try decoder.byte())
      let inode = try decoder.number()
      guard inode > 0, inode <= NodeRecord.largestInode else { throw StateDecoder.malformed }
      switch tag {
      case .node:
        let parent = try decoder.number()
        guard parent <= NodeRecord.largestInode else { throw StateDecoder.malformed }
        let name = EntryName(bytes: try decoder.string())
        changes.append(.node(try StoredNode(inode: inode, parent: parent, name: name, from: &decoder)))
      case .gone:
        changes.append(.gone(inode))
      case .directory:
        let attributes = try decoder.attributes()
        changes.append(.directory(inode, attributes, subdirectories: try decoder.subdirectories()))
      case .dag:
        changes.append(.dag(inode, try decoder.root()))
      case nil:
        throw StateDecoder.malformed
      }
    }
  }

  private enum Tag: UInt8 {
    case node = 1
    case gone = 2
    case directory = 3
    case dag = 4
  }
}

extension JournalEntry.Change {
  /// The node that changes.
  var inode: InodeNumber {
    switch self {
    case .node(let node): node.record.inode
    case .gone(let inode), .directory(let inode, _, _), .dag(let inode, _): inode
    }
  }
}
