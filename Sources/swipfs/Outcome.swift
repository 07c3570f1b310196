import Foundation
import IPFSMount
import Synchronization

/// Prints what a node answers, and keeps how it ended.
///
/// The lock guards the end.
final class Outcome: Sendable {
  private let json: Bool
  private let end = Mutex<NodeReply?>(nil)

  init(json: Bool) {
    self.json = json
  }

  func note(_ reply: NodeReply) {
    switch reply {
    case .progress(let text): Console.progress(text)
    case .line(let text):
      guard !json else { return }
      Console.endProgress()
      print(text)
    case .result(let text):
      guard json else { return }
      Console.endProgress()
      print(text)
    case .done, .failed: end.withLock { $0 = reply }
    }
  }

  /// Why it was not done; nil if it was.
  var failure: CommandError? {
    switch end.withLock({ $0 }) {
    case .done: nil
    case .failed(let code, let message): CommandError(IPFSMount.ExitCode(rawValue: code) ?? .system, message)
    default: CommandError(.system, "the process that has the repo ended before this was done")
    }
  }
}
