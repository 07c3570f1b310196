package import Fuse
import IPFSFileSystem
import UnixFS

extension FuseAdapter {
  package func opendir(
    _ node: Fuse.NodeID, flags: OpenFlags, _ context: RequestContext
  ) async throws(Errno) -> Fuse.OpenFile {
    try await call { fileSystem throws(FileSystemError) in
      Fuse.OpenFile(handle: FileHandle(rawValue: try await fileSystem.openDirectory(node.rawValue)))
    }
  }

  package func readdir(
    _ node: Fuse.NodeID, handle: FileHandle, offset: UInt64, into buffer: DirectoryBuffer, _ context: RequestContext
  ) async throws(Errno) {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.list(handle.rawValue, from: offset) { append($0, to: buffer) }
    }
  }

  package func readdirplus(
    _ node: Fuse.NodeID, handle: FileHandle, offset: UInt64, into buffer: DirectoryBuffer, _ context: RequestContext
  ) async throws(Errno) {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.list(handle.rawValue, from: offset) { listed in
        guard listed.name.isPresentable else { return append(listed, to: buffer) }
        guard buffer.append(listed.name.bytes, entry(listed.status), nextOffset: listed.next) else { return false }
        fileSystem.noteLookup(listed)
        return true
      }
    }
  }

  package func releasedir(_ node: Fuse.NodeID, handle: FileHandle) async throws(Errno) {
    fileSystem.closeDirectory(handle.rawValue)
  }

  package func fsyncdir(
    _ node: Fuse.NodeID, handle: FileHandle, scope: SyncScope, _ context: RequestContext
  ) async throws(Errno) {
    try await call { fileSystem throws(FileSystemError) in try await fileSystem.synchronizeDirectory(node.rawValue) }
  }

  /// Adds an entry of which the kernel learns the number and the kind alone: `.` and `..` always are.
  private func append(_ listed: ListedEntry, to buffer: DirectoryBuffer) -> Bool {
    buffer.append(
      listed.name.bytes, inode: listed.status.inode,
      kind: DirectoryBuffer.Kind(rawValue: FileAttributes(listed.status).mode), nextOffset: listed.next)
  }
}
