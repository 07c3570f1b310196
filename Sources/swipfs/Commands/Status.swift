import ArgumentParser
import Foundation
import IPFSMount

/// `swipfs status`: what is mounted, and how it goes there.
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Show what is mounted, and how it goes there.")

  @Argument(help: "A mount point; all without it.", completion: .directory)
  var mountPoint: String?

  @Flag(help: "Print JSON, an object a line.")
  var json = false

  func run() throws {
    let mounts: [MountedNode]
    if let mountPoint { mounts = [try .find(at: mountPoint)] } else { mounts = try MountedNode.all() }
    if mounts.isEmpty, !json { try Output.line("nothing is mounted") }
    for mount in mounts {
      guard !mount.isDisconnected, var status = ControlClient(repo: mount.repo).status() else {
        Terminal.error("\(mount.mountPoint): its process does not answer; `swipfs umount` removes the mount")
        continue
      }
      status.mountPoint = mount.mountPoint
      if json { try Output.write(unchanged: encode(status)) } else { try Output.lines(describe(status)) }
    }
  }

  private func encode(_ status: MountStatus) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(status), as: UTF8.self)
  }

  private func describe(_ status: MountStatus) -> String {
    """
    \(status.mountPoint): \(status.phase.rawValue)
      repo            \(status.repo)
      process         \(status.pid), for \(Int(exactly: status.uptime.rounded(.down)) ?? 0) s
      kernel knows    \(status.knownNodes) nodes
      open, to build  \(status.openFiles) files
      stored          \(status.blocksWritten) blocks, \(Sizes.bytes(status.bytesWritten))
      directories     \(status.directoryBlocksEncoded) blocks encoded
    """
  }
}
