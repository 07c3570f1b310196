import Coordination
import Dispatch
import Logging
import Multiformats
import Synchronization
public import UnixFS

/// The node's file tree: in memory, over a journal in the repo's database.
///
/// Every changing call checks, writes one journal row, and changes the tree in memory, all under one lock; when it
/// returns, the change survives the process. Directories are loaded when they are first used and may be evicted again.
/// Behind the scenes a checkpoint brings the database's table of nodes up to date and empties the journal. Directory
/// blocks and CIDs are computed when somebody asks (``dagRoot(of:)``), never for a single change.
///
/// ```
///   call ──▶ lock ── check ── journal row ── change in memory ──▶ returns
///                                  │              │ after a second, or some thousand rows
///                                  ▼              ▼
///                              journal   ◀──  checkpoint ──▶ node
/// ```
///
/// Locks: `state` guards the tree. The database's writer and its readers are used while it is held, and never the
/// other way round. `syncing` is held while everything is synced, so that those who ask meanwhile find it done; it comes
/// before `state`.
public final class MFS: Sendable {
  let database: NodeDatabase
  let blockstore: Blockstore
  let profile: ImportProfile
  let counters: NodeCounters
  let logger: Logger
  private let reserve: SpaceReserve
  private let space: SpaceDemand
  let estimate: GarbageEstimate
  /// Called after each checkpoint.
  let onCheckpoint = Mutex<(@Sendable () -> Void)?>(nil)
  let state: Mutex<TreeState>
  /// Lets one computation of DAGs run at a time.
  let buildGate = AsyncGate()
  /// Runs checkpoints, one at a time.
  let checkpointQueue = DispatchQueue(label: "swipfs.checkpoint", qos: .utility)
  /// Lets one sync run at a time.
  let syncing = Mutex(())
  /// The files beside the blocks that rows speak of.
  private let attachedSpool = Mutex<(any SpoolStorage)?>(nil)
  /// Roots that were put into the tree since a collection began to look for all there are; nil while none does. Taken
  /// while `state` is held.
  private let linkedRoots = Mutex<[CID]?>(nil)
  /// Who is told what others change.
  private let attachedObserver = Mutex<WeakObserver>(WeakObserver())

  /// Loads the root of a tree whose journal has been replayed.
  init(
    database: NodeDatabase, blockstore: Blockstore, profile: ImportProfile, counters: NodeCounters,
    reserve: SpaceReserve, space: SpaceDemand, estimate: GarbageEstimate, newRoot: Attributes, nextInode: InodeNumber,
    logger: Logger
  ) throws(NodeError) {
    self.database = database
    self.blockstore = blockstore
    self.profile = profile
    self.counters = counters
    self.reserve = reserve
    self.space = space
    self.estimate = estimate
    self.logger = logger
    if try database.node(NodeRecord.root) == nil {
      let record = NodeRecord(
        inode: NodeRecord.root, parent: 0, name: EntryName(bytes: []), attributes: newRoot,
        content: .directory(subdirectories: 0))
      try database.save([(NodeRecord.root, StoredNode(record: record, dag: nil))])
    }
    guard let root = try database.node(NodeRecord.root), root.record.kind == .directory else {
      throw NodeError(.corrupt, "the root of the tree is no directory")
    }
    state = Mutex(
      TreeState(root: TreeNode(root), nextInode: nextInode, uncommitted: try database.uncommittedFiles()))
  }

  /// What a call found under the lock: its result, or that it needs the entries of a directory.
  enum Step<T: Sendable>: Sendable {
    case done(T)
    case load(InodeNumber)
  }

  /// Runs `body` under the lock, again whenever it asked for a directory's entries and has got them. The database is
  /// read without the lock, for a large directory takes a while.
  func transact<T: Sendable>(_ body: (inout TreeState) throws(NodeError) -> Step<T>) throws(NodeError) -> T {
    var mayMakeSpace = true
    while true {
      let step: Step<T>
      do throws(NodeError) {
        step = try state.withLock { (state) throws(NodeError) -> Step<T> in
          guard !state.isClosed else { throw NodeError(.closed, "the node was closed") }
          return try body(&state)
        }
      } catch {
        // Nothing was changed. A collection takes the lock, so it can only be asked for here.
        guard error.code == .noSpace, mayMakeSpace, space.makeSpace() else { throw error }
        mayMakeSpace = false
        continue
      }
      switch step {
      case .done(let value): return value
      case .load(let inode): try load(inode)
      }
    }
  }

  private func load(_ inode: InodeNumber) throws(NodeError) {
    let evictions = state.withLock { $0.evictions }
    let children = try database.children(of: inode)
    state.withLock { state in
      // Somebody else may have loaded it meanwhile and changed it since; or changed, saved and evicted it.
      guard state.evictions == evictions, let directory = state.nodes[inode]?.directory, !directory.isLoaded
      else { return }
      state.install(children, in: directory)
      state.evictIfNeeded()
    }
  }

  /// The node, brought into memory with all above it if it is not there. Throws `notFound`.
  func node(_ inode: InodeNumber, in state: inout TreeState) throws(NodeError) -> TreeNode {
    if let node = state.nodes[inode] { return node }
    // Before anything is brought in, or it might be what has to go.
    state.evictIfNeeded()
    var missing: [StoredNode] = []
    var next = inode
    while state.nodes[next] == nil {
      // A changed node that is not in memory was removed; the database has yet to be told.
      guard !state.unsaved.contains(next), !state.saving.contains(next), let stored = try database.node(next) else {
        throw NodeError(.notFound, "there is no node \(inode)")
      }
      missing.append(stored)
      next = stored.record.parent
      guard missing.count <= 4096 else { throw NodeError(.corrupt, "the tree has a cycle at node \(inode)") }
    }
    for stored in missing { state.nodes[stored.record.inode] = TreeNode(stored) }
    guard let node = state.nodes[inode] else { throw NodeError(.notFound, "there is no node \(inode)") }
    return node
  }

  /// The node, which must be a directory. Throws `notFound`, `notDirectory`.
  func directory(
    _ inode: InodeNumber, in state: inout TreeState
  ) throws(NodeError) -> (node: TreeNode, directory: DirectoryState) {
    let node = try node(inode, in: &state)
    guard let directory = node.directory else { throw NodeError(.notDirectory, "node \(inode) is no directory") }
    return (node, directory)
  }

  /// Writes one row to the journal. Nothing was changed if it throws.
  func journal(_ changes: [JournalEntry.Change], in state: inout TreeState) throws(NodeError) {
    let row = JournalEntry(changes).encoded()
    let sequence = state.sequence + 1
    do {
      try database.append(row, sequence: sequence)
    } catch {
      // What frees space needs some first.
      guard error.code == .noSpace, reserve.release() else { throw error }
      try database.append(row, sequence: sequence)
    }
    counters.countJournalRow(bytes: row.count)
    state.sequence = sequence
    state.journalRows += 1
    scheduleCheckpoint(&state)
  }

  /// From now on, takes down which roots new nodes have: a walk through the nodes that there were passes them over,
  /// though their blocks may be old.
  func beginNotingRoots() {
    linkedRoots.withLock { $0 = [] }
  }

  /// Ends what ``beginNotingRoots()`` began. Returns the roots.
  @discardableResult
  func endNotingRoots() -> [CID] {
    linkedRoots.withLock { roots in
      defer { roots = nil }
      return roots ?? []
    }
  }

  /// Says that a node was made of blocks that were here.
  func noteRoots(of node: StoredNode) {
    linkedRoots.withLock { $0? += node.roots }
  }

  /// Sets which files beside the blocks are synced with the journal.
  public func attach(_ spool: any SpoolStorage) {
    attachedSpool.withLock { $0 = spool }
  }

  var spool: (any SpoolStorage)? { attachedSpool.withLock { $0 } }

  /// Sets who is told what ``FilesService`` changes; nil for nobody. Who observes stays the caller's to keep.
  public func attach(observer: (any TreeObserver)?) {
    attachedObserver.withLock { $0.observer = observer }
  }

  package var observer: (any TreeObserver)? { attachedObserver.withLock { $0.observer } }

  /// Notes a sync point, on a full disk in the space that is set aside.
  func note(_ point: SyncPoint) throws(NodeError) {
    do {
      try database.note(point)
    } catch {
      guard error.code == .noSpace, reserve.release() else { throw error }
      try database.note(point)
    }
  }

  /// How many nodes are in memory, orphans included.
  package var residentNodes: Int { state.withLock { $0.nodes.count } }

  /// Sets how many nodes stay in memory before some are evicted.
  package func limitResidentNodes(to count: Int) {
    state.withLock { $0.maximumNodes = count }
  }

  /// Takes the space reserve back once the disk has room again.
  func restoreReserve() {
    reserve.restore()
  }
}

/// Somebody who may go before the tree does.
private struct WeakObserver: Sendable {
  weak var observer: (any TreeObserver)?
}
