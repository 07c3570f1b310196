import IPLD
public import Multiformats
import UnixFS

/// Why a file system call failed: a code that has an errno, and words for the operator.
public struct FileSystemError: Error, Sendable {
  /// Kinds of failure. Each has one errno, see ``FileSystemError/errno``.
  public enum Code: Sendable, Hashable, CaseIterable {
    case notFound
    case exists
    case notDirectory
    case isDirectory
    case notEmpty
    case invalidArgument
    case nameTooLong
    case notPermitted
    case accessDenied
    case noSpace
    case fileTooLarge
    case readOnly
    case crossDevice
    case noAttribute
    case attributeTooLarge
    case resultTooLarge
    case notSupported
    case notImplemented
    case interrupted
    case timedOut
    case stale
    /// No data, or no byte at all, at or after the offset that `lseek` was given.
    case noSuchOffset
    /// A block that is missing or whose bytes do not match its CID.
    case corrupt
    /// The store or its disk failed.
    case inputOutput
  }

  /// What went wrong.
  public var code: Code
  /// What an operator should know beyond the code.
  public var message: String
  /// The block that is to blame.
  public var cid: CID?

  /// Makes an error.
  public init(_ code: Code, _ message: String = "", cid: CID? = nil) {
    self.code = code
    self.message = message
    self.cid = cid
  }
}

extension FileSystemError {
  /// Classifies whatever a block store or a codec threw.
  public init(_ error: any Error) {
    switch error {
    case let error as FileSystemError: self = error
    case let error as BlockError: self.init(error)
    case let error as UnixFSError: self.init(error)
    case is CancellationError: self.init(.interrupted)
    default: self.init(.inputOutput, String(describing: error))
    }
  }
}

extension FileSystemError {
  private init(_ error: BlockError) {
    let code: Code =
      switch error.code {
      case .notFound, .corrupt, .outOfRange: .corrupt
      case .noSpace: .noSpace
      case .unsupported, .inputOutput: .inputOutput
      }
    self.init(code, error.message, cid: error.cid)
  }

  private init(_ error: UnixFSError) {
    // What a block store threw lies beneath.
    if let cause = error.cause as? BlockError {
      self.init(cause)
    } else {
      self.init(.corrupt, error.message, cid: error.cid)
    }
  }
}

extension FileSystemError: CustomStringConvertible {
  /// The code, the message and the block.
  public var description: String {
    var text = message.isEmpty ? "\(code)" : "\(code): \(message)"
    if let cid { text += " (\(cid))" }
    return text
  }
}
