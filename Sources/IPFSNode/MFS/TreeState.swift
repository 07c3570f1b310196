import UnixFS

/// The tree as far as it is in memory. ``MFS`` guards it with its lock.
///
/// What is here is true; the database knows what is not here. So a node that changed since the last checkpoint stays
/// here until the next one, and so does the directory it is in:
///
///  - a node in memory has its parent in memory, up to the root;
///  - a loaded directory has all its children in memory;
///  - `unsaved` and `saving` name the nodes whose row in the database is out of date; none of them is evicted;
///  - an entry is only made, moved or taken away in a directory that is loaded, which changes the directory too.
///
/// Hence the rows of a directory that is not loaded are right when they are read.
struct TreeState {
  /// The nodes in memory, orphans included.
  var nodes: [InodeNumber: TreeNode] = [:]
  /// The number that the next node gets.
  var nextInode: InodeNumber
  /// The journal row that was written last.
  var sequence: Int64 = 0
  /// Nodes that changed since the last checkpoint began.
  var unsaved: Set<InodeNumber> = []
  /// Nodes that the checkpoint under way writes.
  var saving: Set<InodeNumber> = []
  /// Files whose DAG has still to be built, in memory or not.
  var uncommitted: Set<InodeNumber>
  /// The row up to which everything is on the disk.
  var syncedSequence: Int64 = 0
  /// Journal rows since the last checkpoint began.
  var journalRows = 0
  /// Whether a checkpoint has been asked for.
  var isCheckpointScheduled = false
  /// Why the last checkpoint failed; nil if it did not.
  var checkpointFailure: NodeError.Code?
  /// What the database knows of garbage.
  var savedEstimate: GarbageEstimate.Values?
  /// Whether the tree was closed.
  var isClosed = false
  /// Goes up with every eviction: what was read from the database before it may be out of date.
  var evictions = 0
  /// How many nodes stay in memory before some are evicted.
  var maximumNodes = 200_000 {
    didSet { evictionThreshold = maximumNodes }
  }
  /// Where the next eviction is worth a try.
  var evictionThreshold = 200_000
  /// Goes up whenever another directory is used than before.
  private(set) var clock: UInt64 = 0

  /// A tree of which only the root is in memory.
  init(root: TreeNode, nextInode: InodeNumber, uncommitted: [InodeNumber]) {
    self.nextInode = nextInode
    self.uncommitted = Set(uncommitted)
    nodes[root.inode] = root
  }

  /// Notes that a directory's entries are used.
  mutating func touch(_ directory: DirectoryState) {
    guard directory.lastUse != clock || clock == 0 else { return }
    clock += 1
    directory.lastUse = clock
  }

  /// Puts what the database has of a directory's entries into memory. A node that is here already stays as it is.
  mutating func install(_ stored: [StoredNode], in directory: DirectoryState) {
    var children: [EntryName: InodeNumber] = [:]
    children.reserveCapacity(stored.count)
    var sorted: [InodeNumber] = []
    sorted.reserveCapacity(stored.count)
    for child in stored {
      let inode = child.record.inode
      if nodes[inode] == nil { nodes[inode] = TreeNode(child) }
      children[child.record.name] = inode
      sorted.append(inode)
    }
    directory.children = children
    directory.sortedChildren = sorted
    touch(directory)
  }

  /// The directories whose DAG is up to date until an entry of `directory` changes: itself and those above it. The walk
  /// ends where one is known to be out of date, for then all above it are.
  func directoriesOutdated(byChangeIn directory: TreeNode) -> [TreeNode] {
    var outdated: [TreeNode] = []
    var current: TreeNode? = directory
    while let node = current, let state = node.directory, state.isCurrent {
      outdated.append(node)
      current = node.parent == 0 ? nil : nodes[node.parent]
    }
    return outdated
  }

  /// Notes that the entry `name` of `directory` has changed, and so the entry of each directory above in the next one.
  mutating func markChanged(_ name: EntryName, in directory: TreeNode) {
    var name = name
    var current: TreeNode? = directory
    while let node = current, let state = node.directory {
      let wasCurrent = state.isCurrent
      state.changes.insert(name)
      guard wasCurrent else { return }
      unsaved.insert(node.inode)
      name = node.name
      current = node.parent == 0 ? nil : nodes[node.parent]
    }
  }
}
