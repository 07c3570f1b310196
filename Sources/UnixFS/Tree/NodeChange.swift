/// What changes about a node in one step: everything named here, or nothing of it.
public struct NodeChange: Hashable, Sendable {
  /// New permission bits.
  public var mode: UInt16?
  /// New owner.
  public var uid: UInt32?
  /// New group.
  public var gid: UInt32?
  /// New time of modification.
  public var mtime: Timestamp?
  /// New time of change.
  public var ctime: Timestamp?
  /// New content; of a regular file only.
  public var content: FileContent?
  /// Extended attributes to set, and with nil to remove.
  public var extendedAttributes: [EntryName: [UInt8]?]
  /// What a directory's DAG has of its own from now on; of a directory only. An empty form takes away the one it has.
  public var form: DirectoryForm?

  /// A change of the attributes named.
  public init(
    mode: UInt16? = nil, uid: UInt32? = nil, gid: UInt32? = nil, mtime: Timestamp? = nil, ctime: Timestamp? = nil,
    content: FileContent? = nil, extendedAttributes: [EntryName: [UInt8]?] = [:], form: DirectoryForm? = nil
  ) {
    self.mode = mode
    self.uid = uid
    self.gid = gid
    self.mtime = mtime
    self.ctime = ctime
    self.content = content
    self.extendedAttributes = extendedAttributes
    self.form = form
  }

  /// Whether nothing changes.
  public var isEmpty: Bool { self == NodeChange() }

  /// Carries the change out on a record. Content is ignored where the node is no regular file.
  public func apply(to record: inout NodeRecord) {
    if let mode { record.attributes.mode = mode }
    if let uid { record.attributes.uid = uid }
    if let gid { record.attributes.gid = gid }
    if let mtime { record.attributes.mtime = mtime }
    if let ctime { record.attributes.ctime = ctime }
    if let content, record.kind == .file { record.content = .file(content) }
    for (name, value) in extendedAttributes { record.extendedAttributes[name] = value }
    if let form, record.kind == .directory { record.form = form == DirectoryForm() ? nil : form }
  }
}

/// What `remove` is meant to take away: a program that calls `unlink` on a directory, or `rmdir` on a file, errs.
public enum RemovalKind: Sendable, Hashable {
  /// `rmdir`: an empty directory.
  case directory
  /// `unlink`: anything else.
  case nonDirectory
}

/// What a rename does about a node that has the new name already.
public enum RenameMode: Sendable, Hashable {
  /// Replaces a file or an empty directory.
  case replace
  /// `RENAME_NOREPLACE`: fails with `exists`.
  case noReplace
  /// `RENAME_EXCHANGE`: both nodes change places, whatever they are; fails with `notFound` where there is none.
  case exchange
}
