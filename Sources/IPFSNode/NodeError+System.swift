import GRDB
import Glibc
import IPLD

extension NodeError {
  /// The error of a system call that failed just now, by `errno`.
  static func system(_ call: String, _ path: String, errno number: Int32 = errno) -> NodeError {
    let code: Code =
      switch number {
      case ENOSPC, EDQUOT: .noSpace
      case ENOENT: .notFound
      default: .inputOutput
      }
    return NodeError(code, "\(call) \(path): \(String(cString: strerror(number)))")
  }

  /// The error of an operation on the database.
  static func database(_ error: any Error) -> NodeError {
    if let error = error as? NodeError { return error }
    if error is RowDecodingError { return NodeError(.corrupt, "the repo's database is damaged", cause: error) }
    guard let error = error as? DatabaseError else {
      return NodeError(.inputOutput, "the repo's database failed", cause: error)
    }
    switch error.resultCode.primaryResultCode {
    case .SQLITE_FULL:
      return NodeError(.noSpace, "no space left for the repo's database", cause: error)
    case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE:
      // The index of the write-ahead log could not grow; that is how a full disk shows there.
      return NodeError(.noSpace, "no space left for the repo's database", cause: error)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      return NodeError(.corrupt, "the repo's database is damaged", cause: error)
    default:
      return NodeError(.inputOutput, "the repo's database failed", cause: error)
    }
  }

  /// The error of an operation on blocks.
  static func block(_ error: any Error) -> NodeError {
    if let error = error as? NodeError { return error }
    guard let error = error as? BlockError else {
      return NodeError(.inputOutput, "a DAG could not be built", cause: error)
    }
    switch error.code {
    case .noSpace: return NodeError(.noSpace, error.message, cause: error.cause)
    case .corrupt: return NodeError(.corrupt, error.message, cause: error.cause)
    default: return NodeError(.inputOutput, error.message, cause: error.cause)
    }
  }
}
