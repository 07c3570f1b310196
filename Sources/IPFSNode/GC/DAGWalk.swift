import IPLD
public import Multiformats

extension Blockstore {
  /// The CIDs that a block links to. A raw block is not read: it links to none.
  ///
  /// - Throws: `notFound`, `corrupt` (also where the block is no node of its codec), `unsupported`, `inputOutput`.
  func links(of cid: CID) throws(BlockError) -> [CID] {
    guard cid.codec != .raw else { return [] }
    let block = try block(cid)
    do {
      return try block.links()
    } catch {
      // What it names, nobody here can tell.
      if error.code == .unsupportedCodec { return [] }
      throw BlockError(.corrupt, cid, "block \(cid) is no node: \(error)", cause: error)
    }
  }

  /// Visits a DAG, each block once, and makes sure that all of it is here: what is found is young from then on, so a
  /// caller with a lease can link it. Blocks without links are looked for, and not read.
  ///
  /// - Parameter visit: Called for each block with its bytes in number; false ends the walk.
  /// - Throws: `notFound` and the like, naming the block; what `visit` throws.
  func walk(_ root: CID, _ visit: (CID, Int) throws -> Bool) throws {
    var seen = BlockKeySet()
    var followed: Set<InnerNodeKey> = []
    var pending = [root]
    while let cid = pending.popLast() {
      if cid.codec == .raw {
        guard seen.insert(BlockKey(cid)) else { continue }
      } else {
        guard followed.insert(InnerNodeKey(cid)).inserted else { continue }
      }
      let size = try retain(cid)
      pending += try links(of: cid).reversed()
      guard try visit(cid, size) else { return }
    }
  }

  /// Sees whether a DAG is here whole, and keeps it until the leases that there are end.
  ///
  /// - Throws: ``NodeError``: `missingBlock` naming the first block that is not here, `corrupt`, `inputOutput`.
  public func retainDAG(_ root: CID) async throws(NodeError) {
    try await offload { () throws(NodeError) in
      do { try self.checkDAG(root) { _, _ in } } catch { throw .missing(error) }
    }
  }

  /// Keeps what is here of a DAG, until the leases that there are end.
  func retainWhatIsHere(of root: CID) {
    var seen = BlockKeySet()
    var followed: Set<InnerNodeKey> = []
    var pending = [root]
    while let cid = pending.popLast() {
      if seen.insert(BlockKey(cid)), (try? retain(cid)) == nil { continue }
      guard cid.codec != .raw, followed.insert(InnerNodeKey(cid)).inserted else { continue }
      pending += (try? links(of: cid)) ?? []
    }
  }

  /// Keeps blocks, of which something refers to each now, until the leases that there are end.
  public func retain(_ cids: [CID]) {
    for cid in cids where cid.inlineData == nil { young.insert(BlockKey(cid)) }
  }

  /// Makes a block young and sees whether it is here. Returns its bytes in number.
  ///
  /// - Throws: `notFound`, `inputOutput`.
  @discardableResult
  func retain(_ cid: CID) throws(BlockError) -> Int {
    if cid.inlineData == nil { young.insert(BlockKey(cid)) }
    return try size(cid)
  }
}
