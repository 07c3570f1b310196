import IPLD
public import Multiformats
import Synchronization

/// The node's pins. All calls may be made from any thread.
///
/// A change survives a power cut once a call has returned. The rules are Kubo's: a CID has one pin, of one kind; a
/// recursive pin takes the place of a direct one, and not the other way round.
public final class Pins: Sendable {
  private let database: NodeDatabase
  private let blockstore: Blockstore
  private let estimate: GarbageEstimate
  private let space: SpaceDemand
  private let reserve: SpaceReserve

  init(
    database: NodeDatabase, blockstore: Blockstore, estimate: GarbageEstimate, space: SpaceDemand,
    reserve: SpaceReserve
  ) {
    self.database = database
    self.blockstore = blockstore
    self.estimate = estimate
    self.space = space
    self.reserve = reserve
  }

  /// Pins a CID, and returns when that is done: when a recursive pin has been seen to be here whole. One that is pinned
  /// already gets the new name.
  ///
  /// - Parameter progress: Called now and then with the number of blocks seen, and of their bytes.
  /// - Throws: `missingBlock` naming the first block that is not here, `corrupt` for an inner block that is damaged,
  ///   `pinnedRecursively` for a direct pin on what has a recursive one, `noSpace`, `inputOutput`.
  public func add(
    _ cid: CID, kind: Pin.Kind, name: String? = nil,
    progress: @escaping @Sendable (_ blocks: Int, _ bytes: UInt64) -> Void = { _, _ in }
  ) async throws(NodeError) {
    let cancellation = Cancellation()
    do {
      try await withTaskCancellationHandler {
        try await addNow(cid, kind, name, cancellation, progress)
      } onCancel: {
        cancellation.isRequested.store(true, ordering: .relaxed)
      }
    } catch {
      throw error as? NodeError ?? .block(error)
    }
  }

  /// Whether nobody wants something any more that is under way.
  private final class Cancellation: Sendable {
    let isRequested = Atomic(false)
  }

  private func addNow(
    _ cid: CID, _ kind: Pin.Kind, _ name: String?, _ cancellation: Cancellation,
    _ progress: @escaping @Sendable (_ blocks: Int, _ bytes: UInt64) -> Void
  ) async throws(NodeError) {
    try await offload { () throws(NodeError) in
      // What is seen here is not collected before the pin is there.
      let lease = self.blockstore.beginLease()
      defer { lease.end() }
      try self.refuseDirect(kind, of: cid)
      do {
        switch kind {
        case .direct: try self.blockstore.retain(cid)
        case .recursive:
          try self.blockstore.checkDAG(cid) { blocks, bytes in
            guard !cancellation.isRequested.load(ordering: .relaxed) else { throw CancellationError() }
            progress(blocks, bytes)
          }
        }
      } catch {
        throw NodeError.missing(error)
      }
      // A loss of power must not leave a pin of what is not on the disk.
      try self.blockstore.syncNow()
      try self.write { () throws(NodeError) in
        // The pin may have come meanwhile.
        try self.refuseDirect(kind, of: cid)
        try self.database.save(Pin(cid: cid, kind: kind, name: name))
      }
    }
  }

  /// Pins DAGs recursively that the caller has just stored whole, under a lease that still lasts: nobody looks for their
  /// blocks. What is pinned already gets the new name.
  ///
  /// - Throws: `noSpace`, `inputOutput`; none is pinned then.
  public func add(stored cids: [CID], name: String? = nil) async throws(NodeError) {
    try await offload { () throws(NodeError) in
      // A loss of power must not leave a pin of what is not on the disk.
      try self.blockstore.syncNow()
      try self.write { () throws(NodeError) in
        try self.database.save(cids.map { Pin(cid: $0, kind: .recursive, name: name) })
      }
    }
  }

  private func refuseDirect(_ kind: Pin.Kind, of cid: CID) throws(NodeError) {
    if kind == .direct, try database.pin(of: cid)?.kind == .recursive {
      throw NodeError(.pinnedRecursively, "\(cid) already pinned recursively")
    }
  }

  /// Takes a CID's pin away.
  ///
  /// - Parameter kind: Which kind may go; any with nil.
  /// - Throws: `notPinned`; `pinnedRecursively` where only a direct pin may go; `pinnedIndirectly` naming the root whose
  ///   pin would have to go; `noSpace`, `inputOutput`.
  public func remove(_ cid: CID, kind: Pin.Kind? = nil) async throws(NodeError) {
    try await offload { () throws(NodeError) in
      guard let pin = try self.database.pin(of: cid) else {
        if let root = try self.root(leadingTo: cid) {
          throw NodeError(.pinnedIndirectly(through: root), "\(cid) is pinned indirectly under \(root)")
        }
        throw NodeError(.notPinned, "\(cid) is not pinned")
      }
      if kind == .direct, pin.kind == .recursive {
        throw NodeError(.pinnedRecursively, "\(cid) is pinned recursively")
      }
      guard kind == nil || kind == pin.kind else { throw NodeError(.notPinned, "\(cid) is pinned directly") }
      try self.write { () throws(NodeError) in try self.database.removePin(of: cid) }
      self.estimate.noteUnpinned()
    }
  }

  /// Moves a recursive pin from one CID to another, which need not be pinned at any moment in between.
  ///
  /// - Parameter keepsOld: Whether the old pin stays.
  /// - Throws: `notPinned` if `old` has no recursive pin, and as ``add(_:kind:name:progress:)``.
  public func update(from old: CID, to new: CID, keepsOld: Bool = false) async throws(NodeError) {
    guard let pin = try database.pin(of: old), pin.kind == .recursive else {
      throw NodeError(.notPinned, "'from' cid was not recursively pinned already")
    }
    try await add(new, kind: .recursive, name: pin.name)
    if !keepsOld, old != new { try await remove(old) }
  }

  /// All pins, in the order of their CIDs' bytes.
  ///
  /// - Throws: `inputOutput`, `corrupt`.
  public func list(kind: Pin.Kind? = nil) throws(NodeError) -> [Pin] {
    try database.pins().filter { kind == nil || $0.kind == kind }
  }

  /// Some pins, in the order of their CIDs' bytes: to list them without having all in memory.
  ///
  /// - Parameters:
  ///   - kind: Which.
  ///   - last: The CID after which they begin; nil for the first ones.
  /// - Returns: The next ones, none after the last.
  /// - Throws: `inputOutput`, `corrupt`.
  public func list(kind: Pin.Kind, after last: CID?) throws(NodeError) -> [Pin] {
    try database.pins(of: kind, after: last)
  }

  /// The pin of a CID's own.
  ///
  /// - Throws: `inputOutput`, `corrupt`.
  public func pin(of cid: CID) throws(NodeError) -> Pin? {
    try database.pin(of: cid)
  }

  /// The recursive pin that leads to a CID beside one of its own; the first one, if there are several.
  ///
  /// - Throws: `inputOutput`, `corrupt`.
  public func indirectRoot(of cid: CID) async throws(NodeError) -> CID? {
    try await offload { () throws(NodeError) in try self.root(leadingTo: cid) }
  }

  /// A walk through the CIDs that recursive pins lead to beside their roots.
  public func indirectWalk() -> IndirectPins {
    IndirectPins(database: database, blockstore: blockstore)
  }

  /// Looks for what recursive pins lack.
  public func verification() -> PinVerification {
    PinVerification(blockstore: blockstore)
  }

  /// The CIDs that recursive pins lead to beside their roots, each once. What is missing or damaged leads nowhere.
  ///
  /// - Throws: `inputOutput`, `corrupt`.
  public func indirect() async throws(NodeError) -> [CID] {
    let walk = indirectWalk()
    var result: [CID] = []
    while let step = try await walk.next() { result += step }
    return result
  }

  /// How a CID is pinned. To find an indirect pin, every recursive one may have to be followed.
  ///
  /// - Throws: `inputOutput`, `corrupt`.
  public func state(of cid: CID) async throws(NodeError) -> PinState {
    if let pin = try database.pin(of: cid) { return .pinned(pin) }
    return try await offload { () throws(NodeError) in
      try self.root(leadingTo: cid).map { .indirect(through: $0) } ?? .none
    }
  }

  /// The recursive pin that leads to a CID.
  private func root(leadingTo cid: CID) throws(NodeError) -> CID? {
    // One set for all: what does not lead to it from one root does not from another.
    var followed: Set<InnerNodeKey> = []
    var found: CID?
    try database.forEachPin(of: .recursive) { pin throws(NodeError) in
      guard found == nil else { return }
      var pending = [pin.cid]
      while let next = pending.popLast() {
        if next == cid, next != pin.cid {
          found = pin.cid
          return
        }
        guard next.codec != .raw, followed.insert(InnerNodeKey(next)).inserted else { continue }
        pending += (try? blockstore.links(of: next)) ?? []
      }
    }
    return found
  }

  private func write(_ body: () throws(NodeError) -> Void) throws(NodeError) {
    try database.write(freeing: reserve, space, body)
    try database.sync()
  }
}

extension Blockstore {
  /// Sees whether a DAG is here whole, and makes its blocks young.
  func checkDAG(_ root: CID, _ progress: (_ blocks: Int, _ bytes: UInt64) throws -> Void) throws {
    var count = 0
    var bytes: UInt64 = 0
    try walk(root) { _, size in
      count += 1
      bytes += UInt64(size)
      if count % 1000 == 0 { try progress(count, bytes) }
      return true
    }
    try progress(count, bytes)
  }
}

extension NodeError {
  /// The error of looking for a block that something is to be linked to.
  static func missing(_ error: any Error) -> NodeError {
    guard let block = error as? BlockError, block.code == .notFound else { return .block(error) }
    return NodeError(.missingBlock(block.cid), block.message, cause: block)
  }
}
