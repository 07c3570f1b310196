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
    guard profile.rawLeaves else { return try await store(node(over: bytes, profile: profile), profile, to: sink) }
    let cid = try profile.cid(of: bytes, codec: .raw)
    try await sink.put(cid, bytes)
    return Leaf(cid: cid, size: bytes.count, tsize: bytes.count)
  }

  /// Stores the only chunk of a file whose root says more of it: never a bare leaf, which has no place for that.
  static func store(
    _ bytes: UnsafeRawBufferPointer, metadata: UnixFSMetadata, profile: ImportProfile, to sink: any BlockSink
  ) async throws -> Leaf {
    var node = node(over: bytes, profile: profile)
    node.set(metadata)
    return try await store(node, profile, to: sink)
  }

  /// The node of a leaf that is not bare.
  static func node(over bytes: UnsafeRawBufferPointer, profile: ImportProfile) -> UnixFSNode {
    let kind: UnixFSNode.Kind = profile.layout == .trickle ? .raw : .file
    return UnixFSNode(kind: kind, data: bytes.isEmpty ? nil : Array(bytes), fileSize: UInt64(bytes.count))
  }

  private static func store(
    _ node: UnixFSNode, _ profile: ImportProfile, to sink: any BlockSink
  ) async throws -> Leaf {
    let size = node.data?.count ?? 0
    let root = try await sink.store(node, size: UInt64(size), profile: profile)
    return Leaf(cid: root.cid, size: size, tsize: Int(root.tsize))
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
