import Coordination
import IPLD
import Multiformats
import Synchronization
public import UnixFS

extension MFS {
  /// The DAG of a node and of all below it. Directories whose entries changed are encoded now, those below first; a
  /// file whose content is not committed counts as its last DAG, or as an empty file.
  ///
  /// - Throws: `notFound`, `noSpace`, `corrupt`, `inputOutput`, all of them as ``NodeError``.
  public func dagRoot(of inode: InodeNumber) async throws -> DAGRoot {
    let source = try transact { state throws(NodeError) -> Step<EntrySource> in
      .done(Self.source(of: try node(inode, in: &state)))
    }
    // Until the DAG's blocks are linked from the tree.
    let lease = blockstore.beginLease()
    defer { lease.end() }
    do {
      switch source {
      case .directory(let dag?): return dag
      case .directory(nil): return try await buildGate.withGate { try await build(inode) }
      default: return try await root(of: source)
      }
    } catch {
      throw NodeError.block(error)
    }
  }

  /// Builds the DAG of the whole tree, as ``dagRoot(of:)`` does, and keeps it.
  ///
  /// - Throws: As ``dagRoot(of:)``.
  @discardableResult
  public func commit() async throws -> DAGRoot {
    try await dagRoot(of: NodeRecord.root)
  }
}

/// What an entry of a directory's DAG comes from.
private enum EntrySource: Sendable {
  /// A file's last DAG; nil for an empty file.
  case file(DAGRoot?)
  /// A symbolic link's target.
  case symlink([UInt8])
  /// A directory's DAG; nil where there is none yet, and then it counts as empty.
  case directory(DAGRoot?)
}

/// The entries of a directory that its DAG does not have yet, as they were at one moment.
private struct EntrySnapshot: Sendable {
  /// The DAG to start from; nil to build from nothing, and then `entries` are all there are.
  var base: DAGRoot?
  /// What the DAG has of its own.
  var form: DirectoryForm?
  /// What is at each name now, nil for what is gone.
  var entries: [EntryName: EntrySource?]
}

extension MFS {
  /// Builds the DAGs of a directory and of those below it that are out of date, bottom up. One call at a time.
  ///
  /// The tree may change meanwhile. A directory that changed while it was built keeps the names that did, and so does
  /// the one above it: the next call builds those again.
  private func build(_ inode: InodeNumber) async throws -> DAGRoot {
    var built: DAGRoot?
    // Directories still to build, a directory before those in it that have to be built first.
    var pending = [(inode: inode, isExpanded: false)]
    while let directory = pending.popLast() {
      do {
        if directory.isExpanded {
          built = try await buildAlone(directory.inode)
        } else {
          pending.append((directory.inode, true))
          pending += try outdatedDirectories(in: directory.inode).map { ($0, false) }
        }
      } catch let error as NodeError where error.code == .notFound && directory.inode != inode {
        // It was removed meanwhile; the directory that it was in knows.
      }
    }
    guard let built else { throw NodeError(.notFound, "directory \(inode) was removed") }
    return built
  }

  /// The directories in a directory that have to be built before it. One that comes or changes after this was asked is
  /// left for the next build, so that a tree that changes all the time still gets a DAG.
  private func outdatedDirectories(in inode: InodeNumber) throws(NodeError) -> [InodeNumber] {
    try transact { state throws(NodeError) in
      let (_, entries) = try directory(inode, in: &state)
      guard !entries.isCurrent else { return .done([]) }
      guard let children = entries.children else { return .load(inode) }
      let candidates =
        if case .names(let names) = entries.changes { names.compactMap { children[$0] } } else {
          Array(children.values)
        }
      return .done(candidates.filter { state.nodes[$0]?.directory?.isCurrent == false })
    }
  }

  /// Builds one directory's DAG from those of its entries.
  private func buildAlone(_ inode: InodeNumber) async throws -> DAGRoot {
    let snapshot = try transact { state throws(NodeError) -> Step<EntrySnapshot?> in
      let (node, entries) = try directory(inode, in: &state)
      if entries.isCurrent { return .done(nil) }
      guard entries.isLoaded else { return .load(inode) }
      var snapshot = Self.beginBuilding(entries, in: state)
      snapshot.form = node.form
      return .done(snapshot)
    }
    guard let snapshot else { return try currentDAG(of: inode) }
    do {
      let root = try await encode(snapshot, of: inode)
      try finishBuilding(inode, root)
      return root
    } catch {
      // A DAG whose blocks a power cut or a disk took is no base; the entries are in the database.
      let isBaseLost =
        snapshot.base != nil
        // Or it was made by others, in a way that cannot be built upon.
        && ((error as? BlockError).map { [.notFound, .corrupt].contains($0.code) } == true || error is UnixFSError)
      abandonBuilding(inode, fromNothing: isBaseLost)
      guard isBaseLost else { throw error }
      return try await buildAlone(inode)
    }
  }

  /// Makes a directory's changes again what they were before it began to be built, or everything.
  private func abandonBuilding(_ inode: InodeNumber, fromNothing: Bool) {
    state.withLock { state in
      guard let directory = state.nodes[inode]?.directory, let building = directory.building else { return }
      directory.changes.form(unionWith: fromNothing ? .all : building)
      directory.building = nil
    }
  }

  private func currentDAG(of inode: InodeNumber) throws(NodeError) -> DAGRoot {
    let dag = try transact { state throws(NodeError) in .done(try directory(inode, in: &state).directory.currentDAG) }
    guard let dag else { throw NodeError(.notFound, "directory \(inode) has no DAG") }
    return dag
  }

  /// Takes down what a directory's DAG has to be brought up to date with, and from where on it counts changes anew.
  private static func beginBuilding(_ directory: DirectoryState, in state: borrowing TreeState) -> EntrySnapshot {
    var snapshot = EntrySnapshot(base: directory.dag, entries: [:])
    var later: Set<EntryName> = []
    func add(_ name: EntryName, _ inode: InodeNumber?) {
      let node = inode.flatMap { state.nodes[$0] }
      // A directory that has changed again since it was built is taken as it was then, and again next time.
      if let below = node?.directory, !below.isCurrent { later.insert(name) }
      snapshot.entries[name] = .some(node.map(source(whenBuilt:)))
    }
    if case .names(let names) = directory.changes {
      for name in names { add(name, directory.children?[name]) }
    } else {
      snapshot.base = nil
      for (name, inode) in directory.children ?? [:] { add(name, inode) }
    }
    directory.building = directory.changes
    directory.changes = later.isEmpty ? .none : .names(later)
    return snapshot
  }

  private func finishBuilding(_ inode: InodeNumber, _ root: DAGRoot) throws(NodeError) {
    _ = try transact { state throws(NodeError) -> Step<Bool> in
      // It may have been removed and forgotten.
      guard let node = state.nodes[inode], let directory = node.directory else { return .done(false) }
      // In the database a DAG is the current one, or none.
      if directory.changes == .none, !node.isOrphan {
        try journal([.dag(inode, root)], in: &state)
        state.unsaved.insert(inode)
      }
      directory.dag = root
      directory.building = nil
      return .done(true)
    }
  }

  private func encode(_ snapshot: EntrySnapshot, of inode: InodeNumber) async throws -> DAGRoot {
    var changes: [EntryName: DirectoryEntry?] = [:]
    changes.reserveCapacity(snapshot.entries.count)
    for (name, source) in snapshot.entries {
      guard let source else {
        changes[name] = .some(nil)
        continue
      }
      let root = try await root(of: source)
      changes[name] = DirectoryEntry(name: name, cid: root.cid, tsize: root.tsize)
    }
    let form = snapshot.form ?? DirectoryForm()
    let writer = DirectoryWriter(profile: try form.profile(over: profile), store: blockstore)
    let built =
      if let base = snapshot.base {
        try await writer.update(base.cid, changes: changes, metadata: form.metadata)
      } else {
        try await writer.build(changes.values.compactMap { $0 }, metadata: form.metadata)
      }
    counters.countDirectoryBlocks(built.encodedNodes)
    return built.root
  }

  private func root(of source: EntrySource) async throws -> DAGRoot {
    switch source {
    case .file(let root?), .directory(let root?): return root
    case .file(nil): return try await Importer(profile: profile, sink: blockstore).finish()
    case .symlink(let target): return try await Symlink.store(target, profile: profile, to: blockstore)
    case .directory(nil): return try await DirectoryWriter(profile: profile, store: blockstore).build([]).root
    }
  }

  private static func source(of node: TreeNode) -> EntrySource {
    switch node.content {
    case .file(let file): .file(file.base)
    case .symlink(let target): .symlink(target)
    case .directory: .directory(node.directory?.currentDAG)
    }
  }

  /// As ``source(of:)``, with a directory's last DAG even if it is out of date.
  private static func source(whenBuilt node: TreeNode) -> EntrySource {
    node.directory.map { .directory($0.dag) } ?? source(of: node)
  }
}
