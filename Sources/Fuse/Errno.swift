internal import Glibc

/// An error number of the operating system: what an operation answers when it fails.
///
/// The constants have the names of `errno(3)`; every other number is reached through ``init(rawValue:)``.
public struct Errno: Error, RawRepresentable, Hashable, Sendable {
  /// The number as in `errno.h`, positive.
  public let rawValue: Int32

  /// Wraps a positive number of `errno.h`.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// The calling thread's `errno`.
  package static var current: Errno { Errno(rawValue: errno) }
}

extension Errno: CustomStringConvertible {
  /// The C library's text for the number.
  public var description: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
      guard let text = buffer.baseAddress, strerror_r(rawValue, text, buffer.count) == 0 else {
        return "error \(rawValue)"
      }
      return String(cString: text)
    }
  }
}

extension Errno {
  /// Not permitted.
  public static let notPermitted = Errno(rawValue: EPERM)
  /// No such file or directory.
  public static let noEntry = Errno(rawValue: ENOENT)
  /// The call was interrupted.
  public static let interrupted = Errno(rawValue: EINTR)
  /// Input or output failed.
  public static let inputOutput = Errno(rawValue: EIO)
  /// The descriptor or handle is not valid.
  public static let badHandle = Errno(rawValue: EBADF)
  /// Try again later.
  public static let tryAgain = Errno(rawValue: EAGAIN)
  /// Out of memory.
  public static let noMemory = Errno(rawValue: ENOMEM)
  /// Permission denied.
  public static let accessDenied = Errno(rawValue: EACCES)
  /// The resource is busy.
  public static let busy = Errno(rawValue: EBUSY)
  /// The name exists already.
  public static let exists = Errno(rawValue: EEXIST)
  /// The link would cross file systems.
  public static let crossDevice = Errno(rawValue: EXDEV)
  /// Not a directory.
  public static let notDirectory = Errno(rawValue: ENOTDIR)
  /// Is a directory.
  public static let isDirectory = Errno(rawValue: EISDIR)
  /// The argument is not valid.
  public static let invalid = Errno(rawValue: EINVAL)
  /// The file is too large.
  public static let fileTooLarge = Errno(rawValue: EFBIG)
  /// No space is left.
  public static let noSpace = Errno(rawValue: ENOSPC)
  /// The file system is read-only.
  public static let readOnly = Errno(rawValue: EROFS)
  /// Too many links.
  public static let tooManyLinks = Errno(rawValue: EMLINK)
  /// The result does not fit.
  public static let outOfRange = Errno(rawValue: ERANGE)
  /// The name is too long.
  public static let nameTooLong = Errno(rawValue: ENAMETOOLONG)
  /// The operation is not implemented. For several operations the kernel remembers it and never asks again.
  public static let notImplemented = Errno(rawValue: ENOSYS)
  /// The directory is not empty.
  public static let notEmpty = Errno(rawValue: ENOTEMPTY)
  /// There is no such extended attribute.
  public static let noAttribute = Errno(rawValue: ENODATA)
  /// The argument list, or an extended attribute's value, is too long.
  public static let tooBig = Errno(rawValue: E2BIG)
  /// The operation is not supported here.
  public static let notSupported = Errno(rawValue: EOPNOTSUPP)
  /// The handle's object is gone.
  public static let stale = Errno(rawValue: ESTALE)
  /// The quota is used up.
  public static let quotaExceeded = Errno(rawValue: EDQUOT)
  /// The wait took too long.
  public static let timedOut = Errno(rawValue: ETIMEDOUT)
}
