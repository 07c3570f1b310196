public import Multiformats

/// Reads an archive of blocks from a source of bytes, block by block, in bounded memory.
///
/// ```
/// var reader = try await CARReader(body)
/// while let block = try await reader.next() { … }
/// ```
public struct CARReader<Chunks: AsyncIteratorProtocol> where Chunks.Element == [UInt8] {
  private var chunks: Chunks
  private var decoder: CARDecoder
  /// What came with the header.
  private var first: Block?

  /// The blocks for which the archive was made.
  public let roots: [CID]
  /// The archive's version, 1 or 2.
  public let version: Int

  /// Reads up to the header.
  ///
  /// - Throws: ``IPLDError``, and what the source throws.
  public init<Source: AsyncSequence>(
    _ source: Source, limits: CARDecoder.Limits = .init(), isolation: isolated (any Actor)? = #isolation
  ) async throws where Source.AsyncIterator == Chunks {
    var chunks = source.makeAsyncIterator()
    var decoder = CARDecoder(limits: limits)
    var first: Block?
    while decoder.roots == nil {
      guard let bytes = try await chunks.next(isolation: isolation) else {
        try decoder.finish()
        break
      }
      decoder.append(bytes)
      first = try decoder.nextBlock()
    }
    roots = decoder.roots ?? []
    version = decoder.version ?? 1
    self.chunks = chunks
    self.decoder = decoder
    self.first = first
  }

  /// The next block, verified; nil at the end.
  ///
  /// - Throws: ``IPLDError`` for an archive that is damaged or ends too early, ``BlockError`` for a block that is not
  ///   what its CID says, and what the source throws.
  public mutating func next(isolation: isolated (any Actor)? = #isolation) async throws -> Block? {
    if let block = first {
      first = nil
      return block
    }
    while true {
      if let block = try decoder.nextBlock() { return block }
      guard let bytes = try await chunks.next(isolation: isolation) else {
        try decoder.finish()
        return nil
      }
      decoder.append(bytes)
    }
  }
}
