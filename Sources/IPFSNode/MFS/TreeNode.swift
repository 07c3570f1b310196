import UnixFS

/// A node in memory. Belongs to the ``TreeState`` that holds it and is guarded by the same lock.
final class TreeNode {
  let inode: InodeNumber
  var parent: InodeNumber
  var name: EntryName
  var attributes: Attributes
  var content: NodeContent
  var extendedAttributes: [EntryName: [UInt8]]
  /// What a directory's DAG has of its own.
  var form: DirectoryForm?
  /// What only directories have.
  let directory: DirectoryState?

  init(_ stored: StoredNode, directory: DirectoryState?) {
    let record = stored.record
    inode = record.inode
    parent = record.parent
    name = record.name
    attributes = record.attributes
    content = record.content
    extendedAttributes = record.extendedAttributes
    form = record.form
    self.directory = directory
  }

  /// A node that the database has.
  convenience init(_ stored: StoredNode) {
    self.init(
      stored,
      directory: stored.record.kind == .directory
        ? DirectoryState(children: nil, dag: stored.dag, changes: stored.dag == nil ? .all : .none) : nil)
  }

  var record: NodeRecord {
    get {
      NodeRecord(
        inode: inode, parent: parent, name: name, attributes: attributes, content: content,
        extendedAttributes: extendedAttributes, form: form)
    }
    set {
      parent = newValue.parent
      name = newValue.name
      attributes = newValue.attributes
      content = newValue.content
      extendedAttributes = newValue.extendedAttributes
      form = newValue.form
    }
  }

  /// The record that the node has once it is moved.
  func record(movedTo parent: InodeNumber, as name: EntryName, at time: Timestamp) -> NodeRecord {
    var moved = record
    moved.parent = parent
    moved.name = name
    moved.attributes.ctime = time
    return moved
  }

  /// The node as the database is to have it: a DAG that is out of date is left out.
  var stored: StoredNode {
    StoredNode(record: record, dag: directory?.currentDAG)
  }

  /// Whether the node was unlinked and is kept for those who still use it.
  var isOrphan: Bool { parent == 0 && inode != NodeRecord.root }
}

/// What a directory knows of its entries and its DAG.
final class DirectoryState {
  /// What differs between the entries and ``dag``.
  enum Changes: Hashable {
    /// Nothing: the DAG is that of the entries.
    case none
    /// The entries of these names.
    case names(Set<EntryName>)
    /// Everything may: there is no DAG to start from.
    case all
  }

  /// The nodes in the directory by name; nil while not loaded.
  var children: [EntryName: InodeNumber]?
  /// The same nodes by ascending number; nil until asked for.
  var sortedChildren: [InodeNumber]?
  /// The last DAG that was built; nil before the first one, when ``changes`` is `all`.
  var dag: DAGRoot?
  /// What has happened since, but for what is being built.
  var changes: Changes
  /// What the DAG that is being built right now accounts for; nil when none is.
  var building: Changes?
  /// When the entries were last looked at, on the clock of ``TreeState``.
  var lastUse: UInt64 = 0

  init(children: [EntryName: InodeNumber]?, dag: DAGRoot?, changes: Changes) {
    self.children = children
    self.dag = dag
    self.changes = changes
  }

  /// Whether ``dag`` is that of the entries.
  var isCurrent: Bool { changes == .none && building == nil }

  /// The DAG, if it is that of the entries.
  var currentDAG: DAGRoot? { isCurrent ? dag : nil }

  /// Whether the entries are in memory.
  var isLoaded: Bool { children != nil }

  /// Adds a node, whose name is free.
  func insert(_ inode: InodeNumber, as name: EntryName) {
    children?[name] = inode
    // New nodes have the largest number there is: the list stays in order.
    if let last = sortedChildren?.last, last >= inode {
      sortedChildren = nil
    } else {
      sortedChildren?.append(inode)
    }
  }

  /// Takes a node away.
  func remove(_ name: EntryName) {
    children?[name] = nil
    sortedChildren = nil
  }
}

extension DirectoryState.Changes {
  /// Adds one name.
  mutating func insert(_ name: EntryName) {
    switch self {
    case .all: break
    case .none: self = .names([name])
    case .names(var names):
      // The set is taken out of the enum while it changes, so that it is not copied.
      self = .none
      names.insert(name)
      self = .names(names)
    }
  }

  /// Adds what other changes name.
  mutating func form(unionWith other: DirectoryState.Changes) {
    switch (self, other) {
    case (_, .none): break
    case (.none, _), (_, .all): self = other
    case (.all, _): break
    case (.names(let mine), .names(let theirs)): self = .names(mine.union(theirs))
    }
  }
}
