import Foundation
package import GRDB
package import UnixFS

/// A node as the database keeps it: its record and, of a directory, its DAG.
package struct StoredNode: Hashable, Sendable {
  /// All that is known of the node.
  package var record: NodeRecord
  /// A directory's DAG; nil when it has to be computed, and for all other nodes.
  package var dag: DAGRoot?

  /// What is neither number, parent nor name, in binary form.
  package var state: [UInt8] {
    var encoder = StateEncoder()
    encode(into: &encoder)
    return encoder.bytes
  }

  /// Whether the node is a file whose DAG has still to be built.
  var isUncommitted: Bool {
    if case .file(let file) = record.content { !file.isCommitted } else { false }
  }

  package init(record: NodeRecord, dag: DAGRoot?) {
    self.record = record
    self.dag = dag
  }

  /// The node of a row of columns `inode`, `parent`, `name` and `state`. Throws where they are none.
  package init(row: Row) throws {
    let inode = try NodeDatabase.inode(row.decode(Int64.self, atIndex: 0))
    let parent = try NodeDatabase.inode(row.decode(Int64.self, atIndex: 1))
    guard inode > 0 else { throw StateDecoder.malformed }
    let name = try row.withUnsafeData(atIndex: 2) { EntryName(bytes: $0 ?? Data()) }
    self = try row.withUnsafeData(atIndex: 3) { data in
      try (data ?? Data()).withUnsafeBytes { try StoredNode(inode: inode, parent: parent, name: name, state: $0) }
    }
  }

  /// A node of its columns. Throws `corrupt`.
  package init(
    inode: InodeNumber, parent: InodeNumber, name: EntryName, state: UnsafeRawBufferPointer
  ) throws(NodeError) {
    var decoder = StateDecoder(state)
    try self.init(inode: inode, parent: parent, name: name, from: &decoder)
    guard decoder.isAtEnd else { throw StateDecoder.malformed }
  }

  /// A node as ``encode(into:)`` wrote it. Throws `corrupt`.
  init(
    inode: InodeNumber, parent: InodeNumber, name: EntryName, from decoder: inout StateDecoder
  ) throws(NodeError) {
    let attributes = try decoder.attributes()
    let (content, form) = try decoder.content()
    let extendedAttributes = try decoder.extendedAttributes()
    dag = content.kind == .directory ? try decoder.root() : nil
    record = NodeRecord(
      inode: inode, parent: parent, name: name, attributes: attributes, content: content,
      extendedAttributes: extendedAttributes, form: form)
  }

  /// Writes what is neither number, parent nor name.
  func encode(into encoder: inout StateEncoder) {
    encoder.append(record.attributes)
    encoder.append(record.content, record.form)
    encoder.append(record.extendedAttributes)
    if record.kind == .directory { encoder.append(dag) }
  }
}
