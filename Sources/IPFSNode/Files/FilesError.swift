/// Why a path of the tree could not be used as it was to be. The messages are Kubo's, for its clients tell errors by
/// them.
public struct FilesError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Hashable, Sendable {
    /// The path is none.
    case invalidPath
    /// Nothing is there.
    case notFound
    /// Something is there.
    case exists
    /// A directory was needed.
    case notDirectory
    /// A file was needed.
    case notFile
    /// What is there, or would be, is not supported.
    case unsupported
    /// The call makes no sense.
    case invalid
  }

  /// The kind of failure.
  public let code: Code
  /// What happened.
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }

  static let notFound = FilesError(.notFound, "file does not exist")
  static let exists = FilesError(.exists, "file already exists")
  static let entryExists = FilesError(.exists, "directory already has entry by that name")
  static let symlink = FilesError(.unsupported, "symlinks not yet supported")

  static func notFile(_ path: TreePath) -> FilesError { FilesError(.notFile, "\(path) was not a file") }
}
