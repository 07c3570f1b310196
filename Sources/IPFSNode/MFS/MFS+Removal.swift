import Synchronization
package import UnixFS

extension MFS {
  /// Takes a node out of a directory with all that is below it, in one step.
  ///
  /// All of it becomes orphans: what is in memory, and with `keepsOrphans` also what is not, stays there until
  /// ``forget(_:)``.
  ///
  /// - Parameters:
  ///   - keepsOrphans: Whether somebody may use nodes that are not in memory.
  ///   - time: When it happens.
  /// - Returns: The numbers of the nodes, that of the directory's entry first.
  /// - Throws: `notFound` or `notDirectory` if `directory` is none; `notFound`; `noSpace`, `inputOutput`.
  package func removeTree(
    _ name: EntryName, in directory: InodeNumber, keepsOrphans: Bool, at time: Timestamp
  ) throws(NodeError) -> [InodeNumber] {
    try transact { state throws(NodeError) in
      let (parent, entries) = try self.directory(directory, in: &state)
      guard entries.isLoaded else { return .load(directory) }
      let root = try child(name, of: entries, in: state)
      let stored = try nodes(below: root, in: state)
      let inodes = [root.inode] + stored.map(\.record.inode)
      let parentChange = ParentChange(parent, subdirectories: root.directory == nil ? 0 : -1, at: time)
      try journal(inodes.map { .gone($0) } + parentChange.journalEntries(in: state), in: &state)

      entries.remove(name)
      parentChange.apply(of: name, in: &state)
      orphan(root, at: time, in: &state)
      for below in stored {
        let inode = below.record.inode
        if state.nodes[inode] == nil, keepsOrphans {
          state.nodes[inode] = TreeNode(below)
        }
        if let node = state.nodes[inode] {
          orphan(node, at: time, in: &state)
        } else {
          state.unsaved.insert(inode)
          state.uncommitted.remove(inode)
          if below.record.kind == .file { estimate.noteChange(from: below.record.size, to: 0) }
        }
      }
      // Nothing leads to their entries any more.
      for inode in inodes {
        state.nodes[inode]?.directory?.children = [:]
        state.nodes[inode]?.directory?.sortedChildren = nil
      }
      return .done(inodes)
    }
  }

  /// All nodes below a node, each after the directory that it is in. What is not in memory is read from the database,
  /// where the rows of a directory that is not loaded are right.
  private func nodes(below root: TreeNode, in state: borrowing TreeState) throws(NodeError) -> [StoredNode] {
    guard root.directory != nil else { return [] }
    var found: [StoredNode] = []
    var pending = [root.inode]
    while let directory = pending.popLast() {
      let children: [StoredNode]
      if let inodes = state.nodes[directory]?.directory?.children?.values {
        children = inodes.compactMap { state.nodes[$0]?.stored }
      } else {
        children = try database.children(of: directory)
      }
      for child in children {
        found.append(child)
        if child.record.kind == .directory { pending.append(child.record.inode) }
      }
    }
    return found
  }
}
