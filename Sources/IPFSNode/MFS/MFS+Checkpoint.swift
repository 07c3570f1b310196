import Dispatch
import Glibc
import Logging
import Synchronization
import UnixFS

extension MFS {
  /// Journal rows after which a checkpoint does not wait for its time.
  private static let maximumJournalRows = 4_000
  /// Seconds from a change to the checkpoint that includes it.
  private static let checkpointDelay = 1.0
  /// Rows of one transaction: a change of the tree never waits for more than that.
  private static let checkpointBatch = 256

  /// Has a checkpoint made soon, unless one is coming.
  func scheduleCheckpoint(_ state: inout TreeState) {
    if !state.isCheckpointScheduled {
      state.isCheckpointScheduled = true
      checkpointQueue.asyncAfter(deadline: .now() + Self.checkpointDelay) { [weak self] in
        self?.checkpointInBackground()
      }
    }
    if state.journalRows == Self.maximumJournalRows {
      checkpointQueue.async { [weak self] in self?.checkpointInBackground() }
    }
  }

  private func checkpointInBackground() {
    guard !state.withLock({ $0.isClosed }) else { return }
    do {
      try checkpoint()
      state.withLock { $0.checkpointFailure = nil }
    } catch {
      // What was to be saved is still in the journal, and still marked. A full disk is reported once, not every second.
      let isNew = state.withLock { state in
        scheduleCheckpoint(&state)
        defer { state.checkpointFailure = error.code }
        return state.checkpointFailure != error.code
      }
      if isNew { logger.error("checkpoint of the tree failed", metadata: ["error": "\(error)"]) }
    }
  }

  /// Writes what changed to the table of nodes, drops the journal rows that said so, and keeps the log small. Runs on
  /// ``checkpointQueue`` only.
  ///
  /// Each row of the table is a node's state at some moment since the checkpoint began. If the process ends halfway,
  /// the journal is still whole, and replaying it brings every node to its last state.
  ///
  /// The states are taken, then everything that they speak of is synced, then they are written: after a loss of power
  /// the journal can be cut where the last sync point was, the table cannot.
  func checkpoint() throws(NodeError) {
    let (inodes, sequence, nextInode) = state.withLock { state in
      state.saving = state.unsaved
      state.unsaved = []
      state.journalRows = 0
      state.isCheckpointScheduled = false
      return (state.saving.sorted(), state.sequence, state.nextInode)
    }
    do throws(NodeError) {
      var batches: [[(inode: InodeNumber, node: StoredNode?)]] = []
      for start in stride(from: 0, to: inodes.count, by: Self.checkpointBatch) {
        let batch = inodes[start..<min(start + Self.checkpointBatch, inodes.count)]
        batches.append(
          state.withLock { state in
            batch.map { inode in
              (inode: inode, node: state.nodes[inode].flatMap { $0.isOrphan ? nil : $0.stored })
            }
          })
      }
      try syncNow()
      for batch in batches { try database.save(batch) }
      if !inodes.isEmpty { try database.dropJournal(through: sequence, nextInode: nextInode) }
    } catch {
      state.withLock { state in
        state.unsaved.formUnion(state.saving)
        state.saving = []
      }
      throw error
    }
    state.withLock { state in
      state.saving = []
      // Much that had to stay may go now.
      state.evictionThreshold = state.maximumNodes
      state.evictIfNeeded()
    }
    try blockstore.checksums.save()
    try saveEstimate()
    try database.checkpointLog()
    restoreReserve()
    onCheckpoint.withLock { $0 }?()
  }

  private func saveEstimate() throws(NodeError) {
    let values = estimate.values
    let isNew = state.withLock { state in
      defer { state.savedEstimate = values }
      return state.savedEstimate != values
    }
    if isNew { try database.save(values) }
  }

  /// Makes every change so far survive a power cut, with the blocks and spool files that it refers to.
  ///
  /// - Throws: ``NodeError``.
  public func sync() async throws {
    try await offload { () throws(NodeError) in try self.syncNow() }
  }

  /// As ``sync()``, on the calling thread. Those who call while another call is under way share the next one.
  ///
  /// - Parameter isForced: Whether also what was committed this moment is synced, though whoever did it has not said so
  ///   yet.
  func syncNow(isForced: Bool = false) throws(NodeError) {
    let wanted = state.withLock { $0.sequence }
    try syncing.withLock { _ throws(NodeError) in
      let spool = self.spool
      guard
        isForced || state.withLock({ $0.syncedSequence < wanted }) || database.hasUnsyncedChanges
          || spool?.isSynchronized == false
      else { return }
      // In this order: what was retired before the sequence was read is in no row after it; and the row that says how
      // far everything is on the disk comes when it is.
      let mark = spool?.mark()
      let point = SyncPoint(sequence: state.withLock { $0.sequence }, time: Int64(Glibc.time(nil)))
      try blockstore.syncNow()
      if let number = spool?.synchronize(), number != 0 { throw .system("sync", "of spool files", errno: number) }
      try note(point)
      try database.sync()
      state.withLock { $0.syncedSequence = point.sequence }
      if let spool, let mark { spool.release(through: mark) }
    }
  }

  /// Makes a last checkpoint and refuses all calls from then on, even if it failed: the journal has what it lacks.
  func close() async throws(NodeError) {
    try await offload { () throws(NodeError) in
      try self.onCheckpointQueue { () throws(NodeError) in
        defer { self.state.withLock { $0.isClosed = true } }
        try self.checkpoint()
      }
    }
  }

  /// Makes a checkpoint now and waits for it.
  package func checkpointNow() throws(NodeError) {
    try onCheckpointQueue { () throws(NodeError) in try self.checkpoint() }
  }

  /// Runs `body` while no checkpoint is made.
  package func betweenCheckpoints<T>(_ body: () throws -> T) rethrows -> T {
    try checkpointQueue.sync(execute: body)
  }

  private func onCheckpointQueue(_ work: () throws(NodeError) -> Void) throws(NodeError) {
    // Queues do not know typed errors.
    let result = checkpointQueue.sync { Result { () throws(NodeError) in try work() } }
    try result.get()
  }
}
