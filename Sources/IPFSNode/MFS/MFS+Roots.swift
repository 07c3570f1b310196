import Multiformats
import Synchronization
import UnixFS

extension StoredNode {
  /// The DAGs that a node refers to: a file's last one and the leaves that it has beside it; a directory's.
  var roots: [CID] {
    guard case .file(let file) = record.content else { return dag.map { [$0.cid] } ?? [] }
    return file.roots
  }
}

extension MFS {
  /// How many nodes are looked at in one go.
  private static let rootsStep = 512

  /// Visits every DAG that the tree refers to: first what is in memory, unlinked files and directories' last DAGs
  /// included, then what the database has.
  ///
  /// The tree may change meanwhile. A node that is there from before the call until after it is visited with what it
  /// refers to at some moment in between: one that leaves memory before its turn is in the database as it was. Rows of
  /// the database that are out of date are passed over.
  func forEachRoot(_ body: (CID) throws(NodeError) -> Void) throws(NodeError) {
    let inodes = state.withLock { Array($0.nodes.keys) }
    for start in stride(from: 0, to: inodes.count, by: Self.rootsStep) {
      let step = inodes[start..<min(start + Self.rootsStep, inodes.count)]
      let roots = state.withLock { state in step.flatMap { state.nodes[$0]?.roots ?? [] } }
      for root in roots { try body(root) }
    }
    var last: InodeNumber = 0
    while true {
      let nodes = try database.nodes(after: last, limit: Self.rootsStep)
      guard let end = nodes.last?.record.inode else { return }
      let roots = state.withLock { state in
        nodes.flatMap { stored -> [CID] in
          let inode = stored.record.inode
          if let node = state.nodes[inode] { return node.roots }
          // It was removed, and the database has yet to be told; the journal knows.
          guard !state.unsaved.contains(inode), !state.saving.contains(inode) else { return [] }
          return stored.roots
        }
      }
      for root in roots { try body(root) }
      last = end
    }
  }
}

extension TreeNode {
  /// The DAGs that the node refers to. A directory's last one is built upon though it is out of date.
  fileprivate var roots: [CID] {
    switch content {
    case .file(let file): file.roots
    case .directory: directory?.dag.map { [$0.cid] } ?? []
    case .symlink: []
    }
  }
}
