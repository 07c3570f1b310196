public import IPLD
internal import Multiformats

/// Reads a file that differs from its DAG: leaves, holes, bytes in memory, and the DAG where they leave it.
public final class ContentReader: Sendable {
  /// The content; what lies in a spool file is in memory here.
  private let content: FileContent
  private let map: ExtentMap
  /// Bytes by their offset in the file, for extents of a spool file.
  private let pieces: [(offset: UInt64, bytes: [UInt8])]
  private let base: FileReader?
  private let source: any BlockSource

  /// Opens a content.
  ///
  /// - Parameters:
  ///   - content: The content.
  ///   - pieces: What its extents of a spool file are, by offset in the file.
  ///   - source: Where blocks come from.
  /// - Throws: ``UnixFSError`` if the base is no file, or what the source throws.
  public init(
    _ content: FileContent, pieces: [(offset: UInt64, bytes: [UInt8])], source: any BlockSource
  ) async throws {
    self.content = content
    self.pieces = pieces
    self.source = source
    map = content.pending ?? ExtentMap(baseSize: content.base?.size ?? 0)
    if let root = content.base, root.size > 0 {
      base = try await FileReader(root, source: source)
    } else {
      base = nil
    }
  }

  /// Fills a buffer from an offset; the range lies within the file.
  ///
  /// - Throws: ``UnixFSError``, or what the source throws.
  public func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) async throws {
    for extent in map.extents(in: offset..<offset + UInt64(buffer.count)) {
      let start = Int(extent.range.lowerBound - offset)
      let end = Int(extent.range.upperBound - offset)
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[start..<end])
      switch extent.source {
      case .hole: part.initializeMemory(as: UInt8.self, repeating: 0)
      case .spool: try copy(extent.range, into: part)
      case .leaf(let leaf, let origin):
        let position = extent.position(from: origin)
        if leaf.cid.codec == .raw {
          try await source.read(leaf.cid, at: Int(position), into: part)
        } else {
          try await fill(part, at: position, by: FileReader(root: leaf.cid, source: source))
        }
      case .base:
        guard let base else { throw UnixFSError(.invalidEdits, "an extent of a base that there is none of") }
        try await fill(part, at: extent.range.lowerBound, by: base)
      }
    }
  }

  private func copy(_ range: Range<UInt64>, into buffer: UnsafeMutableRawBufferPointer) throws(UnixFSError) {
    var rest = range
    while !rest.isEmpty {
      // Neighbours are one extent.
      let piece = pieces.first { $0.offset <= rest.lowerBound && rest.lowerBound < $0.offset + UInt64($0.bytes.count) }
      guard let piece else { throw UnixFSError(.invalidEdits, "bytes that are not in memory") }
      let start = Int(rest.lowerBound - piece.offset)
      let count = min(piece.bytes.count - start, Int(rest.upperBound - rest.lowerBound))
      let place = Int(rest.lowerBound - range.lowerBound)
      UnsafeMutableRawBufferPointer(rebasing: buffer[place..<place + count])
        .copyBytes(from: piece.bytes[start..<start + count])
      rest = rest.lowerBound + UInt64(count)..<rest.upperBound
    }
  }

  private func fill(
    _ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64, by reader: FileReader
  ) async throws {
    guard try await reader.read(at: offset, into: buffer) == buffer.count else {
      throw UnixFSError(.malformed, "a file shorter than its size", cid: reader.root)
    }
  }
}
