internal import CFuse3
internal import Glibc

/// What ``FuseOperations/setattr(_:_:handle:_:)`` shall change; what is `nil` stays.
public struct AttributeChanges: Hashable, Sendable {
  /// What a time becomes.
  public enum TimeChange: Hashable, Sendable {
    /// The file system's present.
    case now
    /// A given time.
    case to(FileTime)
  }

  /// The new mode, with the file type in it.
  public var mode: UInt32?
  /// The new owner.
  public var uid: UInt32?
  /// The new group.
  public var gid: UInt32?
  /// The new size in bytes: the file is cut off or grows by zeros.
  public var size: UInt64?
  /// The new time of the last access.
  public var accessTime: TimeChange?
  /// The new time of the last change of the content.
  public var modificationTime: TimeChange?
  /// The new time of the last change of any kind: the kernel sets it where it keeps the times (writeback cache).
  public var changeTime: FileTime?
  /// Whether the set-user-ID bit, and the set-group-ID bit where the group may execute, are to be cleared.
  ///
  /// The kernel asks for it (HANDLE_KILLPRIV_V2) on a truncation by somebody without `CAP_FSETID` and on each change of
  /// owner or group. It means nothing for directories.
  public var clearsPrivilegeBits: Bool

  /// Makes a set of changes.
  public init(
    mode: UInt32? = nil, uid: UInt32? = nil, gid: UInt32? = nil, size: UInt64? = nil, accessTime: TimeChange? = nil,
    modificationTime: TimeChange? = nil, changeTime: FileTime? = nil, clearsPrivilegeBits: Bool = false
  ) {
    self.mode = mode
    self.uid = uid
    self.gid = gid
    self.size = size
    self.accessTime = accessTime
    self.modificationTime = modificationTime
    self.changeTime = changeTime
    self.clearsPrivilegeBits = clearsPrivilegeBits
  }
}

extension AttributeChanges {
  init(_ stat: stat, valid: Int32) {
    func has(_ flag: Int32) -> Bool { valid & flag != 0 }
    self.init(
      mode: has(FUSE_SET_ATTR_MODE) ? stat.st_mode : nil,
      uid: has(FUSE_SET_ATTR_UID) ? stat.st_uid : nil,
      gid: has(FUSE_SET_ATTR_GID) ? stat.st_gid : nil,
      size: has(FUSE_SET_ATTR_SIZE) ? UInt64(clamping: stat.st_size) : nil,
      accessTime: has(FUSE_SET_ATTR_ATIME_NOW)
        ? .now : has(FUSE_SET_ATTR_ATIME) ? .to(FileTime(stat.st_atim)) : nil,
      modificationTime: has(FUSE_SET_ATTR_MTIME_NOW)
        ? .now : has(FUSE_SET_ATTR_MTIME) ? .to(FileTime(stat.st_mtim)) : nil,
      changeTime: has(FUSE_SET_ATTR_CTIME) ? FileTime(stat.st_ctim) : nil,
      // FATTR_KILL_SUIDGID of the protocol has the bit that libfuse calls KILL_SUID and passes on.
      clearsPrivilegeBits: has(FUSE_SET_ATTR_KILL_SUID))
  }
}
