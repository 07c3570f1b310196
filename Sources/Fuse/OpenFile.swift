internal import CFuse3
internal import Glibc

/// The flags of `open(2)` as the kernel passes them on.
public struct OpenFlags: OptionSet, Hashable, Sendable {
  /// The bits of `fcntl.h`.
  public let rawValue: Int32

  /// Wraps bits of `fcntl.h`.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// `O_APPEND`. The kernel places the writes itself.
  public static let append = OpenFlags(rawValue: O_APPEND)
  /// `O_TRUNC`: to open the file also empties it.
  public static let truncate = OpenFlags(rawValue: O_TRUNC)
  /// `O_EXCL`.
  public static let exclusive = OpenFlags(rawValue: O_EXCL)
  /// `O_DIRECT`: around the page cache.
  public static let direct = OpenFlags(rawValue: cfuse_o_direct)

  /// Whether the file is open for reading.
  public var reads: Bool { rawValue & O_ACCMODE != O_WRONLY }
  /// Whether the file is open for writing.
  public var writes: Bool { rawValue & O_ACCMODE != O_RDONLY }
}

/// The answer to an open: the handle, and how the kernel is to treat the file.
public struct OpenFile: Hashable, Sendable {
  /// How the kernel is to treat an open file or directory.
  public struct Options: OptionSet, Hashable, Sendable {
    /// The bits, in the order of the constants below.
    public let rawValue: UInt8

    /// Wraps bits.
    public init(rawValue: UInt8) {
      self.rawValue = rawValue
    }

    /// Pages that the kernel has of this file stay valid.
    public static let keepCache = Options(rawValue: 1 << 0)
    /// Reads and writes go around the page cache.
    public static let directIO = Options(rawValue: 1 << 1)
    /// The file has no positions.
    public static let nonSeekable = Options(rawValue: 1 << 2)
    /// Closing sends no flush (which with the writeback cache it always does).
    public static let noFlush = Options(rawValue: 1 << 3)
    /// The kernel may keep what reading this directory gave.
    public static let cacheDirectory = Options(rawValue: 1 << 4)
  }

  /// The handle that comes back with each operation on the open file.
  public var handle: FileHandle
  /// How the kernel is to treat it.
  public var options: Options

  /// Pairs a handle with options.
  public init(handle: FileHandle, options: Options = []) {
    self.handle = handle
    self.options = options
  }
}

extension OpenFile {
  var info: fuse_file_info {
    var result = fuse_file_info()
    result.fh = handle.rawValue
    result.keep_cache = options.contains(.keepCache) ? 1 : 0
    result.direct_io = options.contains(.directIO) ? 1 : 0
    result.nonseekable = options.contains(.nonSeekable) ? 1 : 0
    result.noflush = options.contains(.noFlush) ? 1 : 0
    result.cache_readdir = options.contains(.cacheDirectory) ? 1 : 0
    return result
  }
}
