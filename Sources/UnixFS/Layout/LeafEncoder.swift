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

extension LeafEncoder {
  /// The leaf of so many zeros, which is not stored.
  public static func leaf(ofZeros count: Int, profile: ImportProfile) async throws -> Leaf {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
    defer { bytes.deallocate() }
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    return try await store(UnsafeRawBufferPointer(bytes), profile: profile, to: Nowhere())
  }

  private struct Nowhere: BlockSink {
    func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws {}
  }
}

extension DAGRoot {
  /// A leaf as the DAG that it is by itself.
  public init(_ leaf: Leaf) {
    self.init(cid: leaf.cid, size: UInt64(leaf.size), tsize: UInt64(leaf.tsize))
  }
}
