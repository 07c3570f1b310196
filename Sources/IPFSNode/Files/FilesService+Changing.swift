public import Multiformats
public import UnixFS

extension FilesService {
  /// Makes a directory.
  ///
  /// - Parameters:
  ///   - path: Where.
  ///   - parents: Whether those on the way are made too, and one that is there is no error.
  ///   - form: What its DAG, and the DAGs of those on the way, have of their own. Metadata is that of the last one.
  /// - Throws: ``FilesError``, ``NodeError``.
  public func makeDirectory(
    _ path: TreePath, parents: Bool = false, form: DirectoryForm = DirectoryForm()
  ) async throws {
    guard let name = path.name else {
      if parents { return }
      throw FilesError(.exists, "cannot create directory '/': Already exists")
    }
    var formOnTheWay = form
    formOnTheWay.metadata = UnixFSMetadata()
    var directory = try tree.record(NodeRecord.root)
    for (index, name) in path.names.dropLast().enumerated() {
      if let next = try find(name, in: directory.inode) {
        directory = next
      } else if parents {
        directory = try await makeDirectory(name, in: directory, formOnTheWay, acceptsOld: true)
      } else {
        throw FilesError.notFound
      }
      guard directory.kind == .directory else {
        throw FilesError(.notDirectory, "\(TreePath.text(of: path.names.prefix(index))) was not a directory")
      }
    }
    let made = try await makeDirectory(name, in: directory, form, acceptsOld: parents)
    guard made.kind == .directory else { throw FilesError.exists }
  }

  /// Makes a directory in another one, or returns what is there.
  private func makeDirectory(
    _ name: EntryName, in directory: NodeRecord, _ form: DirectoryForm, acceptsOld: Bool
  ) async throws -> NodeRecord {
    let now = Timestamp.now
    var attributes = Attributes(
      mode: NodeKind.directory.standardMode, uid: directory.attributes.uid, gid: directory.attributes.gid, mtime: now,
      ctime: now)
    if let mode = form.metadata.mode { attributes.mode = UInt16(mode & 0o777) }
    if let mtime = form.metadata.mtime { attributes.mtime = mtime }
    do {
      let record = try tree.create(
        name, in: directory.inode, attributes: attributes, content: .directory(subdirectories: 0),
        form: form == DirectoryForm() ? nil : form)
      await note([.entry(name, in: directory.inode)])
      return record
    } catch {
      switch error.code {
      case .exists:
        guard acceptsOld, let old = try find(name, in: directory.inode) else { throw FilesError.exists }
        return old
      case .notFound: throw FilesError.notFound
      default: throw error
      }
    }
  }

  /// Makes the directories that lead to a path.
  func makeParents(of path: TreePath, form: DirectoryForm) async throws {
    guard path.names.count > 1 else { return }
    try await makeDirectory(path.parent, parents: true, form: form)
  }

  /// Puts a tree of content at a path. Directories are read; of files, only what their roots say.
  ///
  /// - Parameters:
  ///   - root: The content.
  ///   - path: Where.
  ///   - force: Whether it takes the place of a file that is there.
  /// - Returns: What was put there.
  /// - Throws: ``FilesError``, ``NodeError``, ``UnixFSError``, `BlockError` for a directory or root that is not here.
  @discardableResult
  public func put(_ root: CID, at path: TreePath, force: Bool) async throws -> NodeKind {
    guard let name = path.name else { throw FilesError(.invalid, "cannot create file with empty name") }
    let use = await collector.beginUse(of: root)
    defer { use.end() }
    let summary = try await summary(of: root)
    return try await gates.withGate(at: path) {
      try await retrying(path) {
        let directory = try self.directory(path.parent)
        let old = try find(name, in: directory.inode)
        if let old {
          guard force else { throw FilesError.entryExists }
          guard old.kind != .directory else { throw FilesError(.notFile, "not a file: \(path)") }
        }
        var graft = Graft(
          source: blockstore, profile: profile, uid: directory.attributes.uid, gid: directory.attributes.gid, now: .now
        ) { cid in try await self.summary(of: cid) }
        try await graft.add(summary, as: name)
        guard try tree.graft(graft.nodes, in: directory.inode, over: old) != nil else { return nil }
        await note([.entry(name, in: directory.inode)] + (old.map { [.orphaned([$0.inode])] } ?? []))
        return summary.kind
      }
    }
  }

  func summary(of cid: CID) async throws -> NodeSummary {
    guard cid.codec == .raw else { return try NodeSummary(blockstore.block(cid)) }
    return NodeSummary(rawLeaf: cid, size: UInt64(try blockstore.size(cid)))
  }

  /// Moves a node: over a file, or into a directory, that is at the new path.
  ///
  /// - Throws: ``FilesError``, ``NodeError``.
  public func move(_ source: TreePath, to destination: TreePath) async throws {
    guard let name = source.name else { throw FilesError(.invalid, "cannot move the root") }
    var newDirectory = try directory(destination.endsWithSlash ? destination : destination.parent)
    var newName = destination.endsWithSlash ? name : destination.name ?? name
    let oldDirectory = try directory(source.parent)
    guard let node = try find(name, in: oldDirectory.inode) else { throw FilesError.notFound }
    var mayReplace = true
    if destination.isRoot {
      newDirectory = try tree.record(NodeRecord.root)
      mayReplace = false
    } else if let found = try find(newName, in: newDirectory.inode), found.kind == .directory {
      newDirectory = found
      newName = name
      mayReplace = false
    }
    let isSamePlace = oldDirectory.inode == newDirectory.inode && name == newName
    let moved: (moved: NodeRecord, replaced: NodeRecord?)
    do {
      moved = try tree.rename(
        name, in: oldDirectory.inode, to: newName, in: newDirectory.inode,
        replacing: mayReplace || isSamePlace ? .files : .nothing, at: .now)
    } catch {
      switch error.code {
      case .exists: throw FilesError.entryExists
      case .notFound: throw FilesError.notFound
      case .invalid where node.kind == .directory:
        throw FilesError(.invalid, "cannot move a directory into itself")
      default: throw error
      }
    }
    await note(
      [.entry(name, in: oldDirectory.inode), .entry(newName, in: newDirectory.inode)]
        + (moved.replaced.map { [.orphaned([$0.inode])] } ?? []))
  }

  /// Removes what is at a path.
  ///
  /// - Parameter recursive: Whether a directory goes with all that is in it; else none goes, not even an empty one.
  /// - Throws: ``FilesError``, ``NodeError``.
  public func remove(_ path: TreePath, recursive: Bool) async throws {
    guard let name = path.name else { throw FilesError(.invalid, "cannot delete root") }
    let directory = try lookup(path.parent)
    guard directory.kind == .directory else {
      throw FilesError(.notDirectory, "expected *mfs.Directory, didn't get it. This is likely a race condition")
    }
    guard let node = try find(name, in: directory.inode) else { throw FilesError.notFound }
    let removed: [InodeNumber]
    do throws(NodeError) {
      if recursive {
        removed = try tree.removeTree(
          name, in: directory.inode, keepsOrphans: tree.observer != nil, at: .now)
      } else {
        guard node.kind != .directory else { throw NodeError(.isDirectory, "") }
        removed = [try tree.remove(name, in: directory.inode, as: .nonDirectory, at: .now).inode]
      }
    } catch {
      switch error.code {
      case .notFound: throw FilesError.notFound
      case .isDirectory:
        throw FilesError(.notFile, "path is a directory, use -r to remove directories")
      default: throw error
      }
    }
    await note([.entry(name, in: directory.inode), .orphaned(removed)])
  }

  /// Makes all changes so far survive a loss of power.
  ///
  /// - Returns: The DAG at a path.
  /// - Throws: ``FilesError``, ``NodeError``.
  public func flush(_ path: TreePath) async throws -> DAGRoot {
    let root: DAGRoot = try await retrying(path) {
      let record = try lookup(path)
      if record.kind == .symlink { throw FilesError.symlink }
      return try await self.root(of: record)
    }
    try await tree.sync()
    return root
  }
}
