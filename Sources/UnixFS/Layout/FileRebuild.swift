public import IPLD
public import Multiformats

/// A piece of a changed file, as its new DAG has it.
public enum FileSegment: Hashable, Sendable {
  /// A chunk that is stored.
  case leaf(Leaf)
  /// So many chunks of zeros, each of ``ImportProfile/Chunker/zeroChunkSize``.
  case zeros(count: UInt64)
  /// Bytes of the base, which begin and end where its chunks do.
  case base(Range<UInt64>)
}

extension DAGEditor {
  /// Puts the DAG of a file together from its segments, in order. The leaves of the base are linked unread, and where
  /// they keep their places so are the nodes over them.
  ///
  /// - Parameters:
  ///   - base: What `base` segments are part of: a file that this profile built.
  ///   - profile: Any profile.
  /// - Returns: The DAG, and how many blocks were encoded for it.
  /// - Throws: ``UnixFSError`` with `shapeMismatch` where the base is not what the profile builds, as far as it was
  ///   read; or what the store throws.
  public static func build(
    _ segments: [FileSegment], base: DAGRoot?, profile: ImportProfile, store: any BlockStore
  ) async throws -> (root: DAGRoot, encodedNodes: Int) {
    guard !segments.isEmpty else { return (try await Importer(profile: profile, sink: store).finish(), 1) }
    var builder = profile.builder(to: store)
    var zeroLeaf: DAGRoot?
    var leaves: StoredLeaves?
    for (index, segment) in segments.enumerated() {
      switch segment {
      case .leaf(let leaf): try await builder.append(DAGRoot(leaf))
      case .zeros(let count):
        let leaf = if let zeroLeaf { zeroLeaf } else { try await ZeroChunk(profile).store(to: store) }
        zeroLeaf = leaf
        try await builder.append(leaf, count: count)
      case .base(let range):
        guard let base else { throw UnixFSError(.invalidEdits, "a segment of a base that there is none of") }
        var stored = if let leaves { leaves } else { try await StoredLeaves(base, profile: profile, source: store) }
        try await stored.link(range, isEnd: index == segments.count - 1, into: &builder)
        leaves = stored
      }
    }
    let root = try await builder.finish(metadata: nil)
    return (root, builder.encodedNodes + (zeroLeaf == nil ? 0 : 1))
  }
}

/// How a stored chunk ends.
public enum ChunkEnd: Hashable, Sendable {
  /// Where the profile's chunker cuts, whatever follows.
  case cut
  /// Where the file ended when it was stored; the chunker would go on.
  case file
}

/// Finds the chunks of a changed file, for any chunker: from the first change on, bytes are chunked anew until a cut
/// falls on one that is known; from there on the known chunks are taken unread, up to the next change.
///
/// ```
///   old    │    A    │   B   │     C     │    D    │  E  │
///   edit                 ──
///   new    │    A    │  B'  │   C'   │        D'    │  E  │
///          linked    chunked anew                   linked
/// ```
///
/// What a chunk consists of decides where it ends, so a chunk that is known may follow any cut.
public struct Rechunking {
  /// Fills a buffer with the file's bytes from an offset.
  public typealias Read = (UInt64, UnsafeMutableRawBufferPointer) async throws -> Void

  private let size: UInt64
  private let extents: [ExtentMap.Extent]
  private let base: DAGRoot?
  private let knownChunks: [CID: ChunkEnd]
  private let profile: ImportProfile
  private let store: any BlockStore

  /// Describes a changed file.
  ///
  /// - Parameters:
  ///   - size: The file's bytes.
  ///   - extents: What they are, without a gap (``ExtentMap/extents(in:)``).
  ///   - base: The DAG that extents are of, if this profile built it; nil where that is not known: then its bytes are
  ///     chunked anew.
  ///   - knownChunks: Leaves that this profile's chunker made, and how each ends; others are chunked anew.
  ///   - profile: How the file is built.
  ///   - store: Where leaves go, and nodes of the base come from.
  public init(
    size: UInt64, extents: [ExtentMap.Extent], base: DAGRoot?, knownChunks: [CID: ChunkEnd], profile: ImportProfile,
    store: any BlockStore
  ) {
    self.size = size
    self.extents = extents
    self.base = base
    self.knownChunks = knownChunks
    self.profile = profile
    self.store = store
  }

  /// The file's segments.
  ///
  /// - Parameter read: Gives the file's bytes; nil where none may be read.
  /// - Returns: The segments; nil if bytes would have to be read and may not.
  public func segments(read: Read?) async throws -> [FileSegment]? {
    var leaves: StoredLeaves?
    if let base, base.size > 0, extents.contains(where: { $0.source == .base }) {
      leaves = try await StoredLeaves(base, profile: profile, source: store)
    }
    var segments: [FileSegment] = []
    var position: UInt64 = 0
    var current = 0
    var window = ChunkWindow(profile.chunker, fileSize: size)
    while position < size {
      while extents[current].range.upperBound <= position { current += 1 }
      let extent = extents[current]
      if let known = try await known(at: position, in: extent, &leaves) {
        segments.append(known.segment)
        position = known.end
      } else {
        guard let read else { return nil }
        let chunk = try await window.chunk(at: position, read)
        segments.append(.leaf(try await LeafEncoder.store(chunk, profile: profile, to: store)))
        position += UInt64(chunk.count)
      }
    }
    return segments
  }

  /// What is known to begin at a cut, as far as the extent reaches.
  private func known(
    at position: UInt64, in extent: ExtentMap.Extent, _ leaves: inout StoredLeaves?
  ) async throws -> (segment: FileSegment, end: UInt64)? {
    switch extent.source {
    case .spool: return nil
    case .hole:
      return chunksOfZeros(at: position, end: extent.range.upperBound)
    case .leaf(let leaf, let origin):
      let end = position + UInt64(leaf.size)
      guard origin == Int64(position), end == extent.range.upperBound, let kind = knownChunks[leaf.cid],
        kind == .cut || end == size
      else { return nil }
      return (.leaf(leaf), end)
    case .base:
      guard var stored = leaves else { return nil }
      defer { leaves = stored }
      guard try await stored.leaf(at: position).lowerBound == position else {
        // Zeros never fall in step again with zeros that are cut elsewhere: they are taken as such.
        guard let zeros = try await stored.endOfZeros(from: position) else { return nil }
        return chunksOfZeros(at: position, end: min(zeros, extent.range.upperBound))
      }
      let end: UInt64
      if extent.range.upperBound < stored.size {
        end = try await stored.leaf(at: extent.range.upperBound).lowerBound
      } else if stored.size == size {
        end = size
      } else {
        // Its last chunk ends with the file.
        end = try await stored.leaf(at: stored.size - 1).lowerBound
      }
      return end > position ? (.base(position..<end), end) : nil
    }
  }
}

extension Rechunking {
  private func chunksOfZeros(at position: UInt64, end: UInt64) -> (segment: FileSegment, end: UInt64)? {
    let size = UInt64(profile.chunker.zeroChunkSize)
    let count = (end - position) / size
    return count > 0 ? (.zeros(count: count), position + count * size) : nil
  }
}

/// The bytes of a file around the chunk that is looked for; they are read in steps.
private struct ChunkWindow: ~Copyable {
  private static let step = 64 << 10

  private let chunker: ImportProfile.Chunker
  private let fileSize: UInt64
  private let buffer: UnsafeMutableRawBufferPointer
  /// Where the buffer's first byte stands in the file, and how many it has.
  private var start: UInt64 = 0
  private var count = 0

  init(_ chunker: ImportProfile.Chunker, fileSize: UInt64) {
    self.chunker = chunker
    self.fileSize = fileSize
    buffer = .allocate(byteCount: chunker.maximumChunkSize + Self.step, alignment: 4096)
  }

  deinit {
    buffer.deallocate()
  }

  /// The chunk that begins at a cut; valid until the next call.
  mutating func chunk(at position: UInt64, _ read: Rechunking.Read) async throws -> UnsafeRawBufferPointer {
    move(to: position)
    var cutter = ChunkCutter(chunker)
    var searched = 0
    while true {
      if let found = cutter.cut(UnsafeRawBufferPointer(rebasing: buffer[searched..<count])) {
        return UnsafeRawBufferPointer(rebasing: buffer[..<(searched + found)])
      }
      searched = count
      let end = start + UInt64(count)
      guard end < fileSize else { return UnsafeRawBufferPointer(rebasing: buffer[..<count]) }
      let wanted = count == 0 ? max(chunker.minimumChunkSize, Self.step) : Self.step
      let more = Int(min(UInt64(min(wanted, buffer.count - count)), fileSize - end))
      try await read(end, UnsafeMutableRawBufferPointer(rebasing: buffer[count..<count + more]))
      count += more
    }
  }

  /// Drops what lies before a position.
  private mutating func move(to position: UInt64) {
    let end = start + UInt64(count)
    if position >= start, position < end {
      let rest = buffer[Int(position - start)..<count]
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest))
      count = rest.count
    } else {
      count = 0
    }
    start = position
  }
}
