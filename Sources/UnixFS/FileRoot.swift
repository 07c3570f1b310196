public import IPLD
public import Multiformats

/// The root of a file's DAG, as far as it says something of the file beside its bytes.
public enum FileRoot {
  /// What a root says of its file. A raw block says nothing.
  ///
  /// - Throws: ``UnixFSError`` for what is no UnixFS, or what the source throws.
  public static func metadata(of root: CID, source: any BlockSource) async throws -> UnixFSMetadata {
    guard root.codec == .dagPB else { return UnixFSMetadata() }
    let node = try UnixFSBlock(try await source.block(root)).node
    return UnixFSMetadata(mode: node.mode, mtime: node.mtime)
  }

  /// The same file with a root that says something else of it. Its links stay, and the form of its CID.
  ///
  /// - Parameters:
  ///   - metadata: What it is to say.
  ///   - root: A file's or symbolic link's root.
  ///   - wrapping: How the node is made that takes the place of a raw block, which has no room for that.
  ///   - store: Where the root comes from and goes to.
  /// - Throws: ``UnixFSError``, or what the store throws.
  public static func setting(
    _ metadata: UnixFSMetadata, of root: DAGRoot, wrapping: ImportProfile, store: any BlockStore
  ) async throws -> DAGRoot {
    let block = try await store.block(root.cid)
    guard root.cid.codec == .dagPB else {
      guard metadata != UnixFSMetadata() else { return root }
      var node = UnixFSNode(
        kind: .file, data: block.data.isEmpty ? nil : block.data, fileSize: UInt64(block.data.count))
      node.set(metadata)
      return try await store.store(node, size: root.size, profile: wrapping)
    }
    let decoded = try UnixFSBlock(block)
    var node = decoded.node
    guard node.mode != metadata.mode || node.mtime != metadata.mtime else { return root }
    node.set(metadata)
    return try await store.store(
      node, links: decoded.links, size: root.size, profile: try profile(wrapping, of: root.cid))
  }

  /// The same file with a root that says nothing beside its bytes, as a profile makes it: what a changed file can be
  /// built upon.
  ///
  /// - Throws: As ``setting(_:of:wrapping:store:)``.
  public static func bare(_ root: DAGRoot, profile: ImportProfile, store: any BlockStore) async throws -> DAGRoot {
    guard root.cid.codec == .dagPB else { return root }
    let decoded = try UnixFSBlock(try await store.block(root.cid))
    guard decoded.node.mode != nil || decoded.node.mtime != nil else { return root }
    guard decoded.links.isEmpty else {
      return try await setting(UnixFSMetadata(), of: root, wrapping: profile, store: store)
    }
    var importer = Importer(profile: profile, sink: store)
    let data = decoded.node.data ?? []
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 1)
    defer { bytes.deallocate() }
    bytes.copyBytes(from: data)
    try await importer.append(UnsafeRawBufferPointer(bytes))
    return try await importer.finish()
  }

  /// The profile that made a file, as far as its CID and its first leaf tell; the rest is as in another.
  ///
  /// - Parameters:
  ///   - root: The file's root.
  ///   - base: How files are made where the root does not tell.
  ///   - source: Where blocks on the way to the first leaf come from.
  /// - Throws: ``UnixFSError``, or what the source throws.
  public static func profile(
    of root: CID, over base: ImportProfile, source: any BlockSource
  ) async throws -> ImportProfile {
    if root.codec == .raw {
      if base.hasFormOfLeaf(root) { return base }
      return try base.with(cidVersion: .v1, hashFunction: root.hashFunction, rawLeaves: true)
    }
    let form = try profile(base, of: root)
    var cid = root
    var isInner = false
    for _ in 0..<FileReader.maximumDepth where cid.codec == .dagPB {
      guard let first = try UnixFSBlock(try await source.block(cid)).links.first else {
        // The bytes are in the node. Whether that is how leaves are made, a root with metadata does not tell.
        guard isInner || form != base else { return base }
        return try form.with(rawLeaves: isInner ? false : form.cidVersion == .v1)
      }
      cid = first.cid
      isInner = true
    }
    return try form.with(rawLeaves: cid.codec == .raw)
  }

  /// A profile with CIDs of the form that one has.
  private static func profile(_ base: ImportProfile, of cid: CID) throws(UnixFSError) -> ImportProfile {
    let function = cid.hashFunction
    guard function != .identity else { return base }
    guard cid.version != base.cidVersion || function != base.hashFunction else { return base }
    return try base.with(cidVersion: cid.version, hashFunction: function)
  }
}
