public import IPLD

/// Symbolic links as DAGs.
public enum Symlink {
  /// Stores a link to `target`.
  ///
  /// - Parameter mtime: When it was modified, where the node is to say so. (Kubo stores no mode of a link.)
  /// - Throws: What `store` throws.
  public static func store(
    _ target: [UInt8], mtime: Timestamp? = nil, profile: ImportProfile, to sink: any BlockSink
  ) async throws -> DAGRoot {
    try await sink.store(
      UnixFSNode(kind: .symlink, data: target, mtime: mtime), size: UInt64(target.count), profile: profile)
  }

  /// The target of the link that a block holds.
  ///
  /// - Throws: ``UnixFSError`` with `wrongKind` if it holds something else.
  public static func target(of block: Block) throws(UnixFSError) -> [UInt8] {
    let node = try UnixFSBlock(block).node
    guard node.kind == .symlink else {
      throw UnixFSError(.wrongKind, "a node of kind \(node.kind) is no symlink", cid: block.cid)
    }
    return node.data ?? []
  }
}
