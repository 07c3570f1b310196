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

extension FileSystem {
  /// The longest value, in bytes, as Linux has it.
  public static let maximumAttributeValue = 64 << 10

  /// What an attribute's name stands for.
  package enum AttributeName: Sendable, Hashable {
    /// What IPFS knows or does; nil for a name that means nothing.
    case ipfs(IPFSAttribute?)
    /// An attribute of the user's own.
    case user(EntryName)

    /// Reads a name. Throws `resultTooLarge`, and `notSupported` for another namespace.
    package init(_ name: EntryName) throws(FileSystemError) {
      guard name.bytes.count <= EntryName.maximumLength else { throw FileSystemError(.resultTooLarge) }
      for prefix in ["user.ipfs.", "ipfs."] where name.bytes.starts(with: prefix.utf8) {
        self = .ipfs(IPFSAttribute(name.bytes.dropFirst(prefix.utf8.count)))
        return
      }
      guard name.bytes.starts(with: "user.".utf8), name.bytes.count > "user.".utf8.count else {
        throw FileSystemError(.notSupported)
      }
      self = .user(name)
    }
  }

  /// The value of an extended attribute. Throws `noAttribute`, and `notSupported` for other namespaces than `user`.
  ///
  /// - Parameter caller: Who asks; nil for one who may do anything.
  public func extendedAttribute(
    _ name: EntryName, of node: NodeID, caller: Caller? = nil
  ) async throws(FileSystemError) -> [UInt8] {
    switch try AttributeName(name) {
    case .ipfs(let attribute?): return try await value(of: attribute, of: node, caller)
    case .ipfs(nil): throw FileSystemError(.noAttribute)
    case .user(let name):
      let record = try await volume.record(of: InodeTable.inode(of: node))
      guard let value = record.extendedAttributes[name] else { throw FileSystemError(.noAttribute) }
      return value
    }
  }

  /// Sets one of the user's own attributes, or has IPFS do something.
  ///
  /// - Parameter caller: Who asks; nil for one who may do anything.
  public func setExtendedAttribute(
    _ name: EntryName, _ value: [UInt8], mode: ExtendedAttributeMode, of node: NodeID, caller: Caller? = nil
  ) async throws(FileSystemError) {
    let name = try AttributeName(name)
    if case .ipfs(let attribute?) = name { return try await set(attribute, to: value, of: node, caller) }
    guard case .user(let name) = name else { throw FileSystemError(.notPermitted) }
    guard value.count <= Self.maximumAttributeValue else { throw FileSystemError(.attributeTooLarge) }
    let inode = InodeTable.inode(of: node)
    let exists = try await volume.record(of: inode).extendedAttributes[name] != nil
    if mode == .create, exists { throw FileSystemError(.exists) }
    if mode == .replace, !exists { throw FileSystemError(.noAttribute) }
    try await volume.update(inode, NodeChange(ctime: .now, extendedAttributes: [name: value]))
  }

  /// Removes one of the user's own attributes, or has IPFS undo something. Throws `noAttribute`.
  ///
  /// - Parameter caller: Who asks; nil for one who may do anything.
  public func removeExtendedAttribute(
    _ name: EntryName, of node: NodeID, caller: Caller? = nil
  ) async throws(FileSystemError) {
    let name = try AttributeName(name)
    if case .ipfs(let attribute?) = name { return try await remove(attribute, of: node, caller) }
    guard case .user(let name) = name else { throw FileSystemError(.notPermitted) }
    let inode = InodeTable.inode(of: node)
    guard try await volume.record(of: inode).extendedAttributes[name] != nil else {
      throw FileSystemError(.noAttribute)
    }
    try await volume.update(inode, NodeChange(ctime: .now, extendedAttributes: [name: .none]))
  }

  /// The names of the user's own attributes, sorted.
  public func extendedAttributeNames(of node: NodeID) async throws(FileSystemError) -> [EntryName] {
    try await volume.record(of: InodeTable.inode(of: node)).extendedAttributes.keys.filter { $0 != Self.addedName }
      .sorted()
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
