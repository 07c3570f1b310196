public import IPLD
public import Multiformats
import Synchronization

/// Looks for blocks that recursive pins lack. Inner nodes are read and verified, other blocks are looked for.
///
/// The lock guards what is known to be whole, and is held while a pin is looked at.
public final class PinVerification: Sendable {
  private let blockstore: Blockstore
  /// Inner nodes with all below them.
  private let whole = Mutex<Set<InnerNodeKey>>([])

  init(blockstore: Blockstore) {
    self.blockstore = blockstore
  }

  /// What the DAG of a root lacks: blocks that are missing or damaged.
  public func check(_ root: CID) async -> [BlockError] {
    await offload { self.whole.withLock { whole in self.check(root, &whole) } }
  }

  private func check(_ root: CID, _ whole: inout Set<InnerNodeKey>) -> [BlockError] {
    var failures: [BlockError] = []
    var visited: Set<InnerNodeKey> = []
    var pending = [root]
    while let cid = pending.popLast() {
      do throws(BlockError) {
        guard cid.codec != .raw else {
          _ = try blockstore.size(cid)
          continue
        }
        let key = InnerNodeKey(cid)
        guard !whole.contains(key), visited.insert(key).inserted else { continue }
        pending += try blockstore.links(of: cid)
      } catch {
        failures.append(error)
      }
    }
    if failures.isEmpty { whole.formUnion(visited) }
    return failures
  }
}
