package import IPFSFileSystem
package import IPFSNode
package import UnixFS

/// Lets a mount see what others change in the tree of its node, and others what the mount has not told the node yet.
package final class MountObserver: TreeObserver {
  private let fileSystem: FileSystem

  /// Observes for a file system over the node's volume.
  package init(_ fileSystem: FileSystem) {
    self.fileSystem = fileSystem
  }

  package func settle(_ inode: InodeNumber) async throws {
    do throws(FileSystemError) {
      try await fileSystem.settle(inode)
    } catch {
      let code: NodeError.Code =
        switch error.code {
        case .notFound, .stale: .notFound
        case .noSpace: .noSpace
        case .corrupt: .corrupt
        default: .inputOutput
        }
      throw NodeError(code, error.description)
    }
  }

  package func note(_ changes: [TreeChange]) async {
    for change in changes {
      switch change {
      case .entry(let name, let directory): await fileSystem.noteChange(of: name, in: directory)
      case .attributes(let record): await fileSystem.noteAttributeChange(of: record)
      case .orphaned(let inodes):
        for inode in inodes { await fileSystem.noteRemoval(of: inode) }
      }
    }
  }
}
