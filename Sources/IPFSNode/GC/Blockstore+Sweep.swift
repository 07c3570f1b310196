import Glibc
public import IPLD
public import Multiformats
import Synchronization

extension Blockstore {
  /// Removes blocks that are neither marked nor young.
  ///
  /// - Parameter visit: Called for each block that is stored, named as a raw block, with its bytes and whether it was
  ///   removed. What it throws ends the sweep.
  func sweep(
    _ marks: borrowing BlockKeySet, _ visit: (_ block: CID, _ bytes: UInt64, _ isRemoved: Bool) throws -> Void
  ) throws {
    var removed: [[UInt8]] = []
    defer { forgetRemoved(&removed) }
    try forEachBlock { cid in
      let path = BlockPath(multihash: cid.multihashBytes).path
      var status = stat()
      // It may have gone since it was listed.
      guard fstatat(folder, path, &status, 0) == 0 else { return }
      let key = BlockKey(cid)
      var isRemoved = false
      if !marks.contains(key) {
        isRemoved = young.removeUnlessYoung(key) { unlinkat(folder, path, 0) == 0 }
      }
      if isRemoved {
        removed.append(Array(cid.multihashBytes))
        if removed.count == 256 { forgetRemoved(&removed) }
      }
      try visit(cid, UInt64(status.st_size), isRemoved)
    }
  }

  /// Removes a block, unless somebody may be about to link it: then it is still there, and can be tried again later.
  ///
  /// - Returns: Whether it was removed.
  /// - Throws: `notFound`, `inputOutput`.
  public func remove(_ cid: CID) throws(BlockError) -> Bool {
    if cid.inlineData != nil { return true }
    _ = try size(cid)
    let path = BlockPath(multihash: cid.multihashBytes).path
    var failure: BlockError?
    let isRemoved = young.removeUnlessYoung(BlockKey(cid)) {
      if unlinkat(folder, path, 0) == 0 { return true }
      failure = errno == ENOENT ? .notFound(cid) : .system("unlink", cid)
      return false
    }
    if let failure { throw failure }
    if isRemoved {
      var removed = [Array(cid.multihashBytes)]
      forgetRemoved(&removed)
    }
    return isRemoved
  }

  /// Lets go of what is known of blocks that were removed.
  private func forgetRemoved(_ multihashes: inout [[UInt8]]) {
    guard !multihashes.isEmpty else { return }
    // Their space comes back when the last descriptor is closed.
    openBlocks.withLock { $0.removeUnlinked() }
    damaged.withLock { $0.subtract(multihashes) }
    checksums.forget(multihashes)
    multihashes = []
  }
}
