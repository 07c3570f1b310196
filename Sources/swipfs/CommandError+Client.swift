import Foundation
import IPFSClient
import IPFSMount
import IPFSNode

extension CommandError {
  /// What an error is to whoever called the command: a line that says what to do, and the exit code.
  ///
  /// - Returns: Errors that are not for people (a cancelled task, a reader that has gone) as they are.
  static func make(of error: any Error, at place: NodePlace) -> any Error {
    switch error {
    case let error as ClientError: CommandError(error, at: place)
    case let error as NodeError: CommandError(.repo, error.description)
    case is CommandError, is CancellationError, is Output.Closed: error
    default: error
    }
  }

  private init(_ error: ClientError, at place: NodePlace) {
    switch error.code {
    case .connection:
      self.init(.node, "the node does not answer (\(error.message)): \(place.remedy)")
    case .timeout:
      self.init(.node, "the node did not answer in time: allow more with --timeout, or look whether it is busy")
    case .address: self.init(.usage, error.message)
    case .versionMismatch, .protocol:
      self.init(.node, "what answers is no IPFS daemon that this program knows (\(error.message)): \(place.remedy)")
    case .encoding, .decoding, .encoderMissing:
      // Local files that cannot be read or written, for the most part. What this program sends has such errors already.
      if let cause = error.cause as? CommandError {
        self = cause
      } else {
        self.init(error.cause is POSIXError ? .system : .data, error.message)
      }
    default: self.init(answer: error)
    }
  }

  /// An error that the node answered with.
  private init(answer error: ClientError) {
    if error.status == 403 {
      self.init(.node, "the node lets only those in who have a secret: give a file that has it with --api-auth")
    } else if error.reason == .unknownCommand || error.reason == .removedCommand {
      self.init(.node, "the node has no command \(error.command ?? ""): another version or kind of node may")
    } else if error.reason == .deadlineExceeded {
      self.init(.node, "\(error.message): allow more time with --timeout")
    } else {
      let hint = error.reason.flatMap { Self.hints[$0] }
      self.init(.refused, error.message + (hint.map { " (\($0))" } ?? ""))
    }
  }

  private static let hints: [ClientError.Reason: String] = [
    .notLocal: "the node does not have it: bring it with `swipfs dag import`, or ask a node that has it with --api",
    .notPinned: "`swipfs pin ls` shows what is pinned",
    .isADirectory: "`swipfs ls` shows a directory, `swipfs get` saves one",
    .routingNotFound: "`swipfs key list` shows this node's names",
  ]
}
