import Synchronization
import UnixFS

/// Which nodes the kernel knows, and under which node ids.
///
/// A node id is the inode number with a generation in its upper 16 bits. The kernel never takes the size or times of
/// a regular file it knows from us while it caches writes; so when a file's content changes behind its back, its
/// node id is retired: the next lookup answers with a new one, while old handles keep the old.
///
/// The lock guards both dictionaries and is never held while another is taken.
final class InodeTable: Sendable {
  private static let generationShift: UInt64 = 48

  private struct State {
    /// Lookups that the kernel has not forgotten, by node id.
    var lookups: [NodeID: UInt64] = [:]
    /// Generations other than 0, by inode number.
    var generations: [InodeNumber: UInt64] = [:]
  }

  private let state = Mutex(State())

  /// The inode number of a node id.
  static func inode(of node: NodeID) -> InodeNumber {
    node & ((1 << generationShift) - 1)
  }

  /// Counts a lookup and returns the node id to answer with.
  func reference(_ inode: InodeNumber) -> NodeID {
    state.withLock { state in
      let node = Self.node(inode, in: state)
      state.lookups[node, default: 0] += 1
      return node
    }
  }

  /// Counts a lookup of a node id that was answered with.
  func reference(node: NodeID) {
    state.withLock { $0.lookups[node, default: 0] += 1 }
  }

  /// The node id that a lookup would answer with now.
  func node(of inode: InodeNumber) -> NodeID {
    state.withLock { Self.node(inode, in: $0) }
  }

  /// Takes `count` lookups back. Returns true when the kernel no longer knows the inode by any id.
  func forget(_ node: NodeID, count: UInt64) -> Bool {
    state.withLock { state in
      guard let known = state.lookups[node] else { return false }
      if known > count {
        state.lookups[node] = known - count
        return false
      }
      state.lookups[node] = nil
      return !Self.isKnown(Self.inode(of: node), in: state)
    }
  }

  /// Whether the kernel knows the inode by any id.
  func knows(_ inode: InodeNumber) -> Bool {
    state.withLock { Self.isKnown(inode, in: $0) }
  }

  /// Makes the next lookup of the inode answer with a node id of its own.
  func retire(_ inode: InodeNumber) {
    state.withLock { state in
      state.generations[inode] = (state.generations[inode, default: 0] + 1) & 0xFFFF
    }
  }

  /// The inodes that the kernel knows, some of them more than once.
  var known: [InodeNumber] { state.withLock { $0.lookups.keys.map(Self.inode(of:)) } }

  /// Node ids the kernel knows now.
  var count: Int { state.withLock { $0.lookups.count } }

  private static func isKnown(_ inode: InodeNumber, in state: borrowing State) -> Bool {
    guard let generation = state.generations[inode] else { return state.lookups[inode] != nil }
    return (0...generation).contains { state.lookups[inode | $0 << generationShift] != nil }
  }

  private static func node(_ inode: InodeNumber, in state: borrowing State) -> NodeID {
    guard let generation = state.generations[inode] else { return inode }
    return inode | generation << generationShift
  }
}

/// The number by which the kernel names a node in its requests.
public typealias NodeID = UInt64
