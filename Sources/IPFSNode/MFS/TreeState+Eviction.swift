import UnixFS

extension TreeState {
  /// How many of the directories used last stay as they are. A rename needs three at once: were one dropped as another
  /// is loaded, it would never come to an end.
  private static let directoriesInUse: UInt64 = 16

  /// Drops nodes that the database has as they are, least recently used directories first, until a quarter of the
  /// room is free. Does nothing while there is room.
  mutating func evictIfNeeded() {
    guard nodes.count > evictionThreshold else { return }
    let target = maximumNodes / 4 * 3
    var childrenByParent: [InodeNumber: [InodeNumber]] = [:]
    for node in nodes.values where !node.isOrphan && node.inode != NodeRecord.root {
      childrenByParent[node.parent, default: []].append(node.inode)
    }
    // A directory is emptied when nothing in it has to stay, so an inner one only after those in it were.
    let candidates = childrenByParent.keys.compactMap { nodes[$0] }
      .sorted { ($0.directory?.lastUse ?? 0) < ($1.directory?.lastUse ?? 0) }
    for directory in candidates where nodes.count > target {
      guard let state = directory.directory, !isInUse(state), isSaved(directory),
        let children = childrenByParent[directory.inode],
        children.allSatisfy({ childrenByParent[$0] == nil && (nodes[$0].map(isEvictable) ?? true) })
      else { continue }
      for inode in children { nodes[inode] = nil }
      childrenByParent[directory.inode] = nil
      state.children = nil
      state.sortedChildren = nil
    }
    evictions += 1
    // Where much has to stay, do not look at everything again for every new node.
    evictionThreshold = max(maximumNodes, nodes.count + maximumNodes / 10)
  }

  private func isInUse(_ directory: DirectoryState) -> Bool {
    clock - directory.lastUse < Self.directoriesInUse
  }

  private func isSaved(_ node: TreeNode) -> Bool {
    !unsaved.contains(node.inode) && !saving.contains(node.inode)
  }

  /// Whether nothing would be lost with a node that has no children in memory. A directory that knows which of its
  /// entries changed since its last DAG stays, so that it need not be built anew from all of them.
  private func isEvictable(_ node: TreeNode) -> Bool {
    guard isSaved(node) else { return false }
    guard let directory = node.directory else { return true }
    guard !isInUse(directory) else { return false }
    return directory.isCurrent || (directory.changes == .all && directory.children == nil)
  }
}
