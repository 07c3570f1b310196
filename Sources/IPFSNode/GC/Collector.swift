import Dispatch
import Logging
public import Multiformats
import Synchronization

/// Removes blocks that nothing refers to any more.
///
/// ```
///   from here on what is young stays young
///   mark    files that are open      ─┐
///           the tree in memory        │  in this order: content moves from a file to the tree,
///           the tree in the database  │  and from memory to the database, never back
///           pins                      │
///           what somebody is reading  │
///           what was linked meanwhile─┘  last: both came from the tree, or from the pins
///   sync    the journal that the disk has speaks of nothing that will be gone
///   sweep   every block that is neither marked nor young
/// ```
///
/// A collection takes no lock for longer than it takes to look at a few hundred nodes, so nobody waits for it but
/// those who asked for one. Why nothing is removed that is needed: docs/ARCHITECTURE.md, "Space comes back".
///
/// The lock guards whether one runs, who waits, and what the last ones did.
public final class Collector: Sendable {
  /// How far a collection is.
  public struct Progress: Sendable, Hashable, Codable {
    /// Blocks known to be needed.
    public var marked = 0
    /// Blocks that were looked at in the sweep.
    public var swept = 0
    /// Blocks that were removed.
    public var removed = 0
    /// Their bytes.
    public var bytesFreed: UInt64 = 0
    /// Blocks that stay.
    public var kept = 0
    /// Their bytes.
    public var bytesKept: UInt64 = 0
  }

  /// What all collections did since the node was opened.
  public struct Totals: Sendable, Hashable {
    /// Collections that came to their end.
    public var runs: UInt64 = 0
    /// Blocks that they removed.
    public var blocks: UInt64 = 0
    /// The bytes of those.
    public var bytes: UInt64 = 0
  }

  private struct State {
    var isRunning = false
    var isClosed = false
    var waiting: [DispatchSemaphore] = []
    var totals = Totals()
    /// What the last one freed, and how long it took.
    var lastFreed: UInt64 = 0
    var lastDuration = Duration.zero
    var lastEnd = ContinuousClock.now - .seconds(3600)
    /// By how much more garbage there must seem to be before one runs unasked; doubles with each that finds little.
    var reluctance: UInt64 = 1
    var isScheduled = false
    var providers: [@Sendable () -> [CID]?] = []
    /// Roots of DAGs that somebody reads, by the number of the use.
    var uses: [UInt64: CID] = [:]
    var nextUse: UInt64 = 0
    /// Whether the collection under way has marked all that it will mark.
    var isSweeping = false

    /// Something to wait for until the collection under way ends.
    mutating func wait() -> DispatchSemaphore {
      let semaphore = DispatchSemaphore(value: 0)
      waiting.append(semaphore)
      return semaphore
    }
  }

  private let blockstore: Blockstore
  private let tree: MFS
  private let database: NodeDatabase
  private let estimate: GarbageEstimate
  private let reserve: SpaceReserve
  private let logger: Logger
  private let state = Mutex(State())
  private let isCancelled = Atomic(false)
  private let queue = DispatchQueue(label: "swipfs.collection", qos: .utility)

  /// Garbage below so many bytes is left alone while there is space.
  static let minimumGarbage: UInt64 = 64 << 20
  private static let mostReluctance: UInt64 = 64

  init(
    blockstore: Blockstore, tree: MFS, database: NodeDatabase, estimate: GarbageEstimate, reserve: SpaceReserve,
    logger: Logger
  ) {
    self.blockstore = blockstore
    self.tree = tree
    self.database = database
    self.estimate = estimate
    self.reserve = reserve
    self.logger = logger
  }

  /// Has a collection ask for roots of DAGs that are in use and stand neither in the tree nor among the pins.
  ///
  /// - Parameter provider: Called first in each collection, from any thread; must not wait for anything that stores
  ///   blocks. Nil from it ends the registration.
  public func addRoots(_ provider: @escaping @Sendable () -> [CID]?) {
    state.withLock { $0.providers.append(provider) }
  }

  /// What was collected since the node was opened.
  public var totals: Totals { state.withLock { $0.totals } }

  /// Removes all garbage there is now. Blocks the calling thread; a collection under way is waited for first.
  ///
  /// - Parameters:
  ///   - removed: Called with each block that was removed, named as a raw block; must not wait for anyone.
  ///   - progress: Called now and then.
  /// - Returns: What was done.
  /// - Throws: `inputOutput` where a block or the tree could not be read: nothing, or not all, was removed then.
  ///   `closed`.
  @discardableResult
  public func collectNow(
    removed: (CID) -> Void = { _ in }, _ progress: (Progress) -> Void = { _ in }
  ) throws(NodeError) -> Progress {
    while let running = try begin() { running.wait() }
    return try run(removed: removed, progress)
  }

  /// As ``collectNow(removed:_:)``, on a thread of its own.
  @discardableResult
  public func collect(
    removed: @escaping @Sendable (CID) -> Void = { _ in }, _ progress: @escaping @Sendable (Progress) -> Void
  ) async throws(NodeError) -> Progress {
    try await offload { () throws(NodeError) in try self.collectNow(removed: removed, progress) }
  }

  /// Keeps a DAG, as far as it is here, until the use ends: nothing need refer to it meanwhile.
  ///
  /// Costs nothing but while a collection removes blocks: then the DAG is walked, and what is gone already is missing
  /// as if it had never been here.
  public func beginUse(of root: CID) async -> RootUse {
    let (number, isSweeping) = state.withLock { state in
      state.nextUse += 1
      state.uses[state.nextUse] = root
      return (state.nextUse, state.isSweeping)
    }
    guard isSweeping else { return RootUse(collector: self, number: number) }
    let lease = blockstore.beginLease()
    await offload { self.blockstore.retainWhatIsHere(of: root) }
    return RootUse(collector: self, number: number, lease: lease)
  }

  fileprivate func endUse(_ number: UInt64) {
    state.withLock { $0.uses[number] = nil }
  }

  /// Bytes that nothing refers to, as far as that is known without looking; may be too many.
  public var estimatedGarbage: UInt64 { estimate.values.garbage }

  /// Removes garbage because the disk is full, or waits for a collection that does; blocks the calling thread. Returns
  /// whether it is worth trying again.
  func makeSpaceNow() -> Bool {
    do throws(NodeError) {
      if let running = try begin() {
        running.wait()
        return true
      }
      guard isWorthwhile else {
        end()
        return false
      }
      _ = try run { _ in }
      return true
    } catch {
      if error.code != .closed {
        logger.error("no space could be made", metadata: ["error": "\(error)"])
      }
      return false
    }
  }

  /// As ``makeSpaceNow()``, on a thread of its own.
  public func makeSpace() async -> Bool { await offload { self.makeSpaceNow() } }

  /// A disk that is full of what is needed must not be searched again for every write that fails.
  private var isWorthwhile: Bool {
    let garbage = estimate.values.garbage
    return state.withLock { state in
      if garbage >= 1 << 20 || state.lastFreed > 0 { return true }
      return ContinuousClock.now - state.lastEnd > state.lastDuration * 10
    }
  }

  /// Begins to collect in the background if there seems to be much garbage, or little space.
  func collectIfUseful() {
    let values = estimate.values
    let reluctance = state.withLock { $0.reluctance }
    let minimum =
      reserve.isSpaceScarce ? max(values.stored / 100, 1 << 20) : max(Self.minimumGarbage, values.stored / 10)
    let needed = minimum.multipliedReportingOverflow(by: reluctance)
    guard !needed.overflow, values.garbage >= needed.partialValue else { return }
    let isNew = state.withLock { state in
      defer { state.isScheduled = true }
      return !state.isScheduled && !state.isRunning && !state.isClosed
    }
    guard isNew else { return }
    queue.async { [self] in
      state.withLock { $0.isScheduled = false }
      do throws(NodeError) {
        guard try begin() == nil else { return }
        let freed = try run { _ in }.bytesFreed
        state.withLock { state in
          state.reluctance = freed >= values.garbage / 4 ? 1 : min(state.reluctance * 2, Self.mostReluctance)
        }
      } catch {
        if error.code != .closed {
          logger.error("a collection of garbage failed", metadata: ["error": "\(error)"])
        }
      }
    }
  }

  /// Ends a collection under way and refuses others.
  func close() {
    isCancelled.store(true, ordering: .relaxed)
    let running = state.withLock { state -> DispatchSemaphore? in
      state.isClosed = true
      guard state.isRunning else { return nil }
      return state.wait()
    }
    running?.wait()
  }

  // MARK: One collection

  /// Takes the right to collect. Returns what to wait for where somebody else has it.
  private func begin() throws(NodeError) -> DispatchSemaphore? {
    try state.withLock { state throws(NodeError) -> DispatchSemaphore? in
      guard !state.isClosed else { throw NodeError(.closed, "the node was closed") }
      if state.isRunning { return state.wait() }
      state.isRunning = true
      return nil
    }
  }

  private func end() {
    let waiting = state.withLock { state in
      state.isRunning = false
      state.isSweeping = false
      defer { state.waiting = [] }
      return state.waiting
    }
    for semaphore in waiting { semaphore.signal() }
  }

  private func run(
    removed: (CID) -> Void = { _ in }, _ report: (Progress) -> Void
  ) throws(NodeError) -> Progress {
    defer { end() }
    let start = ContinuousClock.now
    let before = estimate.values
    blockstore.young.beginCollection()
    tree.beginNotingRoots()
    defer {
      tree.endNotingRoots()
      blockstore.young.endCollection()
    }
    var progress = Progress()
    let marks = try mark(&progress, report)
    // A power cut must not bring back a state of the tree, or a pin, that refers to what is removed now.
    try tree.syncNow(isForced: true)
    try sweep(marks, &progress, removed, report)
    estimate.noteCollection(stored: progress.bytesKept, since: before)
    reserve.restore()
    report(progress)
    let done = progress
    let duration = ContinuousClock.now - start
    state.withLock { state in
      state.totals.runs += 1
      state.totals.blocks += UInt64(done.removed)
      state.totals.bytes += done.bytesFreed
      state.lastFreed = done.bytesFreed
      state.lastDuration = duration
      state.lastEnd = .now
    }
    logger.debug(
      "garbage was collected",
      metadata: ["removed": "\(done.removed)", "bytes": "\(done.bytesFreed)", "kept": "\(done.kept)"])
    return done
  }

  private func mark(_ progress: inout Progress, _ report: (Progress) -> Void) throws(NodeError) -> BlockKeySet {
    var marking = Marking(blockstore, logger)
    var steps = 0
    var current = progress
    func markDAG(_ root: CID, _ marking: inout Marking) throws(NodeError) {
      try marking.markDAG(root) { () throws(NodeError) in
        guard !isCancelled.load(ordering: .relaxed) else { throw NodeError(.closed, "the node is being closed") }
      }
      steps += 1
      current.marked = marking.marks.count
      if steps % 1000 == 0 { report(current) }
    }
    for root in rootsInUse() { try markDAG(root, &marking) }
    try tree.forEachRoot { root throws(NodeError) in try markDAG(root, &marking) }
    try database.forEachPin { pin throws(NodeError) in
      switch pin.kind {
      case .recursive: try markDAG(pin.cid, &marking)
      case .direct: marking.mark(pin.cid)
      }
    }
    // Who begins to read from now on what was not marked has to keep it by themselves.
    let uses = state.withLock { state in
      state.isSweeping = true
      return Array(state.uses.values)
    }
    // In this order: who reads something to link it is done with reading when it is linked.
    for root in uses + tree.endNotingRoots() { try markDAG(root, &marking) }
    progress = current
    report(progress)
    return marking.marks
  }

  /// What the registered ones have in use.
  private func rootsInUse() -> [CID] {
    // They take locks of their own: not under this one.
    let providers = state.withLock { $0.providers }
    var roots: [CID] = []
    var remaining: [@Sendable () -> [CID]?] = []
    for provider in providers {
      guard let found = provider() else { continue }
      roots += found
      remaining.append(provider)
    }
    if remaining.count < providers.count {
      state.withLock { $0.providers = remaining + $0.providers.dropFirst(providers.count) }
    }
    return roots
  }

  private func sweep(
    _ marks: BlockKeySet, _ progress: inout Progress, _ removed: (CID) -> Void, _ report: (Progress) -> Void
  ) throws(NodeError) {
    do {
      try blockstore.sweep(marks) { cid, bytes, isRemoved in
        progress.swept += 1
        if isRemoved {
          removed(cid)
          progress.removed += 1
          progress.bytesFreed += bytes
        } else {
          progress.kept += 1
          progress.bytesKept += bytes
        }
        if progress.swept % 1000 == 0 { report(progress) }
        guard !isCancelled.load(ordering: .relaxed) else { throw NodeError(.closed, "the node is being closed") }
      }
    } catch let error as NodeError {
      throw error
    } catch {
      throw NodeError(.inputOutput, "cannot list the blocks", cause: error)
    }
  }
}

/// A DAG that is read: see ``Collector/beginUse(of:)``.
public struct RootUse: Sendable {
  private let collector: Collector
  private let number: UInt64
  private let lease: BlockLease?

  fileprivate init(collector: Collector, number: UInt64, lease: BlockLease? = nil) {
    self.collector = collector
    self.number = number
    self.lease = lease
  }

  /// Says that it is not read any more. To be called once.
  public func end() {
    collector.endUse(number)
    lease?.end()
  }
}
