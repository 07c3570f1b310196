import Synchronization

/// How many bytes of the store nothing refers to, as far as that can be known without looking.
///
/// Every stored byte is either content that the tree gained, or takes the place of content, which is garbage then; and
/// what the tree loses is garbage. Blocks that are shared, directories, and files that are being written make the
/// number too large; what is copied without being stored, too small. A collection finds out.
///
/// The lock guards the numbers.
final class GarbageEstimate: Sendable {
  /// The numbers; kept in the database across processes.
  struct Values: Hashable, Sendable {
    /// Bytes of all blocks.
    var stored: UInt64 = 0
    /// Bytes that were stored and that no growth of the tree accounts for.
    var unaccounted: UInt64 = 0
    /// Bytes that the tree lost.
    var released: UInt64 = 0

    var garbage: UInt64 { min(stored, unaccounted + released) }
  }

  private let state: Mutex<Values>

  init(_ values: Values) {
    state = Mutex(values)
  }

  var values: Values { state.withLock { $0 } }

  /// A block came into the store.
  func noteStored(bytes: Int) {
    state.withLock { state in
      state.stored += UInt64(bytes)
      state.unaccounted += UInt64(bytes)
    }
  }

  /// A file of `old` bytes has `new` bytes now; 0 where it is new, or gone.
  func noteChange(from old: UInt64, to new: UInt64) {
    state.withLock { state in
      if new > old {
        state.unaccounted -= min(state.unaccounted, new - old)
      } else {
        // A hole of a petabyte that goes is no reason to look for a petabyte.
        state.released = min(state.stored, state.released + min(old - new, state.stored))
      }
    }
  }

  /// A DAG is not held by a pin any more.
  func noteUnpinned() {
    state.withLock { state in
      // How much that was is not known: enough to look when space gets scarce.
      state.released = min(state.stored, state.released + max(state.stored / 100, 1))
    }
  }

  /// A collection left so many bytes. What was garbage when it began is not any more.
  func noteCollection(stored: UInt64, since begin: Values) {
    state.withLock { state in
      // What came while it ran was listed or not: count it, for the number may be too large.
      state.stored = stored + (state.stored - min(begin.stored, state.stored))
      state.unaccounted -= min(begin.unaccounted, state.unaccounted)
      state.released -= min(begin.released, state.released)
    }
  }
}
