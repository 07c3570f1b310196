/// Why a file system could not be mounted, served or sent to the background.
public struct FuseError: Error, Hashable, Sendable {
  /// What kind of failure it is.
  public struct Code: Hashable, Sendable, CustomStringConvertible {
    private enum Kind: String {
      case invalidOptions, deviceMissing, mountPointMissing, mountPointNotDirectory, mountPointBusy
      case mountPointDisconnected, notPermitted, mountFailed, systemCallFailed
    }

    private let kind: Kind

    /// libfuse or the kernel does not know a mount option.
    public static let invalidOptions = Code(kind: .invalidOptions)
    /// There is no usable `/dev/fuse`.
    public static let deviceMissing = Code(kind: .deviceMissing)
    /// The mount point does not exist.
    public static let mountPointMissing = Code(kind: .mountPointMissing)
    /// The mount point is no directory.
    public static let mountPointNotDirectory = Code(kind: .mountPointNotDirectory)
    /// Something is mounted there already.
    public static let mountPointBusy = Code(kind: .mountPointBusy)
    /// A file system is mounted there whose process is gone: see ``StaleMount``.
    public static let mountPointDisconnected = Code(kind: .mountPointDisconnected)
    /// The user may not mount, or not there.
    public static let notPermitted = Code(kind: .notPermitted)
    /// Mounting failed otherwise.
    public static let mountFailed = Code(kind: .mountFailed)
    /// A system call failed.
    public static let systemCallFailed = Code(kind: .systemCallFailed)

    /// The code's name.
    public var description: String { kind.rawValue }
  }

  /// What kind of failure it is.
  public let code: Code
  /// One line that says what failed.
  public let message: String
  /// The system's error behind it.
  public let cause: Errno?

  /// Makes an error.
  public init(_ code: Code, _ message: String, cause: Errno? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }
}

extension FuseError: CustomStringConvertible {
  /// The message and the system's words for the cause.
  public var description: String { cause.map { "\(message): \($0)" } ?? message }
}
