public import Multiformats
import Synchronization
public import UnixFS

/// How `setxattr` treats a name that is there, or that is not.
public enum ExtendedAttributeMode: Sendable {
  /// Set it either way.
  case any
  /// `XATTR_CREATE`: `exists` where it is there.
  case create
  /// `XATTR_REPLACE`: `noAttribute` where it is not.
  case replace
}

/// Attributes that say what IPFS knows of a node. Readable as `user.ipfs.NAME` and, on symbolic links too, as
/// `ipfs.NAME`; never listed, so that `cp -a` and `rsync -X` do not try to copy them.
enum IPFSAttribute: String {
  case cid
  case path
}

extension FileSystem {
  /// The longest value, in bytes, as Linux has it.
  public static let maximumAttributeValue = 64 << 10

  private enum AttributeName {
    case ipfs(IPFSAttribute?)
    case user(EntryName)

    init(_ name: EntryName) throws(FileSystemError) {
      guard name.bytes.count <= EntryName.maximumLength else { throw FileSystemError(.resultTooLarge) }
      let text = name.description
      for prefix in ["user.ipfs.", "ipfs."] where text.hasPrefix(prefix) {
        self = .ipfs(IPFSAttribute(rawValue: String(text.dropFirst(prefix.count))))
        return
      }
      guard text.hasPrefix("user."), text.utf8.count > "user.".utf8.count else {
        throw FileSystemError(.notSupported)
      }
      self = .user(name)
    }
  }

  /// The value of an extended attribute. Throws `noAttribute`, and `notSupported` for other namespaces than `user`.
  public func extendedAttribute(_ name: EntryName, of node: NodeID) async throws(FileSystemError) -> [UInt8] {
    switch try AttributeName(name) {
    case .ipfs(.cid): return Array(try await cid(of: node).description.utf8)
    case .ipfs(.path): return Array("/ipfs/\(try await cid(of: node))".utf8)
    case .ipfs(nil): throw FileSystemError(.noAttribute)
    case .user(let name):
      let record = try await volume.record(of: InodeTable.inode(of: node))
      guard let value = record.extendedAttributes[name] else { throw FileSystemError(.noAttribute) }
      return value
    }
  }

  /// Sets one of the user's own attributes.
  public func setExtendedAttribute(
    _ name: EntryName, _ value: [UInt8], mode: ExtendedAttributeMode, of node: NodeID
  ) async throws(FileSystemError) {
    guard case .user(let name) = try AttributeName(name) else { throw FileSystemError(.notPermitted) }
    guard value.count <= Self.maximumAttributeValue else { throw FileSystemError(.attributeTooLarge) }
    let inode = InodeTable.inode(of: node)
    let exists = try await volume.record(of: inode).extendedAttributes[name] != nil
    if mode == .create, exists { throw FileSystemError(.exists) }
    if mode == .replace, !exists { throw FileSystemError(.noAttribute) }
    try await volume.update(inode, NodeChange(ctime: .now, extendedAttributes: [name: value]))
  }

  /// Removes one of the user's own attributes. Throws `noAttribute`.
  public func removeExtendedAttribute(_ name: EntryName, of node: NodeID) async throws(FileSystemError) {
    guard case .user(let name) = try AttributeName(name) else { throw FileSystemError(.notPermitted) }
    let inode = InodeTable.inode(of: node)
    guard try await volume.record(of: inode).extendedAttributes[name] != nil else {
      throw FileSystemError(.noAttribute)
    }
    try await volume.update(inode, NodeChange(ctime: .now, extendedAttributes: [name: .none]))
  }

  /// The names of the user's own attributes, sorted.
  public func extendedAttributeNames(of node: NodeID) async throws(FileSystemError) -> [EntryName] {
    try await volume.record(of: InodeTable.inode(of: node)).extendedAttributes.keys.sorted()
  }

  /// The CID that a node has now. What the kernel and the file system have not written or built yet, is.
  public func cid(of node: NodeID) async throws(FileSystemError) -> CID {
    let inode = InodeTable.inode(of: node)
    let record = try await volume.record(of: inode)
    switch record.kind {
    case .symlink: break
    case .file:
      if let file = files.acquireExisting(inode) {
        defer { files.release(inode) }
        if file.state.withLock({ $0.writers > 0 }) { await kernelCache?.writeBack(node) }
        return try await reporting("commit", inode) { () async throws(FileSystemError) in
          try await file.commit().cid
        }
      }
    case .directory:
      for writing in files.inodes(where: { $0.writers > 0 && !$0.isOrphan }) {
        await kernelCache?.writeBack(inodes.node(of: writing))
      }
      try await idle.commitFiles(unchangedFor: nil)
    }
    return try await reporting("commit", inode) { () async throws(FileSystemError) in
      try await volume.dagRoot(of: inode).cid
    }
  }
}
