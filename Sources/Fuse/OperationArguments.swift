internal import CFuse3
internal import Glibc

/// How ``FuseOperations/rename(_:in:to:in:flags:_:)`` treats a name that exists.
public struct RenameFlags: OptionSet, Hashable, Sendable {
  /// The bits of `renameat2(2)`.
  public let rawValue: UInt32

  /// Wraps bits of `renameat2(2)`.
  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// `RENAME_NOREPLACE`: an existing name is an error.
  public static let noReplace = RenameFlags(rawValue: 1 << 0)
  /// `RENAME_EXCHANGE`: both names exist and change places.
  public static let exchange = RenameFlags(rawValue: 1 << 1)
  /// `RENAME_WHITEOUT`: a whiteout stays behind.
  public static let whiteout = RenameFlags(rawValue: 1 << 2)
}

/// The mode bits of ``FuseOperations/fallocate(_:handle:mode:range:_:)``. The kernel refuses all others itself.
public struct AllocationMode: OptionSet, Hashable, Sendable {
  /// The bits of `fallocate(2)`.
  public let rawValue: UInt32

  /// Wraps bits of `fallocate(2)`.
  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// `FALLOC_FL_KEEP_SIZE`: the file does not grow.
  public static let keepSize = AllocationMode(rawValue: 1 << 0)
  /// `FALLOC_FL_PUNCH_HOLE`: the range becomes a hole.
  public static let punchHole = AllocationMode(rawValue: 1 << 1)
  /// `FALLOC_FL_ZERO_RANGE`: the range becomes zeros.
  public static let zeroRange = AllocationMode(rawValue: 1 << 4)
}

/// What is special about a write.
public struct WriteFlags: OptionSet, Hashable, Sendable {
  /// The bits, in the order of the constants below.
  public let rawValue: UInt8

  /// Wraps bits.
  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// The kernel writes pages back from its cache: the context means nothing, and the handle is any one of the node's.
  public static let fromPageCache = WriteFlags(rawValue: 1 << 0)
  /// Set-user-ID and, where the group may execute, set-group-ID are to be cleared.
  ///
  /// libfuse 3.14 does not pass on the kernel's word for it, so it is inferred: the write comes from a caller, not from
  /// the page cache, and the caller is not root. The kernel sends each write to a file that has such a bit through
  /// (HANDLE_KILLPRIV_V2), so none is missed. Only a caller that is not root and yet has `CAP_FSETID` loses bits that
  /// it could have kept.
  public static let clearsPrivilegeBits = WriteFlags(rawValue: 1 << 1)
}

/// Whether an extended attribute may or must exist before it is set.
public enum AttributeCreation: Hashable, Sendable {
  /// Made or replaced.
  case any
  /// `XATTR_CREATE`: EEXIST if it is there.
  case createOnly
  /// `XATTR_REPLACE`: ENODATA if it is not there.
  case replaceOnly
}

extension AttributeCreation {
  /// Takes the flags of `setxattr(2)`.
  init(_ flags: Int32) {
    self = flags & cfuse_xattr_create != 0 ? .createOnly : flags & cfuse_xattr_replace != 0 ? .replaceOnly : .any
  }
}

/// How much of a file goes to stable storage.
public enum SyncScope: Hashable, Sendable {
  /// `fdatasync(2)`: the content and what it takes to read it.
  case data
  /// `fsync(2)`: the attributes too.
  case everything
}

/// From where ``FuseOperations/lseek(_:_:handle:offset:_:)`` looks on.
public enum SeekTarget: Hashable, Sendable {
  /// `SEEK_DATA`: the next byte at or after the offset that is not in a hole.
  case data
  /// `SEEK_HOLE`: the next byte at or after the offset that is in a hole; the file's end counts as one.
  case hole
}

extension SeekTarget {
  /// Takes the third argument of `lseek(2)`.
  init?(_ whence: Int32) {
    switch whence {
    case cfuse_seek_data: self = .data
    case cfuse_seek_hole: self = .hole
    default: return nil
    }
  }
}

/// One side of ``FuseOperations/copyFileRange(from:to:length:_:)``.
public struct FilePosition: Hashable, Sendable {
  /// The file.
  public let node: NodeID
  /// The open handle.
  public let handle: FileHandle
  /// The first byte.
  public let offset: UInt64

  /// Makes a position.
  public init(node: NodeID, handle: FileHandle, offset: UInt64) {
    self.node = node
    self.handle = handle
    self.offset = offset
  }
}

/// What `statvfs(3)` tells about a file system.
public struct FileSystemStatistics: Hashable, Sendable {
  /// The unit of the block counts, in bytes.
  public var blockSize: UInt64
  /// All blocks.
  public var blocks: UInt64
  /// Free blocks.
  public var freeBlocks: UInt64
  /// Blocks free to those who are not root.
  public var availableBlocks: UInt64
  /// All inodes.
  public var files: UInt64
  /// Free inodes.
  public var freeFiles: UInt64
  /// The longest name in bytes.
  public var maximumNameLength: UInt64

  /// Makes statistics.
  public init(
    blockSize: UInt64, blocks: UInt64, freeBlocks: UInt64, availableBlocks: UInt64, files: UInt64, freeFiles: UInt64,
    maximumNameLength: UInt64 = 255
  ) {
    self.blockSize = blockSize
    self.blocks = blocks
    self.freeBlocks = freeBlocks
    self.availableBlocks = availableBlocks
    self.files = files
    self.freeFiles = freeFiles
    self.maximumNameLength = maximumNameLength
  }
}

extension FileSystemStatistics {
  var statvfs: Glibc.statvfs {
    var result = Glibc.statvfs()
    result.f_bsize = UInt(blockSize)
    result.f_frsize = UInt(blockSize)
    result.f_blocks = UInt(blocks)
    result.f_bfree = UInt(freeBlocks)
    result.f_bavail = UInt(availableBlocks)
    result.f_files = UInt(files)
    result.f_ffree = UInt(freeFiles)
    result.f_favail = UInt(freeFiles)
    result.f_namemax = UInt(maximumNameLength)
    return result
  }
}
