import Synchronization
public import UnixFS

extension MFS {
  /// Puts a tree into a directory, in one step: all of it is there, or nothing.
  ///
  /// - Parameter nodes: The nodes, each after the directory that it is in; the first one is the tree's root. The names
  ///   in a directory differ.
  /// - Returns: The root of what was put there.
  /// - Throws: `exists`, `notFound` or `notDirectory` if `directory` is none, `nameTooLong`, `invalid`, `noSpace`,
  ///   `inputOutput`.
  public func graft(_ nodes: [GraftedNode], in directory: InodeNumber) throws(NodeError) -> NodeRecord {
    guard let record = try graft(nodes, in: directory, over: nil) else {
      throw NodeError(.exists, "\(nodes.first?.name ?? "") exists")
    }
    return record
  }

  /// As ``graft(_:in:)``, in the place of a file or link of the same name, which is an orphan then.
  ///
  /// - Parameter old: What must be there; nil where the name must be free.
  /// - Returns: The root of what was put there; nil, and nothing is changed, if `old` is not there any more or has
  ///   another content.
  package func graft(
    _ nodes: [GraftedNode], in directory: InodeNumber, over old: NodeRecord?
  ) throws(NodeError) -> NodeRecord? {
    for node in nodes { try Self.check(node.name) }
    guard let first = nodes.first else { throw NodeError(.invalid, "a tree without a node") }
    let subdirectories = Self.subdirectoryCounts(of: nodes)
    return try transact { state throws(NodeError) -> Step<NodeRecord?> in
      let (parent, entries) = try parentDirectory(directory, in: &state)
      guard entries.isLoaded else { return .load(directory) }
      let found = entries.children?[first.name].flatMap { state.nodes[$0] }
      guard found?.inode == old?.inode, found == nil || found?.content == old?.content else { return .done(nil) }
      if found?.directory != nil { throw NodeError(.isDirectory, "\(first.name) is a directory") }
      let base = state.nextInode
      let stored = nodes.indices.map { index in
        let node = nodes[index]
        let content: NodeContent =
          node.content.kind == .directory ? .directory(subdirectories: subdirectories[index]) : node.content
        let record = NodeRecord(
          inode: base + InodeNumber(index), parent: node.parent.map { base + InodeNumber($0) } ?? directory,
          name: node.name, attributes: node.attributes, content: content,
          extendedAttributes: node.extendedAttributes, form: content.kind == .directory ? node.form : nil)
        return StoredNode(record: record, dag: content.kind == .directory ? node.dag : nil)
      }
      let parentChange = ParentChange(
        parent, subdirectories: first.content.kind == .directory ? 1 : 0, at: first.attributes.ctime)
      let gone: [JournalEntry.Change] = found.map { [.gone($0.inode)] } ?? []
      try journal(gone + stored.map { .node($0) } + parentChange.journalEntries(in: state), in: &state)

      state.nextInode += InodeNumber(nodes.count)
      if let found {
        entries.remove(first.name)
        orphan(found, at: first.attributes.ctime, in: &state)
      }
      for node in stored { insert(node, in: &state) }
      noteRoots(of: stored[0])
      entries.insert(base, as: first.name)
      state.touch(entries)
      parentChange.apply(of: first.name, in: &state)
      state.evictIfNeeded()
      return .done(stored[0].record)
    }
  }

  private func insert(_ stored: StoredNode, in state: inout TreeState) {
    let record = stored.record
    state.nodes[record.inode] = TreeNode(
      stored,
      directory: record.kind == .directory
        ? DirectoryState(children: [:], dag: stored.dag, changes: stored.dag == nil ? .all : .none) : nil)
    state.nodes[record.parent]?.directory?.insert(record.inode, as: record.name)
    state.unsaved.insert(record.inode)
    if stored.isUncommitted { state.uncommitted.insert(record.inode) }
    if record.kind == .file { estimate.noteChange(from: 0, to: record.size) }
  }

  private static func subdirectoryCounts(of nodes: [GraftedNode]) -> [UInt32] {
    var counts = [UInt32](repeating: 0, count: nodes.count)
    for node in nodes where node.content.kind == .directory {
      if let parent = node.parent { counts[parent] += 1 }
    }
    return counts
  }
}
