internal import Glibc

/// A point in time with nanoseconds, as `struct timespec`.
public struct Timestamp: Hashable, Sendable, Comparable {
  /// Seconds since 1970-01-01T00:00:00Z, negative before.
  public var seconds: Int64
  /// Nanoseconds on top, 0 to 999,999,999.
  public var nanoseconds: UInt32

  /// Makes a point in time of its parts.
  public init(seconds: Int64, nanoseconds: UInt32 = 0) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }

  /// Orders by time.
  public static func < (left: Timestamp, right: Timestamp) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}

extension Timestamp {
  /// The time now.
  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
  }
}

/// What kind of node an entry is. Raw values are stored in the repo.
public enum NodeKind: UInt8, Sendable, Hashable {
  case file = 1
  case directory = 2
  case symlink = 3
}

/// Attributes of a node beside its content: those that `chmod`, `chown` and `utimensat` set.
public struct Attributes: Hashable, Sendable {
  /// Permission bits with setuid, setgid and sticky: the lower 12 bits of `st_mode`.
  public var mode: UInt16
  /// The owner's user id.
  public var uid: UInt32
  /// The owning group's id.
  public var gid: UInt32
  /// When the content was last modified.
  public var mtime: Timestamp
  /// When attributes or content last changed.
  public var ctime: Timestamp

  /// Makes attributes of their values.
  public init(mode: UInt16, uid: UInt32, gid: UInt32, mtime: Timestamp, ctime: Timestamp) {
    self.mode = mode
    self.uid = uid
    self.gid = gid
    self.mtime = mtime
    self.ctime = ctime
  }
}
