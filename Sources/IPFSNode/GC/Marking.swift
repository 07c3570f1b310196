import IPLD
import Logging
import Multiformats

/// The blocks that a collection found something refers to.
///
/// The marks are keys of eight bytes: where two blocks have one, both stay. Whether an inner node was followed is
/// remembered by more of its hash, for its links must not be missed.
struct Marking {
  private(set) var marks = BlockKeySet()
  private var followed: Set<InnerNodeKey> = []
  private let blockstore: Blockstore
  private let logger: Logger
  private var losses = 0

  /// How many lost blocks are logged one by one.
  private static let mostLossesLogged = 10

  init(_ blockstore: Blockstore, _ logger: Logger) {
    self.blockstore = blockstore
    self.logger = logger
  }

  /// Marks one block.
  mutating func mark(_ cid: CID) {
    marks.insert(BlockKey(cid))
  }

  /// Marks a DAG. What is missing or damaged is logged and passed over: nobody can know what hung below it.
  ///
  /// - Throws: `inputOutput` where a block could not be read though it may be sound: nothing may be removed then.
  ///   What `checkpoint` throws, which is called for each inner node.
  mutating func markDAG(_ root: CID, _ checkpoint: () throws(NodeError) -> Void) throws(NodeError) {
    var pending = [root]
    while let cid = pending.popLast() {
      mark(cid)
      guard cid.codec != .raw, followed.insert(InnerNodeKey(cid)).inserted else { continue }
      try checkpoint()
      do throws(BlockError) {
        pending += try blockstore.links(of: cid)
      } catch {
        guard error.code != .inputOutput, error.code != .noSpace else { throw NodeError.block(error) }
        losses += 1
        if losses <= Self.mostLossesLogged {
          logger.error(
            "a collection met a block that is lost", metadata: ["cid": "\(error.cid)", "error": "\(error)"])
        }
      }
    }
  }
}
