import IPLD
import Multiformats
import UnixFS

extension FilesService {
  /// The most bytes that a file can have.
  public static let largestFile = UInt64(Int64.max)

  /// Writes bytes into a file. It is a new node afterwards, with the DAG that adding all its bytes would give it; what
  /// did not change is linked as it was. Who writes to one file at a time does so one after the other, and nobody sees
  /// it half-written.
  ///
  /// - Parameters:
  ///   - path: The file's path.
  ///   - options: How it is written.
  ///   - body: Gives the bytes. If it throws, the file stays as it was.
  /// - Throws: ``FilesError``, ``NodeError``, `BlockError`, what `body` throws.
  public func write(
    _ path: TreePath, _ options: WriteOptions, _ body: (FileWriting) async throws -> Void
  ) async throws {
    if options.makesParents { try await makeParents(of: path, form: options.form) }
    let profile: ImportProfile = try await retrying(path) { try await self.profile(at: path, options) }
    let lease = blockstore.beginLease()
    defer { lease.end() }
    let writing = FileWriting(at: options.offset, profile: profile, store: blockstore)
    try await body(writing)
    writing.finish()
    guard writing.end <= Self.largestFile else { throw FilesError(.invalid, "a file of more than 2^63 bytes") }
    try await gates.withGate(at: path) {
      try await retrying(path) { try await put(writing, at: path, options, profile) ? () : nil }
    }
  }

  /// The file at a path, if there is one.
  ///
  /// - Throws: `notFound` where it would have to be there, or its directory; `notFile`.
  private func file(at path: TreePath, creates: Bool) throws -> (directory: NodeRecord, file: NodeRecord?) {
    guard let name = path.name else { throw FilesError.notFile(path) }
    let directory = try lookup(path.parent)
    guard directory.kind == .directory else {
      throw FilesError(.notDirectory, "cannot access \(TreePath.text(of: path.names)): Not a directory")
    }
    guard let file = try find(name, in: directory.inode) else {
      guard creates else { throw FilesError.notFound }
      return (directory, nil)
    }
    switch file.kind {
    case .directory: throw FilesError.notFile(path)
    case .symlink: throw FilesError.symlink
    case .file: return (directory, file)
    }
  }

  /// How the file at a path is built: as it was, as far as that can be told.
  private func profile(at path: TreePath, _ options: WriteOptions) async throws -> ImportProfile {
    guard let file = try file(at: path, creates: options.creates).file else { return options.profile }
    let root = try await root(of: file)
    guard root.size > 0 || root.cid.codec != .raw else { return options.profile }
    let profile = try await FileRoot.profile(of: root.cid, over: self.profile, source: blockstore)
    guard let rawLeaves = options.rawLeaves else { return profile }
    return try profile.with(rawLeaves: rawLeaves)
  }

  /// Puts what was written into the file. False if others came before.
  private func put(
    _ writing: FileWriting, at path: TreePath, _ options: WriteOptions, _ profile: ImportProfile
  ) async throws -> Bool {
    var (directory, old) = try file(at: path, creates: options.creates)
    guard let name = path.name else { return false }
    var content = FileContent.empty
    var metadata = UnixFSMetadata()
    if let file = old {
      let root = try await root(of: file)
      // As it is once what a mount had is in the tree.
      guard let settled = try find(name, in: directory.inode), settled.inode == file.inode,
        case .file(let found) = settled.content
      else { return false }
      guard found.pending?.usesSpool != true else { throw Self.uncommitted }
      guard found.pending != nil || found.base == root || found == .empty else { return false }
      old = settled
      content = found
      if let base = found.base {
        metadata = try await FileRoot.metadata(of: base.cid, source: blockstore)
        content.base = try await FileRoot.bare(base, profile: profile, store: blockstore)
      }
    }
    if options.truncates { content = .empty }
    content = Self.content(content, with: writing)
    let root = try await build(content, writing.pieces, profile)
    if metadata.mtime != nil { metadata.mtime = .now }
    let newRoot = try await FileRoot.setting(metadata, of: root, wrapping: profile, store: blockstore)
    let built = FileContent(newRoot, builtFrom: content, by: profile)
    guard
      try tree.graft(
        [Self.node(name, built, in: directory, over: old)], in: directory.inode, over: old) != nil
    else { return false }
    await note([.entry(name, in: directory.inode)] + (old.map { [.orphaned([$0.inode])] } ?? []))
    return true
  }

  /// A content with what was written on top.
  private static func content(_ old: FileContent, with writing: FileWriting) -> FileContent {
    var content = old
    var map = old.pending ?? ExtentMap(baseSize: old.base?.size ?? 0)
    for (offset, leaf) in writing.leaves {
      map.set(offset..<offset + UInt64(leaf.size), .leaf(leaf, origin: Int64(offset)))
    }
    for (offset, bytes) in writing.pieces { map.set(offset..<offset + UInt64(bytes.count), .spool(origin: 0)) }
    if !writing.range.isEmpty { content.size = max(old.size, writing.end) }
    content.pending = map
    return content
  }

  private func build(
    _ content: FileContent, _ pieces: [(offset: UInt64, bytes: [UInt8])], _ profile: ImportProfile
  ) async throws -> DAGRoot {
    var reader: ContentReader?
    return try await FileBuild(content, profile: profile, store: blockstore).run { offset, buffer in
      let opened =
        if let reader { reader } else { try await ContentReader(content, pieces: pieces, source: self.blockstore) }
      reader = opened
      try await opened.read(at: offset, into: buffer)
    }
  }

  /// The node that a file becomes.
  private static func node(
    _ name: EntryName, _ content: FileContent, in directory: NodeRecord, over old: NodeRecord?
  ) -> GraftedNode {
    let now = Timestamp.now
    var attributes =
      old?.attributes
      ?? Attributes(
        mode: NodeKind.file.standardMode, uid: directory.attributes.uid, gid: directory.attributes.gid, mtime: now,
        ctime: now)
    attributes.mtime = now
    attributes.ctime = now
    // Whoever writes here need not be the owner.
    attributes.mode &= 0o1777
    return GraftedNode(
      parent: nil, name: name, attributes: attributes, content: .file(content), dag: nil,
      extendedAttributes: old?.extendedAttributes ?? [:])
  }
}
