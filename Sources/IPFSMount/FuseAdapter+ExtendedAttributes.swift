package import Fuse
import IPFSFileSystem
import UnixFS

extension FuseAdapter {
  package func getxattr(
    _ node: Fuse.NodeID, name: [UInt8], _ context: RequestContext
  ) async throws(Errno) -> [UInt8] {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.extendedAttribute(
        EntryName(bytes: name), of: node.rawValue, caller: Caller(context))
    }
  }

  package func listxattr(_ node: Fuse.NodeID, _ context: RequestContext) async throws(Errno) -> [[UInt8]] {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.extendedAttributeNames(of: node.rawValue).map(\.bytes)
    }
  }

  package func setxattr(
    _ node: Fuse.NodeID, name: [UInt8], value: [UInt8], creation: AttributeCreation, _ context: RequestContext
  ) async throws(Errno) {
    let mode: ExtendedAttributeMode =
      switch creation {
      case .any: .any
      case .createOnly: .create
      case .replaceOnly: .replace
      }
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.setExtendedAttribute(
        EntryName(bytes: name), value, mode: mode, of: node.rawValue, caller: Caller(context))
    }
  }

  package func removexattr(
    _ node: Fuse.NodeID, name: [UInt8], _ context: RequestContext
  ) async throws(Errno) {
    try await call { fileSystem throws(FileSystemError) in
      try await fileSystem.removeExtendedAttribute(
        EntryName(bytes: name), of: node.rawValue, caller: Caller(context))
    }
  }
}
