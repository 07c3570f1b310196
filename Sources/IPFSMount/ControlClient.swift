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
    ask(.status) { last = $0 }
    return last
  }

  /// Unmounts and waits until all is committed.
  ///
  /// - Parameter progress: Called about five times a second.
  /// - Returns: The last word of the mount; nil where none runs.
  public func unmount(progress: (MountStatus) -> Void = { _ in }) -> MountStatus? {
    var last: MountStatus?
    ask(.unmount) { status in
      last = status
      progress(status)
    }
    return last
  }

  private func ask(_ request: ControlRequest, _ body: (MountStatus) -> Void) {
    guard let descriptor = ControlSocket.makeSocket() else { return }
    defer { close(descriptor) }
    guard ControlSocket.withAddress(in: repo, { connect(descriptor, $0, $1) }) == 0,
      ControlSocket.send(ControlMessage(request: request), to: descriptor)
    else { return }
    for line in ControlLines(from: descriptor) {
      guard let status = try? JSONDecoder().decode(MountStatus.self, from: line) else { return }
      body(status)
    }
  }
}
