public import IPLD
public import Multiformats

/// A tree by its CID, as nodes to be put into another tree.
public struct Graft: Sendable {
  /// Tells what a root is.
  public typealias Summary = @Sendable (CID) async throws -> NodeSummary

  /// The nodes, each after the directory that it is in.
  public private(set) var nodes: [GraftedNode] = []
  private let source: any BlockSource
  private let summary: Summary
  private let profile: ImportProfile
  private let uid: UInt32
  private let gid: UInt32
  private let now: Timestamp

  /// Begins a tree without a node.
  ///
  /// - Parameters:
  ///   - source: Where the blocks of directories come from.
  ///   - profile: How the other tree makes directories: one that was made otherwise keeps its form.
  ///   - uid: Who the nodes belong to.
  ///   - gid: Which group they belong to.
  ///   - now: The time of change of all, and of modification of those whose roots name none.
  ///   - summary: Tells what a root is.
  public init(
    source: any BlockSource, profile: ImportProfile, uid: UInt32, gid: UInt32, now: Timestamp,
    summary: @escaping Summary
  ) {
    self.source = source
    self.summary = summary
    self.profile = profile
    self.uid = uid
    self.gid = gid
    self.now = now
  }

  /// Adds a root and all below it.
  ///
  /// - Throws: ``UnixFSError``, or what the source throws.
  public mutating func add(_ root: NodeSummary, as name: EntryName) async throws {
    append(root, name, parent: nil)
    var next = 0
    while next < nodes.count {
      if let directory = nodes[next].dag {
        for entry in try await DirectoryReader(source: source).list(directory.cid) {
          append(try await summary(entry.cid), entry.name, parent: next)
        }
      }
      next += 1
    }
  }

  private mutating func append(_ summary: NodeSummary, _ name: EntryName, parent: Int?) {
    let content: NodeContent =
      switch summary.kind {
      case .file: .file(FileContent(summary.root))
      case .directory: .directory(subdirectories: 0)
      case .symlink: .symlink(target: summary.target)
      }
    let isDirectory = summary.kind == .directory
    nodes.append(
      GraftedNode(
        parent: parent, name: name,
        attributes: Attributes(
          // Content that others made must not run with the rights of who links it, or of a directory's group.
          mode: summary.mode.map { $0 & 0o777 } ?? summary.kind.standardMode, uid: uid, gid: gid,
          mtime: summary.mtime ?? now, ctime: now),
        content: content, dag: isDirectory ? summary.root : nil,
        form: isDirectory
          ? DirectoryForm(
            of: summary.root.cid,
            metadata: UnixFSMetadata(mode: summary.mode.map { UInt32($0) }, mtime: summary.mtime), unlike: profile)
          : nil))
  }
}

extension NodeKind {
  /// The permission bits of a node that nobody gave any.
  public var standardMode: UInt16 {
    switch self {
    case .file: 0o644
    case .directory: 0o755
    case .symlink: 0o777
    }
  }
}
