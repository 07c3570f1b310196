import Fuse
import IPFSFileSystem
import UnixFS

/// Reaches the kernel's cache through a session's notifications.
struct KernelNotifier: KernelCache {
  let notifications: Notifications

  func forget(_ name: EntryName, in directory: IPFSFileSystem.NodeID) {
    notifications.post(.name(name.bytes, in: Fuse.NodeID(rawValue: directory)))
  }

  func forgetNow(_ name: EntryName, in directory: IPFSFileSystem.NodeID) async {
    // A name the kernel does not know is forgotten.
    try? await notifications.deliver(.name(name.bytes, in: Fuse.NodeID(rawValue: directory)))
  }

  func writeBack(_ node: IPFSFileSystem.NodeID) async {
    // A node the kernel has dropped has no pages either.
    try? await notifications.deliver(.node(Fuse.NodeID(rawValue: node), .everything))
  }
}
