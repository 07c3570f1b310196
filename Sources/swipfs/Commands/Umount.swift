import ArgumentParser
import CLinux
import Foundation
import IPFSMount

/// `swipfs umount`: unlike umount(8), it returns when everything is committed. Where the same mount is at other places as
/// well, it lives on there.
struct Umount: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Unmount, and wait until everything that was written is committed.")

  @Argument(help: "The mount point.", completion: .directory)
  var mountPoint: String

  func run() throws {
    let mount = try MountedNode.find(at: mountPoint)
    // The process that has the repo now may be another one.
    if mount.isDisconnected { return try mount.detach() }
    let wasShared = try mount.detachIfShared()
    if try wasShared && mount.hasOtherPlaces { return }
    // The last of several, which go at the same time, waits like the only one.
    let last = ControlClient(repo: mount.repo).unmount { status in
      Terminal.show(status: "\(status.phase == .ended ? "done" : "committing") (\(status.openFiles) files left)")
    }
    Terminal.clearStatus()
    if let last {
      if let failure = last.failure { throw CommandError(.data, failure) }
      if last.phase != .ended { try checkThatItEnded(mount) }
      if last.outlivesMount != true { waitForExit(of: last.pid) }
    } else if !wasShared {
      // Nobody answers: the process was killed, and what is mounted is only a shell.
      try mount.detach()
    }
  }

  /// All is committed by now; the process has only to go, so that a script finds it gone.
  private func waitForExit(of process: Int32) {
    // A process that has ended exists until its parent looks, which kill(2) does not tell.
    let descriptor = pidfd_open(process, 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var end = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&end, 1, 2000)
  }

  private func checkThatItEnded(_ mount: MountedNode) throws(CommandError) {
    if let status = ControlClient(repo: mount.repo).status() {
      throw CommandError(.system, "process \(status.pid) was cut off while \(status.phase.rawValue)")
    }
  }
}
