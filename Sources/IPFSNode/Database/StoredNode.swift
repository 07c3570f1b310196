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
    let content = try decoder.content()
    let extendedAttributes = try decoder.extendedAttributes()
    dag = content.kind == .directory ? try decoder.root() : nil
    record = NodeRecord(
      inode: inode, parent: parent, name: name, attributes: attributes, content: content,
      extendedAttributes: extendedAttributes)
  }

  /// Writes what is neither number, parent nor name.
  func encode(into encoder: inout StateEncoder) {
    encoder.append(record.attributes)
    encoder.append(record.content)
    encoder.append(record.extendedAttributes)
    if record.kind == .directory { encoder.append(dag) }
  }
}
