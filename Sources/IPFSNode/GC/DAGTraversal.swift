package import IPLD
package import Multiformats

/// Goes through a DAG step by step: each block once, before those it links to, in the order of the links.
package struct DAGTraversal {
  /// A block that was met.
  package struct Step: Sendable {
    /// The block's name.
    package let cid: CID
    /// The block; nil for a raw one, which nobody has read.
    package let block: Block?
  }

  private let store: Blockstore
  private var pending: [CID]
  private var met: Set<InnerNodeKey> = []
  /// Whether what is missing or damaged is passed over, with all that only it leads to.
  private let skipsMissing: Bool

  /// Begins at a root.
  package init(_ root: CID, in store: Blockstore, skipsMissing: Bool = false) {
    self.store = store
    self.skipsMissing = skipsMissing
    pending = [root]
  }

  /// The next block; nil after the last one.
  ///
  /// - Throws: `notFound` and the like, naming the block.
  package mutating func next() throws(BlockError) -> Step? {
    while let cid = pending.popLast() {
      guard met.insert(InnerNodeKey(cid)).inserted else { continue }
      do throws(BlockError) {
        guard cid.codec != .raw else {
          _ = try store.size(cid)
          return Step(cid: cid, block: nil)
        }
        let block = try store.block(cid)
        pending += try Self.links(of: block).reversed()
        return Step(cid: cid, block: block)
      } catch {
        guard skipsMissing else { throw error }
      }
    }
    return nil
  }

  private static func links(of block: Block) throws(BlockError) -> [CID] {
    do {
      return try block.links()
    } catch {
      // What it names, nobody here can tell.
      if error.code == .unsupportedCodec { return [] }
      throw BlockError(.corrupt, block.cid, "block \(block.cid) is no node: \(error)", cause: error)
    }
  }
}
