import IPLD
import UnixFS

/// Builds the DAG of a changed file: what did not change is linked from the base, stored leaves are linked as they
/// are, and only chunks that are made of several pieces are read, hashed and stored.
struct DAGBuild {
  private let snapshot: ContentSnapshot
  private let file: OpenFile
  private let profile: ImportProfile
  private let chunkSize: UInt64

  init(_ snapshot: ContentSnapshot, of file: OpenFile) {
    self.snapshot = snapshot
    self.file = file
    profile = file.volume.profile
    chunkSize = UInt64(file.chunkSize)
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
  func runIfCheap() async throws(FileSystemError) -> DAGRoot? {
    if let root = wholeBase { return root }
    guard profile.isRegular else { return try await rechunk(reading: false) }
    guard !hasIrregularBase else { return nil }
    let work = sort()
    guard work.pieced.isEmpty else { return nil }
    return try await rebuild(work)
  }

  /// The DAG, whatever it takes.
  func run() async throws(FileSystemError) -> DAGRoot {
    if let root = wholeBase { return root }
    guard profile.isRegular else {
      guard let root = try await rechunk(reading: true) else { return try await importWhole() }
      return root
    }
    guard !hasIrregularBase else { return try await importWhole() }
    var work = sort()
    let source = try await readable()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: file.chunkSize, alignment: 4096)
    defer { buffer.deallocate() }
    for chunk in work.pieced.joined() {
      let leaf = try await store(chunk, from: source, buffer)
      work.leaves.append((index: chunk, leaf: leaf))
    }
    work.leaves.sort { $0.index < $1.index }
    return try await rebuild(work)
  }

  /// The base, if that is all there is: a copy of a whole file is the same DAG, of whatever form.
  private var wholeBase: DAGRoot? {
    guard let base = snapshot.base, snapshot.map == ExtentMap(baseSize: base.size), snapshot.size == base.size else {
      return nil
    }
    return base
  }

  /// Says of every chunk what it is, without walking through long runs of base or hole.
  private func sort() -> Work {
    var work = Work()
    let size = snapshot.size
    for extent in snapshot.map.extents(in: 0..<size) {
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
        let range = file.range(ofChunk: chunk, size: snapshot.size)
        if origin == Int64(range.lowerBound), leaf.size == range.count {
          work.leaves.append((index: chunk, leaf: leaf))
        } else {
          work.piece(chunk)
        }
      }
    case .base:
      // The base's last chunk is the same chunk only where it has the same length.
      guard let base = snapshot.base, let last = chunks.last else { return }
      if file.range(ofChunk: last, size: snapshot.size) != file.range(ofChunk: last, size: base.size) {
        work.piece(last)
      }
    }
  }

  /// The snapshot with a reader of its base.
  private func readable() async throws(FileSystemError) -> ContentSnapshot {
    var readable = snapshot
    if let base = snapshot.base, base.size > 0, readable.reader == nil {
      do { readable.reader = try await FileReader(base, source: file.volume) } catch {
        throw FileSystemError(error)
      }
    }
    return readable
  }

  private func store(
    _ chunk: UInt64, from source: ContentSnapshot, _ buffer: UnsafeMutableRawBufferPointer
  ) async throws(FileSystemError) -> Leaf {
    let range = file.range(ofChunk: chunk, size: snapshot.size)
    let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<range.count])
    try await source.read(at: range.lowerBound, into: bytes, from: file.volume)
    do {
      return try await LeafEncoder.store(UnsafeRawBufferPointer(bytes), profile: profile, to: file.volume)
    } catch { throw FileSystemError(error) }
  }

  private func rebuild(_ work: Work) async throws(FileSystemError) -> DAGRoot {
    let edits = ChunkEdits(size: snapshot.size, base: snapshot.base, leaves: work.leaves, holes: work.holes)
    do {
      return try await DAGEditor.rebuild(edits, profile: profile, store: file.volume).root
    } catch let error as UnixFSError where error.code == .shapeMismatch {
      return try await importWhole()
    } catch { throw FileSystemError(error) }
  }

  /// The base was not built the way this volume builds: the whole file is chunked anew.
  private func importWhole() async throws(FileSystemError) -> DAGRoot {
    let source = try await readable()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: file.chunkSize, alignment: 4096)
    defer { buffer.deallocate() }
    do {
      var importer = Importer(profile: profile, sink: file.volume)
      var position: UInt64 = 0
      while position < snapshot.size {
        let count = Int(min(chunkSize, snapshot.size - position))
        let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        try await source.read(at: position, into: bytes, from: file.volume)
        try await importer.append(UnsafeRawBufferPointer(bytes))
        position += UInt64(count)
      }
      return try await importer.finish()
    } catch { throw FileSystemError(error) }
  }

  /// Whether the base is of other options, where its form might not tell.
  private var hasIrregularBase: Bool { snapshot.builtBy != nil && snapshot.map.baseLimit > 0 }

  /// The DAG where chunks are not all of one size, or not under a balanced tree; nil if bytes would have to be read
  /// and may not, or the base is not what it should be.
  private func rechunk(reading: Bool) async throws(FileSystemError) -> DAGRoot? {
    let base = snapshot.builtBy == profile.fingerprint ? snapshot.base : nil
    let rechunking = Rechunking(
      size: snapshot.size, extents: snapshot.map.extents(in: 0..<snapshot.size), base: base,
      knownChunks: snapshot.knownChunks, profile: profile, store: file.volume)
    let source = reading ? try await readable() : snapshot
    do {
      let segments = try await rechunking.segments(
        read: reading
          ? { offset, buffer in try await source.read(at: offset, into: buffer, from: file.volume) } : nil)
      guard let segments else { return nil }
      return try await DAGEditor.build(segments, base: base, profile: profile, store: file.volume).root
    } catch let error as UnixFSError where error.code == .shapeMismatch {
      return nil
    } catch { throw FileSystemError(error) }
  }
}
