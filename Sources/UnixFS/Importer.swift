public import IPLD

/// Makes a file's DAG of its bytes as they arrive, with the CID that `ipfs add` gives with the same options.
///
/// Holds one chunk and one unfinished node a level, however long the file is.
public struct Importer: ~Copyable {
  private let profile: ImportProfile
  private let sink: any BlockSink
  private var builder: BalancedBuilder
  /// Room for a chunk that arrives in pieces; allocated when the first such piece arrives.
  private var buffer: UnsafeMutableRawBufferPointer?
  private var buffered = 0
  private var isEmpty = true

  /// Begins a file whose blocks go to `sink`.
  public init(profile: ImportProfile, sink: any BlockSink) {
    self.profile = profile
    self.sink = sink
    builder = BalancedBuilder(profile: profile, sink: sink)
  }

  deinit {
    buffer?.deallocate()
  }

  /// Adds bytes. Chunks that lie in `bytes` whole are hashed and stored from there, without a copy.
  ///
  /// - Parameter bytes: The next bytes of the file; valid until the call returns.
  /// - Throws: What the sink throws; the importer is of no use then.
  public mutating func append(_ bytes: UnsafeRawBufferPointer) async throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      if buffered == 0, rest.count >= profile.chunkSize {
        try await store(UnsafeRawBufferPointer(rebasing: rest.prefix(profile.chunkSize)))
        rest = rest.dropFirst(profile.chunkSize)
        continue
      }
      let buffer = chunkBuffer()
      let piece = rest.prefix(profile.chunkSize - buffered)
      UnsafeMutableRawBufferPointer(rebasing: buffer[buffered...]).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: piece))
      buffered += piece.count
      rest = rest.dropFirst(piece.count)
      if buffered == profile.chunkSize { try await storeBuffered() }
    }
  }

  /// Ends the file, and returns its DAG.
  ///
  /// - Throws: What the sink throws.
  public consuming func finish() async throws -> DAGRoot {
    if buffered > 0 { try await storeBuffered() }
    // A file without a byte has one leaf without a byte.
    if isEmpty { try await store(UnsafeRawBufferPointer(start: nil, count: 0)) }
    return try await builder.finish()
  }

  private mutating func chunkBuffer() -> UnsafeMutableRawBufferPointer {
    if let buffer { return buffer }
    let new = UnsafeMutableRawBufferPointer.allocate(byteCount: profile.chunkSize, alignment: 16)
    buffer = new
    return new
  }

  private mutating func storeBuffered() async throws {
    let chunk = chunkBuffer()[..<buffered]
    buffered = 0
    try await store(UnsafeRawBufferPointer(rebasing: chunk))
  }

  private mutating func store(_ chunk: UnsafeRawBufferPointer) async throws {
    isEmpty = false
    try await builder.append(LeafEncoder.store(chunk, profile: profile, to: sink))
  }
}
