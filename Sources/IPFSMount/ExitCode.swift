/// How `mount.swipfs` and `swipfs` end. The numbers are those of mount(8) where it has one.
public enum ExitCode: Int32, Sendable, CaseIterable {
  /// Done.
  case success = 0
  /// The command line is wrong: an unknown option, a value that makes no sense.
  case usage = 1
  /// The system lacks something: no /dev/fuse, a failed system call.
  case system = 2
  /// The repo cannot be used: held by another process, made by a newer version, damaged.
  case repo = 3
  /// Something is wrong with the data: `repo verify` found damage, or a file could not be committed at the end.
  case data = 4
  /// The node could not be reached, did not answer in time, or does not let this user in.
  case node = 5
  /// The node answered that it cannot do it: no such path, a name that is taken, a block that it does not have.
  case refused = 6
  /// The mount point is missing, is no directory, is busy, or may not be mounted on.
  case mount = 32
}

/// Why a command failed: one line for the user, and how to end.
public struct CommandError: Error, Sendable, CustomStringConvertible {
  /// How the process ends.
  public let exitCode: ExitCode
  /// What is wrong and, where there is something, what to do.
  public let description: String

  /// Makes an error.
  public init(_ exitCode: ExitCode, _ description: String) {
    self.exitCode = exitCode
    self.description = description
  }
}
