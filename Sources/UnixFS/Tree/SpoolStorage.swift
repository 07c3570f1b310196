/// Files beside the blocks that hold parts of changed files. A tree that promises to survive a loss of power has to know
/// when their bytes are on the disk, and says when bytes that are not needed any more may go.
public protocol SpoolStorage: Sendable {
  /// Whether every byte that was written is on the disk.
  var isSynchronized: Bool { get }

  /// Begins a synchronization: what is retired after this has to wait for the next one.
  func mark() -> UInt64

  /// Brings everything that was written before the call to the disk. Returns 0, or the errno of what failed.
  func synchronize() -> Int32

  /// Says that the tree on the disk does not need what was retired before a mark.
  func release(through mark: UInt64)
}
