internal import IPLD
internal import Multiformats

/// The chunk that a run of zeros consists of.
struct ZeroChunk: ~Copyable {
  private let profile: ImportProfile
  private let bytes: UnsafeMutableRawBufferPointer

  init(_ profile: ImportProfile) {
    self.profile = profile
    bytes = .allocate(byteCount: profile.chunker.zeroChunkSize, alignment: 16)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit {
    bytes.deallocate()
  }

  /// Its CID, without storing it.
  var cid: CID {
    get throws(UnixFSError) {
      guard !profile.rawLeaves else { return try profile.cid(of: UnsafeRawBufferPointer(bytes), codec: .raw) }
      let node = DAGPBNode(data: LeafEncoder.node(over: UnsafeRawBufferPointer(bytes), profile: profile).encoded())
      return try node.encoded().span.withUnsafeBytes { block throws(UnixFSError) in
        try profile.cid(of: block, codec: .dagPB)
      }
    }
  }

  /// Stores it.
  func store(to sink: any BlockSink) async throws -> DAGRoot {
    DAGRoot(try await LeafEncoder.store(UnsafeRawBufferPointer(bytes), profile: profile, to: sink))
  }
}
