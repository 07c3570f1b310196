package import Fuse
import IPFSFileSystem
import UnixFS

extension FuseAdapter: FuseOperations {
  package func lookup(
    _ name: [UInt8], in parent: Fuse.NodeID, _ context: RequestContext
  ) async throws(Errno) -> Entry {
    let start = OperationCounters.now
    defer { fileSystem.operations.count("lookup", since: start) }
    do throws(FileSystemError) {
      return entry(try await fileSystem.lookup(EntryName(bytes: name), in: parent.rawValue))
    } catch {
      if error.code == .notFound {
        return .absent(timeout: fileSystem.gainsNames(parent.rawValue) ? 0 : Self.validity)
      }
      throw Errno(rawValue: error.errno)
    }
  }

  package func forget(_ nodes: [ForgottenNode]) {
    // Does not suspend on a local volume; on a remote one the kernel need not wait for it.
    Task.immediate {
      for forgotten in nodes { await fileSystem.forget(forgotten.node.rawValue, count: forgotten.lookups) }
    }
  }

  package func mknod(
    _ name: [UInt8], in parent: Fuse.NodeID, mode: UInt32, device: UInt64, _ context: RequestContext
  ) async throws(Errno) -> Entry {
    // Devices, pipes and sockets have no place in UnixFS.
    guard mode & 0o170000 == 0o100000 else { throw .notPermitted }
    return try await call { fileSystem throws(FileSystemError) in
      entry(
        try await fileSystem.makeFile(
          EntryName(bytes: name), in: parent.rawValue, mode: UInt16(mode & 0o7777), caller: Caller(context)))
    }
  }

  package func mkdir(
    _ name: [UInt8], in parent: Fuse.NodeID, mode: UInt32, _ context: RequestContext
  ) async throws(Errno) -> Entry {
    try await call { fileSystem throws(FileSystemError) in
      entry(
        try await fileSystem.makeDirectory(
          EntryName(bytes: name), in: parent.rawValue, mode: UInt16(mode & 0o7777), caller: Caller(context)))
    }
  }

  package func symlink(
    _ name: [UInt8], in parent: Fuse.NodeID, target: [UInt8], _ context: RequestContext
  ) async throws(Errno) -> Entry {
    try await call { fileSystem throws(FileSystemError) in
      entry(
        try await fileSystem.makeSymlink(
          EntryName(bytes: name), to: target, in: parent.rawValue, caller: Caller(context)))
    }
  }

  package func readlink(_ node: Fuse.NodeID, _ context: RequestContext) async throws(Errno) -> [UInt8] {
    try await call { fileSystem throws(FileSystemError) in try await fileSystem.readLink(node.rawValue) }
  }

  package func link(
    _ node: Fuse.NodeID, as newName: [UInt8], in newParent: Fuse.NodeID, _ context: RequestContext
  ) async throws(Errno) -> Entry {
    throw .notPermitted
  }

  package func unlink(_ name: [UInt8], in parent: Fuse.NodeID, _ context: RequestContext) async throws(Errno) {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.remove(EntryName(bytes: name), in: parent.rawValue, as: .nonDirectory)
    }
  }

  package func rmdir(_ name: [UInt8], in parent: Fuse.NodeID, _ context: RequestContext) async throws(Errno) {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.remove(EntryName(bytes: name), in: parent.rawValue, as: .directory)
    }
  }

  package func rename(
    _ name: [UInt8], in parent: Fuse.NodeID, to newName: [UInt8], in newParent: Fuse.NodeID, flags: RenameFlags,
    _ context: RequestContext
  ) async throws(Errno) {
    let mode: RenameMode
    switch flags {
    case []: mode = .replace
    case .noReplace: mode = .noReplace
    case .exchange: mode = .exchange
    default: throw .invalid
    }
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.rename(
        EntryName(bytes: name), in: parent.rawValue, to: EntryName(bytes: newName), in: newParent.rawValue, mode: mode)
    }
  }
}
