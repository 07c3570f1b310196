import Glibc

extension FileSystemError {
  /// The errno that a program sees. This table is the only one.
  public var errno: CInt {
    switch code {
    case .notFound: ENOENT
    case .exists: EEXIST
    case .notDirectory: ENOTDIR
    case .isDirectory: EISDIR
    case .notEmpty: ENOTEMPTY
    case .invalidArgument: EINVAL
    case .nameTooLong: ENAMETOOLONG
    case .notPermitted: EPERM
    case .accessDenied: EACCES
    case .noSpace: ENOSPC
    case .fileTooLarge: EFBIG
    case .readOnly: EROFS
    case .crossDevice: EXDEV
    case .noAttribute: ENODATA
    case .attributeTooLarge: E2BIG
    case .resultTooLarge: ERANGE
    case .notSupported: EOPNOTSUPP
    case .notImplemented: ENOSYS
    case .interrupted: EINTR
    case .timedOut: ETIMEDOUT
    case .stale: ESTALE
    case .noSuchOffset: ENXIO
    case .corrupt, .inputOutput: EIO
    }
  }

  /// The failure of a system call, by the errno it left.
  init(systemCall name: StaticString, errno code: CInt) {
    let kind: Code =
      switch code {
      case ENOSPC, EDQUOT: .noSpace
      case EFBIG: .fileTooLarge
      case EROFS: .readOnly
      case EINTR: .interrupted
      default: .inputOutput
      }
    self.init(kind, "\(name): \(String(cString: strerror(code)))")
  }
}
