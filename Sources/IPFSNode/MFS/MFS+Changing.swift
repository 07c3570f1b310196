import Synchronization
public import UnixFS

extension MFS {
  /// Makes a node. The directory's times become the node's ctime.
  ///
  /// - Throws: `exists`, `notFound` or `notDirectory` if `directory` is none, `nameTooLong`, `invalid` for a name that
  ///   no file system can show, `noSpace`, `inputOutput`.
  public func create(
    _ name: EntryName, in directory: InodeNumber, attributes: Attributes, content: NodeContent,
    extendedAttributes: [EntryName: [UInt8]] = [:], form: DirectoryForm? = nil
  ) throws(NodeError) -> NodeRecord {
    try Self.check(name)
    return try transact { state throws(NodeError) in
      let (parent, entries) = try parentDirectory(directory, in: &state)
      guard entries.isLoaded else { return .load(directory) }
      guard entries.children?[name] == nil else { throw NodeError(.exists, "\(name) exists") }
      var content = content
      if content.kind == .directory { content = .directory(subdirectories: 0) }
      let record = NodeRecord(
        inode: state.nextInode, parent: directory, name: name, attributes: attributes, content: content,
        extendedAttributes: extendedAttributes, form: content.kind == .directory ? form : nil)
      let stored = StoredNode(record: record, dag: nil)
      let parentChange = ParentChange(parent, subdirectories: content.kind == .directory ? 1 : 0, at: attributes.ctime)
      try journal([.node(stored)] + parentChange.journalEntries(in: state), in: &state)

      state.nextInode += 1
      state.nodes[record.inode] = TreeNode(
        stored,
        directory: content.kind == .directory ? DirectoryState(children: [:], dag: nil, changes: .all) : nil)
      entries.insert(record.inode, as: name)
      state.touch(entries)
      parentChange.apply(of: name, in: &state)
      state.unsaved.insert(record.inode)
      if stored.isUncommitted { state.uncommitted.insert(record.inode) }
      estimate.noteChange(from: 0, to: record.fileSize)
      state.evictIfNeeded()
      return .done(record)
    }
  }

  /// Takes a node out of a directory. It stays in memory as an orphan until ``forget(_:)``.
  ///
  /// - Returns: The node, with `time` as its ctime and without a parent.
  /// - Throws: `notFound`; `isDirectory`, `notDirectory` if the node is not of the `kind`; `notEmpty`; `noSpace`,
  ///   `inputOutput`.
  public func remove(
    _ name: EntryName, in directory: InodeNumber, as kind: RemovalKind, at time: Timestamp
  ) throws(NodeError) -> NodeRecord {
    try transact { state throws(NodeError) in
      let (parent, entries) = try self.directory(directory, in: &state)
      guard entries.isLoaded else { return .load(directory) }
      let node = try child(name, of: entries, in: state)
      switch (kind, node.directory) {
      case (.directory, nil): throw NodeError(.notDirectory, "\(name) is no directory")
      case (.nonDirectory, .some): throw NodeError(.isDirectory, "\(name) is a directory")
      case (.directory, let own?) where !own.isLoaded: return .load(node.inode)
      case (.directory, let own?) where own.children?.isEmpty == false:
        throw NodeError(.notEmpty, "\(name) is not empty")
      default: break
      }
      let parentChange = ParentChange(parent, subdirectories: node.directory == nil ? 0 : -1, at: time)
      try journal([.gone(node.inode)] + parentChange.journalEntries(in: state), in: &state)

      entries.remove(name)
      parentChange.apply(of: name, in: &state)
      orphan(node, at: time, in: &state)
      return .done(node.record)
    }
  }

  /// Gives a node another place, another name, or both. What is there already is replaced: a file or symbolic link by
  /// anything but a directory, an empty directory by a directory; or, with `canReplace` false, nothing is.
  ///
  /// - Returns: The node at its new place with `time` as its ctime, and what it replaced, which is an orphan now.
  /// - Throws: `notFound`; `exists`, `isDirectory`, `notDirectory`, `notEmpty` for what cannot be replaced; `invalid` for a
  ///   directory into its own subtree; `nameTooLong`; `noSpace`, `inputOutput`.
  public func rename(
    _ name: EntryName, in directory: InodeNumber, to newName: EntryName, in newDirectory: InodeNumber,
    canReplace: Bool = true, at time: Timestamp
  ) throws(NodeError) -> (moved: NodeRecord, replaced: NodeRecord?) {
    try rename(
      name, in: directory, to: newName, in: newDirectory, replacing: canReplace ? .ofItsKind : .nothing, at: time)
  }

  /// What a node that is moved may take the place of.
  package enum Replacement: Sendable {
    /// Nothing: the name must be free.
    case nothing
    /// As `rename(2)` has it: a file of a file, an empty directory of a directory.
    case ofItsKind
    /// A file or link of anything, and no directory.
    case files
  }

  /// As ``rename(_:in:to:in:canReplace:at:)``, with other rules of what is replaced.
  package func rename(
    _ name: EntryName, in directory: InodeNumber, to newName: EntryName, in newDirectory: InodeNumber,
    replacing: Replacement, at time: Timestamp
  ) throws(NodeError) -> (moved: NodeRecord, replaced: NodeRecord?) {
    try Self.check(newName)
    let result = try transact { state throws(NodeError) -> Step<Renamed> in
      let (source, sourceEntries) = try self.directory(directory, in: &state)
      guard sourceEntries.isLoaded else { return .load(directory) }
      // Or it might go as the other comes.
      state.touch(sourceEntries)
      let (target, targetEntries) = try parentDirectory(newDirectory, in: &state)
      guard targetEntries.isLoaded else { return .load(newDirectory) }
      let node = try child(name, of: sourceEntries, in: state)
      let old = targetEntries.children?[newName].flatMap { state.nodes[$0] }
      guard old == nil || replacing != .nothing else { throw NodeError(.exists, "\(newName) exists") }
      if old === node { return .done(Renamed(moved: node.record, replaced: nil)) }
      if node.directory != nil { try Self.check(that: target, isNotBelow: node, in: state) }
      if let old {
        if replacing == .files {
          guard old.directory == nil else { throw NodeError(.exists, "\(newName) is a directory") }
        } else if let unloaded = try Self.check(old, isReplaceableBy: node) {
          return .load(unloaded)
        }
      }

      let moved = node.record(movedTo: newDirectory, as: newName, at: time)
      let leaving = node.directory == nil ? 0 : -1
      let arriving = (node.directory == nil ? 0 : 1) - (old?.directory == nil ? 0 : 1)
      let parentChanges =
        source === target
        ? [ParentChange(source, subdirectories: leaving + arriving, at: time)]
        : [
          ParentChange(source, subdirectories: leaving, at: time),
          ParentChange(target, subdirectories: arriving, at: time),
        ]
      var changes: [JournalEntry.Change] = [.node(StoredNode(record: moved, dag: node.directory?.currentDAG))]
      if let old { changes.append(.gone(old.inode)) }
      for change in parentChanges { changes += change.journalEntries(in: state) }
      try journal(changes, in: &state)

      sourceEntries.remove(name)
      if old != nil { targetEntries.remove(newName) }
      node.record = moved
      targetEntries.insert(node.inode, as: newName)
      state.unsaved.insert(node.inode)
      parentChanges[0].apply(of: name, in: &state)
      parentChanges[parentChanges.count - 1].apply(of: newName, in: &state)
      if let old { orphan(old, at: time, in: &state) }
      return .done(Renamed(moved: moved, replaced: old?.record))
    }
    return (result.moved, result.replaced)
  }

  /// Changes what a node is beside its place. An orphan changes in memory only.
  ///
  /// - Returns: The node as it is now.
  /// - Throws: `notFound`; `isDirectory`, `invalid` for a content of what is no regular file; `notDirectory` for a
  ///   form of what is no directory; `noSpace`, `inputOutput`.
  @discardableResult
  public func update(_ inode: InodeNumber, _ change: NodeChange) throws(NodeError) -> NodeRecord {
    guard let record = try update(inode, change, ifContentIs: nil) else {
      throw NodeError(.notFound, "there is no node \(inode)")
    }
    return record
  }

  /// As ``update(_:_:)``, if the node has a content still and is in the tree; nil, and nothing is changed, if not.
  package func update(
    _ inode: InodeNumber, _ change: NodeChange, ifContentIs expected: NodeContent?
  ) throws(NodeError) -> NodeRecord? {
    try transact { state throws(NodeError) -> Step<NodeRecord?> in
      let node = try node(inode, in: &state)
      var record = node.record
      if let expected, record.content != expected || node.isOrphan { return .done(nil) }
      if change.form != nil, node.directory == nil { throw NodeError(.notDirectory, "node \(inode) is no directory") }
      if change.content != nil, record.kind != .file {
        throw record.kind == .directory
          ? NodeError(.isDirectory, "node \(inode) is a directory") : NodeError(.invalid, "node \(inode) is no file")
      }
      change.apply(to: &record)
      guard record != node.record else { return .done(record) }
      guard !node.isOrphan else {
        node.record = record
        return .done(record)
      }
      let isReformed = record.form != node.form
      let hasNewDAG = isReformed || Self.base(of: record) != Self.base(of: node.record)
      // Where the directory's own DAG is out of date, those above it are already.
      let parent = hasNewDAG && node.directory?.isCurrent != false ? state.nodes[node.parent] : nil
      let outdated = parent.map { state.directoriesOutdated(byChangeIn: $0) } ?? []
      let stored = StoredNode(record: record, dag: isReformed ? nil : node.directory?.currentDAG)
      try journal([.node(stored)] + outdated.map { .dag($0.inode, nil) }, in: &state)

      if change.content != nil { estimate.noteChange(from: node.record.fileSize, to: record.fileSize) }
      node.record = record
      state.unsaved.insert(inode)
      if isReformed { node.directory?.changes = .all }
      if let parent { state.markChanged(node.name, in: parent) }
      if stored.isUncommitted { state.uncommitted.insert(inode) } else { state.uncommitted.remove(inode) }
      return .done(record)
    }
  }

  /// Says that an orphan is not used any more. Does nothing for a node that is in the tree.
  public func forget(_ inode: InodeNumber) {
    state.withLock { state in
      if state.nodes[inode]?.isOrphan == true { state.nodes[inode] = nil }
    }
  }
}

extension MFS {
  private struct Renamed: Sendable {
    var moved: NodeRecord
    var replaced: NodeRecord?
  }

  static func check(_ name: EntryName) throws(NodeError) {
    guard name.bytes.count <= EntryName.maximumLength else {
      throw NodeError(.nameTooLong, "a name of \(name.bytes.count) bytes")
    }
    guard name.isPresentable else { throw NodeError(.invalid, "\(name) cannot be a name") }
  }

  /// The directory that a node is to be put in; one that was removed while in use takes none.
  func parentDirectory(
    _ inode: InodeNumber, in state: inout TreeState
  ) throws(NodeError) -> (node: TreeNode, directory: DirectoryState) {
    let (node, entries) = try directory(inode, in: &state)
    guard !node.isOrphan else { throw NodeError(.notFound, "directory \(inode) was removed") }
    return (node, entries)
  }

  func child(
    _ name: EntryName, of entries: DirectoryState, in state: borrowing TreeState
  ) throws(NodeError) -> TreeNode {
    guard let inode = entries.children?[name], let node = state.nodes[inode] else {
      throw NodeError(.notFound, "there is no \(name)")
    }
    return node
  }

  static func check(
    that target: TreeNode, isNotBelow node: TreeNode, in state: borrowing TreeState
  ) throws(NodeError) {
    var current: TreeNode? = target
    while let ancestor = current {
      guard ancestor !== node else {
        throw NodeError(.invalid, "a directory cannot be moved into itself")
      }
      current = ancestor.parent == 0 ? nil : state.nodes[ancestor.parent]
    }
  }

  /// Checks that a rename may replace a node. Returns the directory that must be loaded to know.
  private static func check(_ old: TreeNode, isReplaceableBy node: TreeNode) throws(NodeError) -> InodeNumber? {
    switch (node.directory, old.directory) {
    case (nil, nil): return nil
    case (nil, .some): throw NodeError(.isDirectory, "\(old.name) is a directory")
    case (.some, nil): throw NodeError(.notDirectory, "\(old.name) is no directory")
    case (.some, let entries?):
      guard entries.isLoaded else { return old.inode }
      guard entries.children?.isEmpty == true else { throw NodeError(.notEmpty, "\(old.name) is not empty") }
      return nil
    }
  }

  /// What the entry of a file in its directory's DAG follows from.
  private static func base(of record: NodeRecord) -> DAGRoot? {
    if case .file(let file) = record.content { file.base } else { nil }
  }

  func orphan(_ node: TreeNode, at time: Timestamp, in state: inout TreeState) {
    node.parent = 0
    node.attributes.ctime = time
    state.unsaved.insert(node.inode)
    state.uncommitted.remove(node.inode)
    estimate.noteChange(from: node.record.fileSize, to: 0)
  }
}

extension NodeRecord {
  /// Bytes of a file's content; 0 for other nodes.
  fileprivate var fileSize: UInt64 { kind == .file ? size : 0 }
}

/// What happens to a directory, and to the DAGs above it, when an entry comes or goes.
struct ParentChange {
  let node: TreeNode
  let attributes: Attributes
  let subdirectories: UInt32

  init(_ node: TreeNode, subdirectories change: Int, at time: Timestamp) {
    self.node = node
    var attributes = node.attributes
    attributes.mtime = time
    attributes.ctime = time
    self.attributes = attributes
    if case .directory(let count) = node.content {
      subdirectories = UInt32(clamping: Int(count) + change)
    } else {
      subdirectories = 0
    }
  }

  func journalEntries(in state: borrowing TreeState) -> [JournalEntry.Change] {
    // The directory's own row says that its DAG is out of date.
    [.directory(node.inode, attributes, subdirectories: subdirectories)]
      + state.directoriesOutdated(byChangeIn: node).dropFirst().map { .dag($0.inode, nil) }
  }

  func apply(of name: EntryName, in state: inout TreeState) {
    node.attributes = attributes
    node.content = .directory(subdirectories: subdirectories)
    state.unsaved.insert(node.inode)
    state.markChanged(name, in: node)
  }
}
