package import Fuse
import IPFSFileSystem
import UnixFS

extension FuseAdapter {
  package func getattr(
    _ node: Fuse.NodeID, handle: FileHandle?, _ context: RequestContext
  ) async throws(Errno) -> NodeAttributes {
    try await call { fileSystem throws(FileSystemError) in
      NodeAttributes(FileAttributes(try await fileSystem.status(of: node.rawValue)), timeout: Self.validity)
    }
  }

  package func setattr(
    _ node: Fuse.NodeID, _ changes: AttributeChanges, handle: FileHandle?, _ context: RequestContext
  ) async throws(Errno) -> NodeAttributes {
    try await call { fileSystem throws(FileSystemError) in
      let status = try await fileSystem.setAttributes(
        of: node.rawValue, AttributeChange(changes, keepsTimes: cachesWrites), isOpen: handle != nil)
      return NodeAttributes(FileAttributes(status), timeout: Self.validity)
    }
  }

  package func open(
    _ node: Fuse.NodeID, flags: OpenFlags, _ context: RequestContext
  ) async throws(Errno) -> Fuse.OpenFile {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.open(node.rawValue, isWritable: flags.writes)
      if flags.contains(.truncate) {
        do throws(FileSystemError) {
          // The kernel does not say through libfuse 3.14 whether the caller may keep setuid: root may.
          try await fileSystem.truncateOpen(node.rawValue, clearsPrivileges: context.uid != 0)
        } catch {
          await fileSystem.close(node.rawValue, isWritable: flags.writes)
          throw error
        }
      }
      return Self.openFile
    }
  }

  package func create(
    _ name: [UInt8], in parent: Fuse.NodeID, mode: UInt32, flags: OpenFlags, _ context: RequestContext
  ) async throws(Errno) -> CreatedFile {
    try await call { fileSystem throws(FileSystemError) in
      let status = try await fileSystem.makeFile(
        EntryName(bytes: name), in: parent.rawValue, mode: UInt16(mode & 0o7777), caller: Caller(context))
      do throws(FileSystemError) {
        try await fileSystem.open(status.node, isWritable: flags.writes)
      } catch {
        await fileSystem.forget(status.node, count: 1)
        throw error
      }
      return CreatedFile(entry: entry(status), file: Self.openFile)
    }
  }

  package func read(
    _ node: Fuse.NodeID, handle: FileHandle, offset: UInt64, into buffer: ReadBuffer, _ context: RequestContext
  ) async throws(Errno) -> Int {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.read(node.rawValue, at: offset, into: buffer.bytes)
    }
  }

  package func write(
    _ node: Fuse.NodeID, handle: FileHandle, offset: UInt64, from buffer: WriteBuffer, flags: WriteFlags,
    _ context: RequestContext
  ) async throws(Errno) -> Int {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.write(
        node.rawValue, at: offset, buffer, isFromCache: cachesWrites && flags.contains(.fromPageCache),
        clearsPrivileges: flags.contains(.clearsPrivilegeBits))
      return buffer.count
    }
  }

  package func flush(_ node: Fuse.NodeID, handle: FileHandle, _ context: RequestContext) async throws(Errno) {
    try await call { fileSystem throws(FileSystemError) in try await fileSystem.flush(node.rawValue) }
  }

  package func release(_ node: Fuse.NodeID, handle: FileHandle, flags: OpenFlags) async throws(Errno) {
    await fileSystem.close(node.rawValue, isWritable: flags.writes)
  }

  package func fsync(
    _ node: Fuse.NodeID, handle: FileHandle, scope: SyncScope, _ context: RequestContext
  ) async throws(Errno) {
    try await call { fileSystem throws(FileSystemError) in try await fileSystem.synchronize(node.rawValue) }
  }

  package func statfs(_ node: Fuse.NodeID, _ context: RequestContext) async throws(Errno) -> FileSystemStatistics {
    try await call { fileSystem throws(FileSystemError) in
      let capacity = try await fileSystem.capacity()
      return FileSystemStatistics(
        blockSize: capacity.blockSize, blocks: capacity.blocks, freeBlocks: capacity.freeBlocks,
        availableBlocks: capacity.availableBlocks, files: capacity.nodes, freeFiles: capacity.freeNodes,
        maximumNameLength: UInt64(EntryName.maximumLength))
    }
  }

  /// A file's state belongs to its node, so a handle need not tell anything.
  private static let openFile = Fuse.OpenFile(handle: FileHandle(rawValue: 0), options: .keepCache)
}
