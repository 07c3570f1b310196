import Foundation
import Glibc

/// Talks to a running mount over the control socket in its repo.
public struct ControlClient: Sendable {
  private let repo: String

  /// Names the repo of the mount.
  public init(repo: String) {
    self.repo = repo
  }

  /// How the mount stands; nil where none runs.
  public func status() -> MountStatus? {
    var last: MountStatus?
    ask(ControlMessage(request: .status)) { last = $0 }
    return last
  }

  /// Asks the process that has the repo to mount it, and waits until that is done. Nil where none answers.
  package func mount(_ options: MountOptions) -> MountReply? {
    var reply: MountReply?
    ask(ControlMessage(request: .mount, arguments: options.request)) { reply = $0 }
    return reply
  }

  /// Unmounts and waits until all is committed.
  ///
  /// - Parameter progress: Called about five times a second.
  /// - Returns: The last word of the mount; nil where none runs.
  public func unmount(progress: (MountStatus) -> Void = { _ in }) -> MountStatus? {
    var last: MountStatus?
    ask(ControlMessage(request: .unmount)) { (status: MountStatus) in
      last = status
      progress(status)
    }
    return last
  }

  private func ask<Reply: Decodable>(_ message: ControlMessage, _ body: (Reply) -> Void) {
    guard let descriptor = ControlSocket.makeSocket() else { return }
    defer { close(descriptor) }
    guard ControlSocket.withAddress(in: repo, { connect(descriptor, $0, $1) }) == 0,
      ControlSocket.send(message, to: descriptor)
    else { return }
    for line in ControlLines(from: descriptor) {
      guard let reply = try? JSONDecoder().decode(Reply.self, from: line) else { return }
      body(reply)
    }
  }
}
