import Fuse
import IPFSFileSystem
import UnixFS

/// Reaches the kernel's cache through a session's notifications.
struct KernelNotifier: KernelCache {
  let notifications: Notifications

  func forget(_ name: EntryName, in directory: IPFSFileSystem.NodeID) {
    notifications.post(.name(name.bytes, in: Fuse.NodeID(rawValue: directory)))
  }

  /// For how long a name is waited for. Whoever has the directory locked may wait in turn for the file that the call is
  /// about, as `unlink` does.
  private static let patience = Duration.seconds(1)

  func forgetNow(_ name: EntryName, in directory: IPFSFileSystem.NodeID) async {
    await notifications.deliver(.name(name.bytes, in: Fuse.NodeID(rawValue: directory)), within: Self.patience)
  }

  func forgetAttributes(of node: IPFSFileSystem.NodeID) async {
    try? await notifications.deliver(.node(Fuse.NodeID(rawValue: node), .attributes))
  }

  func writeBack(_ node: IPFSFileSystem.NodeID) async {
    // A node the kernel has dropped has no pages either.
    try? await notifications.deliver(.node(Fuse.NodeID(rawValue: node), .everything))
  }
}
