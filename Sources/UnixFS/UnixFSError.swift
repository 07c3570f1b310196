public import Multiformats

/// Why a UnixFS DAG cannot be read or written.
public struct UnixFSError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Hashable, Sendable {
    /// A block is no UnixFS node, or contradicts itself or its parent.
    case malformed
    /// A DAG is deeper than any that is built.
    case tooDeep
    /// A node is of another kind than was asked for: a directory where a file should be.
    case wrongKind
    /// A node of a codec, hash function or kind that this package does not read.
    case unsupported
    /// The base DAG is not what the profile's layout builds.
    case shapeMismatch
    /// Edits that contradict themselves or their base.
    case invalidEdits
    /// Two entries of a directory have one name.
    case duplicateName
    /// Options outside what can be built.
    case invalidProfile
  }

  /// The kind of failure.
  public let code: Code
  /// The block where it was found, if it was in one.
  public let cid: CID?
  /// What was found, for people.
  public let message: String
  /// The error of the layer below.
  public let cause: (any Error)?

  /// Makes an error.
  public init(_ code: Code, _ message: String, cid: CID? = nil, cause: (any Error)? = nil) {
    self.code = code
    self.cid = cid
    self.message = message
    self.cause = cause
  }

  /// The message, and the block where there is one.
  public var description: String {
    cid.map { "\(message) (block \($0))" } ?? message
  }

  /// The same error, said of a block.
  func at(_ cid: CID) -> UnixFSError {
    UnixFSError(code, message, cid: cid, cause: cause)
  }
}
