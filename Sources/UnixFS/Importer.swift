public import IPLD

/// Makes a file's DAG of its bytes as they arrive, with the CID that `ipfs add` gives with the same options.
///
/// Holds one chunk and one unfinished node a level, however long the file is.
public struct Importer: ~Copyable {
  private let profile: ImportProfile
  private let metadata: UnixFSMetadata?
  private let sink: any BlockSink
  private var builder: any LayoutBuilder
  private var cutter: ChunkCutter
  /// Room for a chunk that arrives in pieces; allocated when the first such piece arrives.
  private var buffer: UnsafeMutableRawBufferPointer?
  private var buffered = 0
  private var leafCount = 0
  /// The first chunk of a file whose root gets metadata: it may turn out to be the root.
  private var first: [UInt8] = []

  /// Begins a file whose blocks go to `sink`.
  ///
  /// - Parameters:
  ///   - profile: How it is built.
  ///   - metadata: What its root says of it.
  ///   - sink: Where blocks go.
  public init(profile: ImportProfile, metadata: UnixFSMetadata? = nil, sink: any BlockSink) {
    self.profile = profile
    self.metadata = metadata
    self.sink = sink
    builder = profile.builder(to: sink)
    cutter = ChunkCutter(profile.chunker)
  }

  deinit {
    buffer?.deallocate()
  }

  /// Makes the DAG of a file whose bytes are all here.
  ///
  /// - Parameter bytes: The file; valid until the call returns.
  /// - Throws: What the sink throws.
  public static func build(
    _ bytes: UnsafeRawBufferPointer, profile: ImportProfile, metadata: UnixFSMetadata? = nil, sink: any BlockSink
  ) async throws -> DAGRoot {
    // The usual small file is its only leaf.
    if profile.layout == .balanced, bytes.count <= profile.chunker.minimumChunkSize {
      guard let metadata else { return DAGRoot(try await LeafEncoder.store(bytes, profile: profile, to: sink)) }
      return DAGRoot(try await LeafEncoder.store(bytes, metadata: metadata, profile: profile, to: sink))
    }
    var importer = Importer(profile: profile, metadata: metadata, sink: sink)
    try await importer.append(bytes)
    return try await importer.finish()
  }

  /// Adds bytes. Chunks that lie in `bytes` whole are hashed and stored from there, without a copy.
  ///
  /// - Parameter bytes: The next bytes of the file; valid until the call returns.
  /// - Throws: What the sink throws; the importer is of no use then.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) async throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let count = cutter.cut(UnsafeRawBufferPointer(rebasing: rest)) else { return keep(rest) }
      let piece = rest.prefix(count)
      rest = rest.dropFirst(count)
      if buffered == 0 {
        try await store(UnsafeRawBufferPointer(rebasing: piece))
      } else {
        keep(piece)
        try await storeBuffered()
      }
    }
  }

  /// Ends the file, and returns its DAG.
  ///
  /// - Throws: What the sink throws.
  public consuming func finish() async throws -> DAGRoot {
    if buffered > 0 { try await storeBuffered() }
    if profile.layout == .balanced, leafCount <= 1 {
      if let metadata { return try await storeOnlyChunk(metadata) }
      // A file without a byte has one leaf without a byte.
      if leafCount == 0 { try await store(UnsafeRawBufferPointer(start: nil, count: 0)) }
    }
    return try await builder.finish(metadata: metadata)
  }

  /// Copies bytes of a chunk that is not whole yet.
  private mutating func keep(_ piece: Slice<UnsafeRawBufferPointer>) {
    let buffer = buffer ?? .allocate(byteCount: profile.chunkSize, alignment: 16)
    self.buffer = buffer
    UnsafeMutableRawBufferPointer(rebasing: buffer[buffered...]).copyMemory(
      from: UnsafeRawBufferPointer(rebasing: piece))
    buffered += piece.count
  }

  private mutating func storeBuffered() async throws {
    guard let chunk = buffer?[..<buffered] else { return }
    buffered = 0
    try await store(UnsafeRawBufferPointer(rebasing: chunk))
  }

  private mutating func store(_ chunk: UnsafeRawBufferPointer) async throws {
    leafCount += 1
    if metadata != nil { first = leafCount == 1 ? Array(chunk) : [] }
    try await builder.append(DAGRoot(LeafEncoder.store(chunk, profile: profile, to: sink)))
  }

  private func storeOnlyChunk(_ metadata: UnixFSMetadata) async throws -> DAGRoot {
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: first.count, alignment: 1)
    defer { chunk.deallocate() }
    chunk.copyBytes(from: first)
    return DAGRoot(
      try await LeafEncoder.store(UnsafeRawBufferPointer(chunk), metadata: metadata, profile: profile, to: sink))
  }
}
