import UnixFS

extension TreeState {
  /// Drops nodes that the database has as they are, least recently used directories first, until a quarter of the
  /// room is free. Does nothing while there is room.
  mutating func evictIfNeeded() {
    guard nodes.count > evictionThreshold else { return }
    let target = Self.maximumNodes / 4 * 3
    var childrenByParent: [InodeNumber: [InodeNumber]] = [:]
    for node in nodes.values where !node.isOrphan && node.inode != NodeRecord.root {
      childrenByParent[node.parent, default: []].append(node.inode)
    }
    // A directory is emptied when nothing in it has to stay, so an inner one only after those in it were.
    let candidates = childrenByParent.keys.compactMap { nodes[$0] }
      .sorted { ($0.directory?.lastUse ?? 0) < ($1.directory?.lastUse ?? 0) }
    // The one used last is what the caller is at.
    for directory in candidates.dropLast() where nodes.count > target {
      guard let state = directory.directory, isSaved(directory), let children = childrenByParent[directory.inode],
        children.allSatisfy({ childrenByParent[$0] == nil && (nodes[$0].map(isEvictable) ?? true) })
      else { continue }
      for inode in children { nodes[inode] = nil }
      childrenByParent[directory.inode] = nil
      state.children = nil
      state.sortedChildren = nil
    }
    evictions += 1
    // Where much has to stay, do not look at everything again for every new node.
    evictionThreshold = max(Self.maximumNodes, nodes.count + Self.maximumNodes / 10)
  }

  private func isSaved(_ node: TreeNode) -> Bool {
    !unsaved.contains(node.inode) && !saving.contains(node.inode)
  }

  /// Whether nothing would be lost with a node that has no children in memory. A directory that knows which of its
  /// entries changed since its last DAG stays, so that it need not be built anew from all of them.
  private func isEvictable(_ node: TreeNode) -> Bool {
    guard isSaved(node) else { return false }
    guard let directory = node.directory else { return true }
    return directory.isCurrent || (directory.changes == .all && directory.children == nil)
  }
}
