internal import CFuse3
internal import Glibc

/// A point in time as `stat(2)` has it.
public struct FileTime: Hashable, Sendable {
  /// Seconds since 1970-01-01 UTC, negative before.
  public var seconds: Int64
  /// Nanoseconds within the second: 0 to 999,999,999.
  public var nanoseconds: UInt32

  /// Makes a time of its two parts.
  public init(seconds: Int64, nanoseconds: UInt32) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }
}

/// What `stat(2)` tells about a file.
public struct FileAttributes: Hashable, Sendable {
  /// The inode number that programs see (`st_ino`); need not be the node's ``NodeID``.
  public var inode: UInt64
  /// Type and permissions (`st_mode`): one of `S_IFREG`, `S_IFDIR`, `S_IFLNK` …, and twelve bits.
  public var mode: UInt32
  /// The number of hard links.
  public var links: UInt32
  /// The owner.
  public var uid: UInt32
  /// The group.
  public var gid: UInt32
  /// The device that a device node stands for.
  public var device: UInt64
  /// The size in bytes.
  public var size: UInt64
  /// How much is stored, in units of 512 bytes.
  public var blocks: UInt64
  /// The size in bytes that programs should read and write at a time.
  public var blockSize: UInt32
  /// The last access.
  public var accessTime: FileTime
  /// The last change of the content.
  public var modificationTime: FileTime
  /// The last change of content or attributes.
  public var changeTime: FileTime

  /// Makes attributes; `blocks` defaults to the size rounded up.
  public init(
    inode: UInt64, mode: UInt32, links: UInt32 = 1, uid: UInt32 = 0, gid: UInt32 = 0, device: UInt64 = 0,
    size: UInt64 = 0, blocks: UInt64? = nil, blockSize: UInt32 = 4096, accessTime: FileTime,
    modificationTime: FileTime, changeTime: FileTime
  ) {
    self.inode = inode
    self.mode = mode
    self.links = links
    self.uid = uid
    self.gid = gid
    self.device = device
    self.size = size
    self.blocks = blocks ?? (size / 512 + (size % 512 == 0 ? 0 : 1))
    self.blockSize = blockSize
    self.accessTime = accessTime
    self.modificationTime = modificationTime
    self.changeTime = changeTime
  }
}

extension FileTime {
  var timespec: Glibc.timespec { Glibc.timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds)) }

  init(_ time: Glibc.timespec) {
    self.init(seconds: Int64(time.tv_sec), nanoseconds: UInt32(clamping: time.tv_nsec))
  }
}

extension FileAttributes {
  var stat: Glibc.stat {
    var result = Glibc.stat()
    result.st_ino = UInt(inode)
    result.st_mode = mode
    result.st_nlink = UInt(links)
    result.st_uid = uid
    result.st_gid = gid
    result.st_rdev = UInt(device)
    result.st_size = Int(clamping: size)
    result.st_blocks = Int(clamping: blocks)
    result.st_blksize = Int(blockSize)
    result.st_atim = accessTime.timespec
    result.st_mtim = modificationTime.timespec
    result.st_ctim = changeTime.timespec
    return result
  }
}
