public import Multiformats
import Synchronization

/// A walk through the CIDs that recursive pins lead to beside their roots, each once and none that has a pin of its own.
/// What is missing or damaged leads nowhere. Holds some 32 bytes a block.
///
/// The lock guards the walk, and is held while a step is made.
public final class IndirectPins: Sendable {
  private struct State {
    var lastPin: CID?
    var pins: [Pin] = []
    var pending: [CID] = []
    var seen: Set<InnerNodeKey> = []
    var isDone = false
  }

  private let database: NodeDatabase
  private let blockstore: Blockstore
  private let state = Mutex(State())

  /// CIDs of a step.
  private static let step = 1000

  init(database: NodeDatabase, blockstore: Blockstore) {
    self.database = database
    self.blockstore = blockstore
  }

  /// The next CIDs; nil after the last.
  ///
  /// - Throws: `inputOutput`, `corrupt`.
  public func next() async throws(NodeError) -> [CID]? {
    try await offload { () throws(NodeError) in
      try self.state.withLock { state throws(NodeError) in try self.next(&state) }
    }
  }

  private func next(_ state: inout State) throws(NodeError) -> [CID]? {
    var found: [CID] = []
    while found.count < Self.step {
      guard let cid = state.pending.popLast() else {
        guard try nextPin(&state) else { return found.isEmpty ? nil : found }
        continue
      }
      guard state.seen.insert(InnerNodeKey(cid)).inserted else { continue }
      if try database.pin(of: cid) == nil { found.append(cid) }
      state.pending += (try? blockstore.links(of: cid)) ?? []
    }
    return found
  }

  private func nextPin(_ state: inout State) throws(NodeError) -> Bool {
    guard !state.isDone else { return false }
    if state.pins.isEmpty {
      state.pins = try database.pins(of: .recursive, after: state.lastPin).reversed()
    }
    guard let pin = state.pins.popLast() else {
      state.isDone = true
      return false
    }
    state.lastPin = pin.cid
    state.pending.append(pin.cid)
    return true
  }
}
