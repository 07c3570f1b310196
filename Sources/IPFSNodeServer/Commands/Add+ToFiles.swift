import IPFSNode
import Multiformats
import UnixFS

extension Call {
  /// Links what was added in the file tree: under its name in a directory that the path ends with a slash for, or at
  /// the path itself.
  func link(_ cid: CID, named name: EntryName, toFiles path: String) async throws {
    guard !name.bytes.isEmpty else { throw RPCError("to-files: cannot add unnamed files to MFS") }
    var target: TreePath
    do throws(FilesError) { target = try TreePath(path.isEmpty ? "/" : path) } catch {
      throw RPCError("to-files: \(error)")
    }
    if target.endsWithSlash || target.isRoot {
      do {
        guard try node.files.kind(of: target) == .directory else {
          throw RPCError("to-files: MFS destination \"\(target)\" is not a directory")
        }
      } catch let error as FilesError {
        throw RPCError("to-files: MFS destination directory \"\(target)\" does not exist: \(error)")
      }
      target = target.withoutSlash.appending(EntryName(bytes: name.bytes.split(separator: 0x2F).last ?? []))
    } else {
      do { _ = try node.files.kind(of: target.parent) } catch let error as FilesError {
        throw RPCError(
          "to-files: MFS destination parent \"\(target)\" \"\(target.parent)\" does not exist: \(error)")
      }
    }
    do {
      try await node.files.put(cid, at: target, force: false)
    } catch {
      throw RPCError("to-files: cannot put node in path \"\(target)\": \(RPCError(error).message)")
    }
  }
}
