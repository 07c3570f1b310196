public import Multiformats
public import UnixFS

extension FilesService {
  /// Stores permission bits in the root at a path, and shows them where the tree is mounted.
  ///
  /// - Parameter mode: The lower 9 bits; 0 for what has none.
  /// - Throws: ``FilesError``, ``NodeError``.
  public func setMode(_ mode: UInt16, of path: TreePath) async throws {
    try await change(path) { metadata, kind in
      metadata.mode = mode == 0 ? nil : UInt32(mode)
      return NodeChange(mode: mode == 0 ? kind.standardMode : mode)
    }
  }

  /// Stores a time of modification in the root at a path, and shows it where the tree is mounted.
  ///
  /// - Throws: ``FilesError``, ``NodeError``.
  public func setModificationTime(_ time: Timestamp, of path: TreePath) async throws {
    try await change(path) { metadata, _ in
      metadata.mtime = time
      return NodeChange(mtime: time)
    }
  }

  /// Gives the blocks of the directory at a path CIDs of another form; what is in it stays as it is.
  ///
  /// - Parameters:
  ///   - cidVersion: The version; nil for that of the node's profile.
  ///   - hashFunction: The hash function; nil for that of the node's profile.
  /// - Throws: ``FilesError``, ``NodeError``.
  public func setForm(
    of path: TreePath, cidVersion: CID.Version?, hashFunction: Multihash.Code?
  ) async throws {
    try await gates.withGate(at: path) {
      let record = try lookup(path)
      guard record.kind == .directory else { throw FilesError(.notDirectory, "can only update directories") }
      var form = record.form ?? DirectoryForm()
      form.cidVersion = cidVersion == profile.cidVersion ? nil : cidVersion
      form.hashFunction = hashFunction == profile.hashFunction ? nil : hashFunction
      _ = try form.profile(over: profile)
      try tree.update(record.inode, NodeChange(ctime: .now, form: form))
    }
  }

  private func change(
    _ path: TreePath, _ change: (inout UnixFSMetadata, NodeKind) -> NodeChange
  ) async throws {
    try await gates.withGate(at: path) {
      let changed = try await retrying(path) {
        let record = try lookup(path)
        var changed: NodeRecord?
        switch record.kind {
        case .symlink: throw FilesError.symlink
        case .directory:
          var form = record.form ?? DirectoryForm()
          var update = change(&form.metadata, record.kind)
          update.form = form
          update.ctime = .now
          changed = try tree.update(record.inode, update)
        case .file:
          changed = try await changeFile(record) { change(&$0, .file) }
        }
        return changed
      }
      await note([.attributes(changed)])
    }
  }

  /// Changes what a file's root says of it. Nil if the file changed meanwhile.
  private func changeFile(
    _ record: NodeRecord, _ change: (inout UnixFSMetadata) -> NodeChange
  ) async throws -> NodeRecord? {
    let lease = blockstore.beginLease()
    defer { lease.end() }
    let root = try await root(of: record)
    guard let settled = try? tree.record(record.inode), case .file(let content) = settled.content,
      content.base == root || content == .empty
    else { return nil }
    guard content.pending == nil else { throw Self.uncommitted }
    var metadata = try await FileRoot.metadata(of: root.cid, source: blockstore)
    var update = change(&metadata)
    // As Kubo wraps a raw block: in a node of its oldest form.
    let newRoot = try await FileRoot.setting(metadata, of: root, wrapping: .kuboDefault, store: blockstore)
    update.ctime = .now
    update.content = FileContent(newRoot, builtBy: content.builtBy)
    return try tree.update(record.inode, update, ifContentIs: settled.content)
  }

  /// A file that a mount was writing when it was killed.
  static let uncommitted = FilesError(
    .unsupported, "the file has writes of a mount that was killed; mount the repo once to recover them")
}
