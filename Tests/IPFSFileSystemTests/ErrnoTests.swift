import Glibc
import IPFSFileSystem
import IPLD
import Multiformats
import Testing
import UnixFS

/// What a program sees of each failure.
@Suite struct ErrnoTests {
  private static func documented(_ code: FileSystemError.Code) -> CInt {
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
    case .corrupt: EIO
    case .inputOutput: EIO
    }
  }

  @Test(arguments: FileSystemError.Code.allCases)
  func everyCodeHasItsErrno(code: FileSystemError.Code) {
    #expect(FileSystemError(code).errno == Self.documented(code))
  }

  private static let cid = [UInt8]("block".utf8).withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }

  @Test(
    arguments: [
      (.notFound, EIO), (.corrupt, EIO), (.outOfRange, EIO), (.noSpace, ENOSPC), (.unsupported, EIO),
      (.inputOutput, EIO),
    ] as [(BlockError.Code, CInt)])
  func aBlockErrorKeepsItsMeaning(code: BlockError.Code, expected: CInt) {
    let error = BlockError(code, Self.cid, "trouble")
    #expect(FileSystemError(error).errno == expected)
    #expect(FileSystemError(error).cid == Self.cid)
    // Also where a codec met it.
    let wrapped = UnixFSError(.malformed, "an inner node", cause: error)
    #expect(FileSystemError(wrapped).errno == expected)
    #expect(FileSystemError(wrapped).cid == Self.cid)
  }

  @Test func otherErrorsAreClassified() {
    #expect(FileSystemError(UnixFSError(.tooDeep, "64 levels", cid: Self.cid)).code == .corrupt)
    #expect(FileSystemError(CancellationError()).code == .interrupted)
    let kept = FileSystemError(.readOnly, "a snapshot")
    #expect(FileSystemError(kept as any Error).code == .readOnly)
    struct Unknown: Error {}
    #expect(FileSystemError(Unknown()).code == .inputOutput)
  }
}
