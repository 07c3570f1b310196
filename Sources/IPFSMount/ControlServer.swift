import Foundation
import Glibc
import Synchronization

/// Answers `swipfs status`, `swipfs umount` and other mounts of a repo while a process has it. Only the repo's owner can
/// connect: the socket and its folder are theirs.
///
/// The lock guards whether it listens, and how many wait for the end of the mount.
package final class ControlServer: Sendable {
  private let folder: String
  private let descriptor: CInt
  private let status: @Sendable () -> MountStatus
  private let unmount: @Sendable () -> @Sendable () -> MountStatus
  private let mount: Mounting
  private let state = Mutex((isOpen: true, waiting: 0))

  /// Mounts as well what the options say, or tells how the caller may. The other parameter tells whether that still waits.
  package typealias Mounting = @Sendable (MountOptions, @escaping @Sendable () -> Bool) async -> MountReply

  /// Begins to listen in the repo's folder.
  ///
  /// - Parameters:
  ///   - status: How the mount stands.
  ///   - unmount: Begins to end the mount; returns at once what tells how that goes.
  ///   - mount: Answers who wants the repo mounted.
  package init(
    folder: String, status: @escaping @Sendable () -> MountStatus,
    unmount: @escaping @Sendable () -> @Sendable () -> MountStatus,
    mount: @escaping Mounting
  ) throws(CommandError) {
    self.folder = folder
    self.status = status
    self.unmount = unmount
    self.mount = mount
    // What a killed process left is in the way; a live one would hold the repo's lock.
    unlink("\(folder)/\(ControlSocket.name)")
    guard let descriptor = ControlSocket.makeSocket() else { throw Self.failed("make") }
    self.descriptor = descriptor
    let mask = umask(0o177)
    let bound = ControlSocket.withAddress(in: folder) { bind(descriptor, $0, $1) }
    umask(mask)
    guard bound == 0, listen(descriptor, 16) == 0 else {
      close(descriptor)
      throw Self.failed("open")
    }
    Thread.detachNewThread { self.accept() }
  }

  /// Stops listening and takes the socket away. Those who wait for an unmount are still told how it goes on.
  package func stop() {
    state.withLock { state in
      guard state.isOpen else { return }
      state.isOpen = false
      unlink("\(folder)/\(ControlSocket.name)")
      shutdown(descriptor, CInt(SHUT_RDWR))
    }
  }

  /// Returns when nobody waits for the end of the mount any more, who would not be told it once the process is gone; for
  /// the slow, after a second.
  package func waitForThoseWhoWait() async {
    for _ in 0..<200 where state.withLock({ $0.waiting }) > 0 { try? await Task.sleep(for: .milliseconds(5)) }
  }

  private func accept() {
    while true {
      let client = Glibc.accept(descriptor, nil, nil)
      guard client >= 0 else {
        if errno == EINTR || errno == ECONNABORTED { continue }
        guard state.withLock({ $0.isOpen }) else { break }
        // Out of descriptors, perhaps: it passes.
        usleep(100_000)
        continue
      }
      _ = fcntl(client, F_SETFD, FD_CLOEXEC)
      Thread.detachNewThread { self.serve(client) }
    }
    close(descriptor)
  }

  private func serve(_ client: CInt) {
    var isKept = false
    defer { if !isKept { close(client) } }
    var lines = ControlLines(from: client, limit: 64 << 10)
    guard let line = lines.next(), let message = ControlMessage(line: line) else { return }
    switch message.request {
    case .status:
      _ = ControlSocket.send(status(), to: client)
    case .unmount:
      state.withLock { $0.waiting += 1 }
      defer { state.withLock { $0.waiting -= 1 } }
      let status = unmount()
      for round in 0... {
        let status = status()
        let hasEnded = status.phase == .ended
        // Five times a second is often enough to be told, but the end is told at once.
        if hasEnded || round % 20 == 0 { guard ControlSocket.send(status, to: client), !hasEnded else { return } }
        usleep(10_000)
      }
    case .mount:
      do throws(CommandError) {
        let options = try MountOptions(arguments: message.arguments ?? [], isCalledByMount: false)
        // This thread ends, and whoever has mounted answers.
        isKept = true
        Task { [mount] in
          _ = ControlSocket.send(await mount(options, { ControlSocket.isWaiting(client) }), to: client)
          close(client)
        }
      } catch {
        _ = ControlSocket.send(MountReply.refused(exitCode: error.exitCode.rawValue, error.description), to: client)
      }
    }
  }

  private static func failed(_ what: String) -> CommandError {
    CommandError(.system, "cannot \(what) the control socket: \(String(cString: strerror(errno)))")
  }
}
