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
    for node in nodes { try Self.check(node.name) }
    guard let first = nodes.first else { throw NodeError(.invalid, "a tree without a node") }
    let subdirectories = Self.subdirectoryCounts(of: nodes)
    return try transact { state throws(NodeError) in
      let (parent, entries) = try parentDirectory(directory, in: &state)
      guard entries.isLoaded else { return .load(directory) }
      guard entries.children?[first.name] == nil else { throw NodeError(.exists, "\(first.name) exists") }
      let base = state.nextInode
      let stored = nodes.indices.map { index in
        let node = nodes[index]
        let content: NodeContent =
          node.content.kind == .directory ? .directory(subdirectories: subdirectories[index]) : node.content
        let record = NodeRecord(
          inode: base + InodeNumber(index), parent: node.parent.map { base + InodeNumber($0) } ?? directory,
          name: node.name, attributes: node.attributes, content: content)
        return StoredNode(record: record, dag: content.kind == .directory ? node.dag : nil)
      }
      let parentChange = ParentChange(
        parent, subdirectories: first.content.kind == .directory ? 1 : 0, at: first.attributes.ctime)
      try journal(stored.map { .node($0) } + parentChange.journalEntries(in: state), in: &state)

      state.nextInode += InodeNumber(nodes.count)
      for node in stored { insert(node, in: &state) }
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
