import Multiformats
import Synchronization
public import UnixFS

/// The node's tree by paths, as Kubo's `files` commands see it: what they read and change, with the DAGs that a path
/// has and the metadata that is stored in them.
///
/// A mount of the same node sees each change when the call returns, and its own changes are seen here: see
/// ``TreeObserver``. A file whose content changes is a new node in the place of the old one, put there in one step; who
/// has the old one open keeps it.
public final class FilesService: Sendable {
  let tree: MFS
  let blockstore: Blockstore
  let collector: Collector
  /// How files and directories become DAGs where nothing else is asked for.
  public let profile: ImportProfile
  /// Lets those who change one path wait for each other.
  let gates = PathGates()

  init(tree: MFS, blockstore: Blockstore, collector: Collector, profile: ImportProfile) {
    self.tree = tree
    self.blockstore = blockstore
    self.collector = collector
    self.profile = profile
  }

  // MARK: Finding

  /// The node at a path.
  ///
  /// - Throws: ``FilesError`` with `notFound`, or `notDirectory` for a path through a file; ``NodeError``.
  func lookup(_ path: TreePath) throws -> NodeRecord {
    try lookup(path.names[...])
  }

  private func lookup(_ names: ArraySlice<EntryName>) throws -> NodeRecord {
    var record = try tree.record(NodeRecord.root)
    for (index, name) in names.enumerated() {
      guard record.kind == .directory else {
        throw FilesError(.notDirectory, "cannot access \(TreePath.text(of: names.prefix(index + 1))): Not a directory")
      }
      guard let next = try find(name, in: record.inode) else { throw FilesError.notFound }
      record = next
    }
    return record
  }

  /// The node of a name in a directory that was just looked up.
  func find(_ name: EntryName, in directory: InodeNumber) throws -> NodeRecord? {
    do {
      return try tree.lookup(name, in: directory)
    } catch {
      // It was removed meanwhile.
      throw error.code == .notFound ? FilesError.notFound : error
    }
  }

  /// How often something is tried again that others came before.
  static let attempts = 1000

  /// Carries out what others may come before: anew where `body` says so by nil, or where a node is gone that it had found.
  /// Who looks again finds what took its place, or that nothing did.
  func retrying<Result>(_ path: TreePath, _ body: () async throws -> Result?) async throws -> Result {
    for _ in 0..<Self.attempts {
      try Task.checkCancellation()
      do {
        if let result = try await body() { return result }
      } catch let error as NodeError where error.code == .notFound {
        continue
      }
    }
    throw Self.busy(path)
  }

  static func busy(_ path: TreePath) -> FilesError { FilesError(.invalid, "\(path) changes too often") }

  /// The directory at a path.
  func directory(_ path: TreePath) throws -> NodeRecord {
    let record = try lookup(path)
    guard record.kind == .directory else {
      throw FilesError(.notDirectory, "\(TreePath(names: path.names, endsWithSlash: true)) is not a directory")
    }
    return record
  }

  /// The DAG of a node, as it is now also for whoever has it open for writing.
  func root(of record: NodeRecord) async throws -> DAGRoot {
    try await settle(record)
    return try await tree.dagRoot(of: record.inode)
  }

  /// Brings to the tree what a mount has of a file, or below a directory, and the tree has not.
  func settle(_ record: NodeRecord) async throws {
    guard record.kind != .symlink, let observer = tree.observer else { return }
    do {
      try await observer.settle(record.inode)
    } catch let error as NodeError where error.code == .notFound {
      // It was removed meanwhile; who asked finds out.
    }
  }

  // MARK: Telling

  /// Tells a mount what changed. Without one, nobody uses what has no name any more.
  func note(_ changes: [TreeChange]) async {
    if let observer = tree.observer { return await observer.note(changes) }
    for case .orphaned(let inodes) in changes {
      for inode in inodes { tree.forget(inode) }
    }
  }
}
