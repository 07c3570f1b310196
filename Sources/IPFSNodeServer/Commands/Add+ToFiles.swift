import IPFSNode
import Multiformats
import UnixFS

extension Call {
  /// Links what was added in the file tree.
  func link(_ cid: CID, named name: EntryName, toFiles path: String) async throws {
    throw RPCError("to-files: not yet")
  }
}
