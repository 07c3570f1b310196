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
  /// Whether a new size leaves times that are not named alone: the kernel keeps them, and names what it has changed.
  public var keepsTimes: Bool

  /// A change of the attributes named.
  public init(
    mode: UInt16? = nil, uid: UInt32? = nil, gid: UInt32? = nil, size: UInt64? = nil, mtime: Timestamp? = nil,
    ctime: Timestamp? = nil, clearsPrivileges: Bool = false, keepsTimes: Bool = false
  ) {
    self.mode = mode
    self.uid = uid
    self.gid = gid
    self.size = size
    self.mtime = mtime
    self.ctime = ctime
    self.clearsPrivileges = clearsPrivileges
    self.keepsTimes = keepsTimes
  }
}

extension FileSystem {
  /// What `stat` shows of a node. Throws `notFound`.
  public func status(of node: NodeID) async throws(FileSystemError) -> NodeStatus {
    var status = try await status { () async throws(FileSystemError) in
      try await volume.record(of: InodeTable.inode(of: node))
    }
    status.node = node
    return status
  }

  /// Changes attributes and returns the status that results.
  ///
  /// - Parameter isOpen: Whether the caller holds the file open. Then a new size or time of modification, like a write,
  ///   is durable with the next flush; otherwise at once.
  public func setAttributes(
    of node: NodeID, _ change: AttributeChange, isOpen: Bool
  ) async throws(FileSystemError) -> NodeStatus {
    let inode = InodeTable.inode(of: node)
    guard !ContentNamespace.holds(inode) else { throw FileSystemError(.readOnly) }
    let now = Timestamp.now
    var update = NodeChange(mode: change.mode, uid: change.uid, gid: change.gid)
    let isOwnerChange = change.uid != nil || change.gid != nil
    if change.clearsPrivileges || isOwnerChange {
      try await clearPrivileges(in: &update, of: inode)
    }
    let times = FileTimes(mtime: change.mtime ?? now, ctime: change.ctime ?? now)
    var areTimesKept = false
    if let size = change.size {
      let isTimeless = change.keepsTimes && change.mtime == nil && change.ctime == nil
      try await changeContent(inode, "truncate", isOpen: isOpen) { file async throws(FileSystemError) in
        try await file.truncate(to: size, times: isTimeless ? nil : times)
      }
      areTimesKept = true
    } else if change.mtime != nil {
      areTimesKept = try await keep(times, of: inode, isOpen: isOpen)
    }
    if !areTimesKept || !update.isEmpty {
      update.ctime = times.ctime
      if !areTimesKept { update.mtime = change.mtime }
      try await volume.update(inode, update)
      files.existing(inode)?.noteAttributeChange(at: times.ctime)
    }
    idle.noteChange()
    return try await status(of: node)
  }

  /// Keeps times with the writes they belong to, if the file is open or not settled: they reach the volume with them,
  /// and cannot be overtaken by older ones. Returns whether it did.
  private func keep(_ times: FileTimes, of inode: InodeNumber, isOpen: Bool) async throws(FileSystemError) -> Bool {
    guard let file = files.existing(inode), file.state.withLock({ $0.failure == nil }) else { return false }
    try await changeContent(inode, "set times", isOpen: isOpen) { file async throws(FileSystemError) in
      file.state.withLock { state in
        state.times = times
        state.isDirty = true
      }
    }
    return true
  }

  /// Changes a file's content or times; durable with the next flush where the caller has it open, else at once.
  private func changeContent(
    _ inode: InodeNumber, _ operation: StaticString, isOpen: Bool,
    _ body: (OpenFile) async throws(FileSystemError) -> Void
  ) async throws(FileSystemError) {
    let file = try await files.acquire(inode)
    do throws(FileSystemError) {
      try await reporting(operation, inode) { () async throws(FileSystemError) in
        try await body(file)
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
    if cleared != mode { change.mode = cleared }
  }

  /// Space on the volume.
  public func capacity() async throws(FileSystemError) -> VolumeCapacity {
    try await volume.capacity()
  }
}
