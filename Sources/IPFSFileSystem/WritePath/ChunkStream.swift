import UnixFS

/// Where a content-defined chunker is in a file that is written in order.
///
/// ```
///   file      0 ── stored leaves ──┬─ chunk buffers, kept ─────┬─ being written ───
///                                start                     position
///                                  └ the chunk whose end is not found yet
/// ```
///
/// Bytes from `start` on are in chunk buffers until the chunk they belong to is stored, so that reading finds them
/// there.
struct ChunkStream {
  /// Where the chunk begins that has not ended yet.
  private(set) var start: UInt64 = 0
  /// How far the chunker has looked.
  private(set) var position: UInt64 = 0
  private(set) var cutter: ChunkCutter
  /// Whether somebody looks for cuts outside the lock.
  var isCutting = false

  /// A chunker at the beginning of the file.
  init(_ chunker: ImportProfile.Chunker) {
    cutter = ChunkCutter(chunker)
  }

  /// Goes on through the bytes that follow. Returns how many of them the chunk has, where it ends in them.
  mutating func cut(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let count = cutter.cut(bytes)
    position += UInt64(count ?? bytes.count)
    return count
  }

  /// Goes to the beginning of the next chunk.
  mutating func endChunk() {
    start = position
  }

  /// Bytes of the chunk changed: it is looked at again.
  mutating func lookAgain(_ chunker: ImportProfile.Chunker) {
    position = start
    cutter = ChunkCutter(chunker)
  }
}
