public import IPLD
internal import Multiformats

/// Chunks of files as blocks.
public enum LeafEncoder {
  /// Hashes and stores one chunk. A raw leaf is hashed and stored from where its bytes are, without a copy.
  ///
  /// - Parameters:
  ///   - bytes: The chunk, at most the profile's chunk size; valid until the call returns.
  ///   - profile: The form of the leaf.
  ///   - sink: Where it is stored.
  /// - Throws: What `sink` throws.
  public static func store(
    _ bytes: UnsafeRawBufferPointer, profile: ImportProfile, to sink: any BlockSink
  ) async throws -> Leaf {
    guard profile.rawLeaves else {
      let root = try await sink.store(
        UnixFSNode(kind: .file, data: bytes.isEmpty ? nil : Array(bytes), fileSize: UInt64(bytes.count)),
        size: UInt64(bytes.count), version: profile.cidVersion)
      return Leaf(cid: root.cid, size: bytes.count, tsize: Int(root.tsize))
    }
    let cid = CID.sha256(of: bytes, codec: .raw)
    try await sink.put(cid, bytes)
    return Leaf(cid: cid, size: bytes.count, tsize: bytes.count)
  }
}

extension DAGRoot {
  /// A leaf as the DAG that it is by itself.
  public init(_ leaf: Leaf) {
    self.init(cid: leaf.cid, size: UInt64(leaf.size), tsize: UInt64(leaf.tsize))
  }
}
