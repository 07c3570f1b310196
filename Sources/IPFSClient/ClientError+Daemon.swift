extension ClientError {
  /// What an error of the daemon means, as far as its message tells: the daemon gives no codes.
  public enum Reason: Hashable, Sendable {
    /// The path, link, block or key is not there.
    case notFound
    /// Something of that name is there already.
    case alreadyExists
    /// A path leads through something that is no directory.
    case notADirectory
    /// A directory where a file was expected.
    case isADirectory
    /// Content that is not in the daemon's store while it may not ask others.
    case notLocal
    /// It is not pinned, or only through another pin.
    case notPinned
    /// The daemon's own time limit has passed.
    case deadlineExceeded
    /// The command has been removed from the daemon.
    case removedCommand
    /// The daemon has no such command.
    case unknownCommand
    /// The peer or name could not be found.
    case routingNotFound
  }

  /// What the daemon's message means; nil if it is none of those that are known, or no message of the daemon.
  ///
  /// Messages as of Kubo 0.42.
  public var reason: Reason? {
    guard code.isStatusError else { return nil }
    if status == 404, code == .status { return .unknownCommand }
    return Self.messages.first { message.contains($0.text) }?.reason
  }

  /// Texts of Kubo's messages, the more special ones first. They are matched nowhere else.
  private static let messages: [(text: String, reason: Reason)] = [
    ("block was not found locally (offline)", .notLocal),
    ("removed, use", .removedCommand),
    ("context deadline exceeded", .deadlineExceeded),
    ("Not a directory", .notADirectory),
    ("not a directory", .notADirectory),
    ("this dag node is a directory", .isADirectory),
    ("path is a directory", .isADirectory),
    ("not a file", .isADirectory),
    ("directory already has entry by that name", .alreadyExists),
    ("file already exists", .alreadyExists),
    ("Already exists", .alreadyExists),
    ("already exists", .alreadyExists),
    ("file does not exist", .notFound),
    ("no link named", .notFound),
    ("no link by that name", .notFound),
    ("ipld: could not find", .notFound),
    ("failed to get config value", .notFound),
    ("was found", .notFound),
    ("key not found", .notFound),
    ("is not pinned", .notPinned),
    ("not pinned or pinned indirectly", .notPinned),
    ("routing: not found", .routingNotFound),
    ("could not resolve name", .routingNotFound),
  ]
}
