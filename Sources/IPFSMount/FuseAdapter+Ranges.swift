package import Fuse
import IPFSFileSystem

extension FuseAdapter {
  package func fallocate(
    _ node: Fuse.NodeID, handle: FileHandle, mode: UInt32, range: Range<UInt64>, _ context: RequestContext
  ) async throws(Errno) {
    let mode = AllocationMode(rawValue: mode)
    let allocation: Allocation
    switch mode.subtracting(.keepSize) {
    case []: allocation = .reserve
    case .punchHole where mode.contains(.keepSize): allocation = .punch
    case .zeroRange: allocation = .zero
    default: throw .notSupported
    }
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.allocate(
        node.rawValue, range, allocation, keepsSize: mode.contains(.keepSize), clearsPrivileges: context.uid != 0)
    }
  }

  package func lseek(
    _ node: Fuse.NodeID, _ target: Fuse.SeekTarget, handle: FileHandle, offset: UInt64, _ context: RequestContext
  ) async throws(Errno) -> UInt64 {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.seek(node.rawValue, target == .data ? .data : .hole, from: offset)
    }
  }

  package func copyFileRange(
    from source: FilePosition, to destination: FilePosition, length: UInt64, _ context: RequestContext
  ) async throws(Errno) -> UInt64 {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.copy(
        source.node.rawValue, at: source.offset, to: destination.node.rawValue, at: destination.offset,
        length: length, clearsPrivileges: context.uid != 0)
    }
  }
}
