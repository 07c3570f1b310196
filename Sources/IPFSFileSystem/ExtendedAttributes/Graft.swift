import IPLD
import Multiformats
import UnixFS

/// A tree by its CID, as nodes to be put into a volume's tree.
struct Graft {
  private(set) var nodes: [GraftedNode] = []
  private let volume: any Volume
  private let owner: Caller
  private let now: Timestamp

  init(volume: any Volume, owner: Caller) {
    self.volume = volume
    self.owner = owner
    now = .now
  }

  /// Adds all below a root.
  ///
  /// - Throws: As ``IPFSPath/resolve(in:)``.
  mutating func add(_ root: NodeSummary, as name: EntryName) async throws(FileSystemError) {
    do {
      append(root, name, parent: nil)
      var next = 0
      while next < nodes.count {
        if let directory = nodes[next].dag {
          for entry in try await DirectoryReader(source: volume).list(directory.cid) {
            append(try await volume.summary(of: entry.cid), entry.name, parent: next)
          }
        }
        next += 1
      }
    } catch {
      throw IPFSPath.error(error)
    }
  }

  private mutating func append(_ summary: NodeSummary, _ name: EntryName, parent: Int?) {
    let mode: UInt16 =
      switch summary.kind {
      case .file: 0o644
      case .directory: 0o755
      case .symlink: 0o777
      }
    let content: NodeContent =
      switch summary.kind {
      case .file: .file(FileContent(summary.root))
      case .directory: .directory(subdirectories: 0)
      case .symlink: .symlink(target: summary.target)
      }
    nodes.append(
      GraftedNode(
        parent: parent, name: name,
        attributes: Attributes(
          // Content that others made must not run with the rights of who links it, or of a directory's group.
          mode: summary.mode.map { $0 & 0o777 } ?? mode, uid: owner.uid, gid: owner.gid, mtime: summary.mtime ?? now,
          ctime: now),
        content: content, dag: summary.kind == .directory ? summary.root : nil))
  }
}
