import IPLD
import Multiformats
import UnixFS

/// What a file consists of at one moment, without what is only in memory: enough to read it.
struct ContentSnapshot: Sendable {
  var size: UInt64
  var base: DAGRoot?
  /// Which options `base` was built with (``FileContent/builtBy``).
  var builtBy: UInt64?
  var map: ExtentMap
  var spool: SpoolFile?
  /// The reader of `base`, where one has been made.
  var reader: FileReader?
  /// Leaves in `map` that the volume's chunker made.
  var knownChunks: [CID: ChunkEnd]
  /// The state's ``OpenFile/State/version`` then.
  var version: UInt64

  /// Fills `buffer` with the bytes from an offset; the range lies within `size`.
  func read(
    at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer, from source: any BlockSource
  ) async throws(FileSystemError) {
    for extent in map.extents(in: offset..<offset + UInt64(buffer.count)) {
      let start = Int(extent.range.lowerBound - offset)
      let end = Int(extent.range.upperBound - offset)
      try await Self.read(
        extent, into: UnsafeMutableRawBufferPointer(rebasing: buffer[start..<end]), spool: spool, reader: reader,
        source: source)
    }
  }

  /// Fills `buffer` with the bytes of one extent, whose length it has.
  static func read(
    _ extent: ExtentMap.Extent, into buffer: UnsafeMutableRawBufferPointer, spool: SpoolFile?, reader: FileReader?,
    source: any BlockSource
  ) async throws(FileSystemError) {
    switch extent.source {
    case .hole:
      buffer.initializeMemory(as: UInt8.self, repeating: 0)
    case .spool(let origin):
      guard let spool else { throw OpenFile.lostSpool }
      try spool.read(at: extent.position(from: origin), into: buffer)
    case .leaf(let leaf, let origin):
      let within = Int(extent.position(from: origin))
      do {
        if leaf.cid.codec == .raw {
          try await source.read(leaf.cid, at: within, into: buffer)
        } else {
          try await fill(buffer, at: UInt64(within), by: FileReader(root: leaf.cid, source: source))
        }
      } catch { throw FileSystemError(error) }
    case .base:
      guard let reader else { throw FileSystemError(.inputOutput, "an extent without its base") }
      try await fill(buffer, at: extent.range.lowerBound, by: reader)
    }
  }

  private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, by reader: FileReader
  ) async throws(FileSystemError) {
    do {
      let count = try await reader.read(at: offset, into: buffer)
      guard count == buffer.count else { throw FileSystemError(.corrupt, "a file shorter than its size") }
    } catch { throw FileSystemError(error) }
  }
}
