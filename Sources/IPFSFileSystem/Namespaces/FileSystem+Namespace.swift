import Synchronization
public import UnixFS

extension FileSystem {
  /// Finds a name and counts a lookup of its node. Throws `notFound`.
  public func lookup(_ name: EntryName, in directory: NodeID) async throws(FileSystemError) -> NodeStatus {
    try check(name)
    var status = try await status { () async throws(FileSystemError) in
      try await volume.lookup(name, in: InodeTable.inode(of: directory))
    }
    status.node = inodes.reference(status.inode)
    return status
  }

  /// Takes lookups back; a node that was unlinked and that nobody knows any more is gone.
  public func forget(_ node: NodeID, count: UInt64) async {
    guard inodes.forget(node, count: count) else { return }
    let inode = InodeTable.inode(of: node)
    await volume.forget(inode)
  }

  /// Makes a directory and counts a lookup of it.
  public func makeDirectory(
    _ name: EntryName, in directory: NodeID, mode: UInt16, caller: Caller
  ) async throws(FileSystemError) -> NodeStatus {
    try await make(name, in: directory, mode: mode, caller: caller, .directory(subdirectories: 0))
  }

  /// Makes an empty regular file and counts a lookup of it.
  public func makeFile(
    _ name: EntryName, in directory: NodeID, mode: UInt16, caller: Caller
  ) async throws(FileSystemError) -> NodeStatus {
    try await make(name, in: directory, mode: mode, caller: caller, .file(.empty))
  }

  /// Makes a symbolic link and counts a lookup of it.
  public func makeSymlink(
    _ name: EntryName, to target: [UInt8], in directory: NodeID, caller: Caller
  ) async throws(FileSystemError) -> NodeStatus {
    try await make(name, in: directory, mode: 0o777, caller: caller, .symlink(target: target))
  }

  /// What a symbolic link points to.
  public func readLink(_ node: NodeID) async throws(FileSystemError) -> [UInt8] {
    guard case .symlink(let target) = try await volume.record(of: InodeTable.inode(of: node)).content else {
      throw FileSystemError(.invalidArgument)
    }
    return target
  }

  /// `unlink` or `rmdir`. An open file stays usable until its last close.
  public func remove(_ name: EntryName, in directory: NodeID, as kind: RemovalKind) async throws(FileSystemError) {
    try check(name)
    let removed = try await volume.remove(name, in: InodeTable.inode(of: directory), as: kind, at: .now)
    await becameOrphan(removed.inode)
    idle.noteChange()
  }

  /// Moves a node, in one step also over a file or an empty directory; or lets two nodes change places.
  public func rename(
    _ name: EntryName, in directory: NodeID, to newName: EntryName, in newDirectory: NodeID,
    mode: RenameMode = .replace
  ) async throws(FileSystemError) {
    try check(name)
    try check(newName)
    let replaced = try await volume.rename(
      name, in: InodeTable.inode(of: directory), to: newName, in: InodeTable.inode(of: newDirectory), mode: mode,
      at: .now)
    if let replaced { await becameOrphan(replaced.inode) }
    idle.noteChange()
  }

  private func make(
    _ name: EntryName, in directory: NodeID, mode: UInt16, caller: Caller, _ content: NodeContent
  ) async throws(FileSystemError) -> NodeStatus {
    try check(name)
    let parent = try await volume.record(of: InodeTable.inode(of: directory))
    let now = Timestamp.now
    var attributes = Attributes(mode: mode & 0o7777, uid: caller.uid, gid: caller.gid, mtime: now, ctime: now)
    // A setgid directory hands its group down, and itself to directories.
    if parent.attributes.mode & 0o2000 != 0 {
      attributes.gid = parent.attributes.gid
      if content.kind == .directory { attributes.mode |= 0o2000 }
    }
    let record = try await volume.create(name, in: parent.inode, attributes: attributes, content: content)
    idle.noteChange()
    return NodeStatus(record, node: inodes.reference(record.inode))
  }

  func becameOrphan(_ inode: InodeNumber) async {
    files.becameOrphan(inode)
    if !inodes.knows(inode) { await volume.forget(inode) }
  }

  func check(_ name: EntryName) throws(FileSystemError) {
    guard name.bytes.count <= EntryName.maximumLength else { throw FileSystemError(.nameTooLong) }
    guard name.isPresentable else { throw FileSystemError(.invalidArgument) }
  }
}
