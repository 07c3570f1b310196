import Multiformats
import Synchronization

/// Blocks that somebody stored, or found stored already, and may not have linked yet. A collection spares them.
///
/// Whoever stores blocks to link them later holds a *lease* from before the first block until the last link is where
/// a collection looks. A block is young as long as any lease lasts that was there when it was stored. To know that,
/// leases and blocks belong to one of two generations:
///
/// ```
///   earlier   blocks and leases of all that came before     gone when its last lease ends; then the
///   current   blocks and leases of now                      current generation becomes the earlier one
/// ```
///
/// While a collection runs no block ceases to be young. So what was not linked when it began, and is by now, is spared
/// as well.
///
/// The lock guards all of it. A collection removes a block under it, after it has seen that the block is not young;
/// a block is made young before anyone looks whether it is stored. So either the collection spares it, or whoever
/// looks finds that it is gone.
final class YoungBlocks: Sendable {
  private struct Generation {
    var blocks = BlockKeySet()
    var leases = 0
  }

  private struct State {
    var current = Generation()
    var earlier = Generation()
    var number: UInt64 = 0
    var isCollecting = false

    /// Lets go of blocks that no lease is there for.
    mutating func retire() {
      while !isCollecting, earlier.leases == 0, earlier.blocks.count + current.blocks.count + current.leases > 0 {
        earlier.blocks.removeAll()
        swap(&earlier, &current)
        number += 1
        // Its leases last: the next one to end looks again.
        if earlier.leases > 0 { break }
      }
    }
  }

  private let state = Mutex(State())

  /// Begins a lease. Returns the generation, for ``endLease(of:)``.
  func beginLease() -> UInt64 {
    state.withLock { state in
      state.current.leases += 1
      return state.number
    }
  }

  /// Ends a lease.
  func endLease(of generation: UInt64) {
    state.withLock { state in
      if generation == state.number { state.current.leases -= 1 } else { state.earlier.leases -= 1 }
      state.retire()
    }
  }

  /// Makes a block young, if there is a lease or a collection.
  func insert(_ key: BlockKey) {
    state.withLock { state in
      guard state.isCollecting || state.current.leases + state.earlier.leases > 0 else { return }
      state.current.blocks.insert(key)
    }
  }

  /// From now on no block ceases to be young.
  func beginCollection() {
    state.withLock { $0.isCollecting = true }
  }

  /// Undoes ``beginCollection()``.
  func endCollection() {
    state.withLock { state in
      state.isCollecting = false
      state.retire()
    }
  }

  /// Calls `remove` for a block that is not young, while it cannot become so. Returns false for one that is young, else
  /// what `remove` returns.
  func removeUnlessYoung(_ key: BlockKey, _ remove: () -> Bool) -> Bool {
    state.withLock { state in
      guard !state.current.blocks.contains(key), !state.earlier.blocks.contains(key) else { return false }
      return remove()
    }
  }

  /// Blocks and leases there are.
  var counts: (blocks: Int, leases: Int) {
    state.withLock { state in
      (state.current.blocks.count + state.earlier.blocks.count, state.current.leases + state.earlier.leases)
    }
  }
}

/// The promise to link blocks soon: see ``Blockstore/beginLease()``.
public struct BlockLease: Sendable {
  let young: YoungBlocks
  let generation: UInt64

  /// Says that what was stored is linked, or given up. To be called once.
  public func end() {
    young.endLease(of: generation)
  }
}
