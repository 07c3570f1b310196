public import IPLD
public import Multiformats

/// Builds the DAG of a changed file: what did not change is linked from the base, stored leaves are linked as they
/// are, and only chunks that are made of several pieces are read, hashed and stored.
public struct FileBuild {
  private let size: UInt64
  private let base: DAGRoot?
  private let builtBy: UInt64?
  private let map: ExtentMap
  private let knownChunks: [CID: ChunkEnd]
  private let profile: ImportProfile
  private let store: any BlockStore
  private var chunkSize: UInt64 { UInt64(profile.chunkSize) }

  /// Describes a changed file.
  ///
  /// - Parameters:
  ///   - content: The file, with what differs from its base.
  ///   - knownChunks: Leaves that this profile's chunker made, and how each ends. Not needed where all chunks are of one
  ///     size.
  ///   - profile: How the file is built.
  ///   - store: Where blocks go, and nodes of the base come from.
  public init(
    _ content: FileContent, knownChunks: [CID: ChunkEnd] = [:], profile: ImportProfile, store: any BlockStore
  ) {
    size = content.size
    base = content.base
    builtBy = content.builtBy
    map = content.pending ?? ExtentMap(baseSize: content.base?.size ?? 0)
    self.knownChunks = knownChunks
    self.profile = profile
    self.store = store
  }

  /// Which chunks are what.
  private struct Work {
    var leaves: [(index: UInt64, leaf: Leaf)] = []
    var holes: [Range<UInt64>] = []
    /// Chunks to put together, in order.
    var pieced: [Range<UInt64>] = []

    mutating func piece(_ chunk: UInt64) {
      if let last = pieced.last, last.upperBound >= chunk {
        if last.upperBound == chunk { pieced[pieced.count - 1] = last.lowerBound..<chunk + 1 }
      } else {
        pieced.append(chunk..<chunk + 1)
      }
    }
  }

  /// The DAG, if no byte of content has to be read for it; else nil.
  ///
  /// - Throws: What the store throws.
  public func runIfCheap() async throws -> DAGRoot? {
    if let root = wholeBase { return root }
    guard profile.isRegular else { return try await rechunk(nil) }
    guard !hasIrregularBase else { return nil }
    let work = sort()
    guard work.pieced.isEmpty else { return nil }
    return try await rebuild(work)
  }

  /// The DAG, whatever it takes.
  ///
  /// - Parameter read: Gives the file's bytes.
  /// - Throws: What the store and `read` throw.
  public func run(_ read: @escaping Rechunking.Read) async throws -> DAGRoot {
    if let root = wholeBase { return root }
    guard profile.isRegular else {
      if let root = try await rechunk(read) { return root }
      return try await importWhole(read)
    }
    guard !hasIrregularBase else { return try await importWhole(read) }
    var work = sort()
    if !work.pieced.isEmpty { try await storePieced(&work, read) }
    if let root = try await rebuild(work) { return root }
    return try await importWhole(read)
  }

  /// The base, if that is all there is: a copy of a whole file is the same DAG, of whatever form.
  private var wholeBase: DAGRoot? {
    guard let base, map == ExtentMap(baseSize: base.size), size == base.size else { return nil }
    return base
  }

  private func range(ofChunk index: UInt64, size: UInt64) -> Range<UInt64> {
    let start = index * chunkSize
    return start..<max(start, min(size, start + chunkSize))
  }

  /// Says of every chunk what it is, without walking through long runs of base or hole.
  private func sort() -> Work {
    var work = Work()
    for extent in map.extents(in: 0..<size) {
      let range = extent.range
      let isLast = range.upperBound == size
      // Chunks [first, end) lie in the extent whole; the file's last chunk may be short.
      let first = (range.lowerBound + chunkSize - 1) / chunkSize
      let end = isLast ? (range.upperBound + chunkSize - 1) / chunkSize : range.upperBound / chunkSize
      if range.lowerBound % chunkSize != 0 { work.piece(range.lowerBound / chunkSize) }
      if first < end { sort(extent, first..<end, &work) }
      if !isLast, range.upperBound % chunkSize != 0 { work.piece(range.upperBound / chunkSize) }
    }
    return work
  }

  private func sort(_ extent: ExtentMap.Extent, _ chunks: Range<UInt64>, _ work: inout Work) {
    switch extent.source {
    case .hole:
      work.holes.append(chunks)
    case .spool:
      for chunk in chunks { work.piece(chunk) }
    case .leaf(let leaf, let origin):
      for chunk in chunks {
        let range = range(ofChunk: chunk, size: size)
        // One that was made with other options is made anew.
        if origin == Int64(range.lowerBound), leaf.size == range.count, profile.hasFormOfLeaf(leaf.cid) {
          work.leaves.append((index: chunk, leaf: leaf))
        } else {
          work.piece(chunk)
        }
      }
    case .base:
      // The base's last chunk is the same chunk only where it has the same length.
      guard let base, let last = chunks.last else { return }
      if range(ofChunk: last, size: size) != range(ofChunk: last, size: base.size) { work.piece(last) }
    }
  }

  private func storePieced(_ work: inout Work, _ read: Rechunking.Read) async throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: profile.chunkSize, alignment: 4096)
    defer { buffer.deallocate() }
    for chunk in work.pieced.joined() {
      let range = range(ofChunk: chunk, size: size)
      let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<range.count])
      try await read(range.lowerBound, bytes)
      let leaf = try await LeafEncoder.store(UnsafeRawBufferPointer(bytes), profile: profile, to: store)
      work.leaves.append((index: chunk, leaf: leaf))
    }
    work.leaves.sort { $0.index < $1.index }
  }

  /// The DAG; nil where the base was not built the way the profile builds.
  private func rebuild(_ work: Work) async throws -> DAGRoot? {
    let edits = ChunkEdits(size: size, base: base, leaves: work.leaves, holes: work.holes)
    do {
      return try await DAGEditor.rebuild(edits, profile: profile, store: store).root
    } catch let error as UnixFSError where error.code == .shapeMismatch {
      return nil
    }
  }

  /// The whole file is chunked anew.
  private func importWhole(_ read: Rechunking.Read) async throws -> DAGRoot {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: profile.chunkSize, alignment: 4096)
    defer { buffer.deallocate() }
    var importer = Importer(profile: profile, sink: store)
    var position: UInt64 = 0
    while position < size {
      try Task.checkCancellation()
      let count = Int(min(chunkSize, size - position))
      let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      try await read(position, bytes)
      try await importer.append(UnsafeRawBufferPointer(bytes))
      position += UInt64(count)
    }
    return try await importer.finish()
  }

  /// Whether the base is of other options, where its form might not tell.
  private var hasIrregularBase: Bool { builtBy != nil && map.baseLimit > 0 }

  /// The DAG where chunks are not all of one size, or not under a balanced tree; nil if bytes would have to be read
  /// and may not, or the base is not what it should be.
  private func rechunk(_ read: Rechunking.Read?) async throws -> DAGRoot? {
    let base = builtBy == profile.fingerprint ? base : nil
    let rechunking = Rechunking(
      size: size, extents: map.extents(in: 0..<size), base: base, knownChunks: knownChunks, profile: profile,
      store: store)
    do {
      guard let segments = try await rechunking.segments(read: read) else { return nil }
      return try await DAGEditor.build(segments, base: base, profile: profile, store: store).root
    } catch let error as UnixFSError where error.code == .shapeMismatch {
      return nil
    }
  }
}

extension FileContent {
  /// The content that a DAG makes which was built of another content.
  ///
  /// - Parameters:
  ///   - root: The DAG.
  ///   - old: What it was built of: where the DAG is its base still, others may have built it.
  ///   - profile: How it was built.
  public init(_ root: DAGRoot, builtFrom old: FileContent, by profile: ImportProfile) {
    self.init(root, builtBy: root == old.base ? old.builtBy : profile.isRegular ? nil : profile.fingerprint)
  }
}
