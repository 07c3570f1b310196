import Synchronization
public import UnixFS

/// What `setattr` is to change. What is nil stays.
public struct AttributeChange: Sendable, Hashable {
  /// Permission bits.
  public var mode: UInt16?
  /// The owner.
  public var uid: UInt32?
  /// The group.
  public var gid: UInt32?
  /// The size in bytes: cuts, or extends with zeros.
  public var size: UInt64?
  /// The time of modification.
  public var mtime: Timestamp?
  /// The time of change; now where it is nil.
  public var ctime: Timestamp?
  /// Whether setuid and setgid must go: the caller may not keep them.
  public var clearsPrivileges: Bool

  /// A change of the attributes named.
  public init(
    mode: UInt16? = nil, uid: UInt32? = nil, gid: UInt32? = nil, size: UInt64? = nil, mtime: Timestamp? = nil,
    ctime: Timestamp? = nil, clearsPrivileges: Bool = false
  ) {
    self.mode = mode
    self.uid = uid
    self.gid = gid
    self.size = size
    self.mtime = mtime
    self.ctime = ctime
    self.clearsPrivileges = clearsPrivileges
  }
}

extension FileSystem {
  /// What `stat` shows of a node. Throws `notFound`.
  public func status(of node: NodeID) async throws(FileSystemError) -> NodeStatus {
    status(try await volume.record(of: InodeTable.inode(of: node)), node: node)
  }

  /// Changes attributes and returns the status that results.
  ///
  /// - Parameter isOpen: Whether the caller holds the file open. Then a new size, like a write, is durable with the
  ///   next flush; otherwise at once.
  public func setAttributes(
    of node: NodeID, _ change: AttributeChange, isOpen: Bool
  ) async throws(FileSystemError) -> NodeStatus {
    let inode = InodeTable.inode(of: node)
    let now = Timestamp.now
    if let size = change.size {
      try await setSize(size, of: inode, time: change.mtime ?? now, isOpen: isOpen)
    }
    var update = NodeChange(
      mode: change.mode, uid: change.uid, gid: change.gid, mtime: change.mtime, ctime: change.ctime ?? now)
    let isOwnerChange = change.uid != nil || change.gid != nil
    if change.clearsPrivileges || isOwnerChange {
      try await clearPrivileges(in: &update, of: inode)
    }
    let isTimeAlone = update == NodeChange(mtime: update.mtime, ctime: update.ctime)
    if isTimeAlone, change.size != nil || noteTime(update.mtime, of: inode, isOpen: isOpen) {
      idle.noteChange()
      return try await status(of: node)
    }
    let record = try await volume.update(inode, update)
    if update.mtime != nil { files.existing(inode)?.state.withLock { $0.mtime = nil } }
    idle.noteChange()
    return status(record, node: node)
  }

  /// Keeps a time with the writes it belongs to: it becomes durable with them, in one step. Returns whether it did.
  private func noteTime(_ time: Timestamp?, of inode: InodeNumber, isOpen: Bool) -> Bool {
    guard let time, isOpen, let file = files.existing(inode) else { return false }
    return file.state.withLock { state in
      guard state.isDirty else { return false }
      state.mtime = time
      return true
    }
  }

  private func setSize(
    _ size: UInt64, of inode: InodeNumber, time: Timestamp, isOpen: Bool
  ) async throws(FileSystemError) {
    let file = try await files.acquire(inode)
    do throws(FileSystemError) {
      try await reporting("truncate", inode) { () async throws(FileSystemError) in
        try await file.truncate(to: size, time: time)
        if !isOpen { try await file.journal() }
      }
    } catch {
      await release(file)
      throw error
    }
    await release(file)
  }

  /// Takes setuid, and setgid where the group may execute, from the mode that a regular file has or is to get.
  func clearPrivileges(in change: inout NodeChange, of inode: InodeNumber) async throws(FileSystemError) {
    let record = try await volume.record(of: inode)
    guard record.kind == .file else { return }
    let mode = change.mode ?? record.attributes.mode
    var cleared = mode & ~0o4000
    if mode & 0o010 != 0 { cleared &= ~0o2000 }
    if cleared != record.attributes.mode { change.mode = cleared }
  }

  /// Space on the volume.
  public func capacity() async throws(FileSystemError) -> VolumeCapacity {
    try await volume.capacity()
  }
}
