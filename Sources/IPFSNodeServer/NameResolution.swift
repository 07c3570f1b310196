import IPFSNode
import Multiformats

extension Call {
  /// The CID that a name stands for, and what of the path remains.
  ///
  /// - Throws: ``RPCError`` and `NodeError` in Kubo's words for a name that points to nothing here.
  func resolve(name: String, names: ArraySlice<String>) async throws -> (CID, ArraySlice<String>) {
    let path = try await node.names.resolve("/ipns/" + ([name] + names).joined(separator: "/"))
    let resolved = try ContentPath(path)
    guard case .cid(let cid) = resolved.root else { throw RPCError("could not resolve name") }
    return (cid, resolved.names[...])
  }
}
