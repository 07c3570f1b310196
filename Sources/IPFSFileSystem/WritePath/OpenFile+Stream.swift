import IPLD
import Multiformats
import Synchronization
import UnixFS

/// Writing with a content-defined chunker.
///
/// A file that is written in order from its beginning is chunked as it arrives. What else is written goes to the spool
/// file, and is chunked when the DAG is built: there chunks fall in step with those that are stored already.
extension OpenFile {
  /// Chunk buffers that may wait for the chunker: with a slower one, writers wait.
  fileprivate static let mostWaiting = 16

  /// Bytes of a chunk buffer: a chunk; where chunks have no fixed size, room for one or two, of 4 KiB to 1 MiB.
  static func bufferSize(_ profile: ImportProfile) -> Int {
    guard !profile.chunker.isFixed else { return profile.chunkSize }
    var size = 4 << 10
    while size < 1 << 20, size < profile.chunkSize * 2 { size *= 2 }
    return size
  }

  /// Whether chunks end where their content says so.
  var isStreaming: Bool { !volume.profile.chunker.isFixed }

  /// Begins a stream where a write begins the file; and sees to bytes that a stream has passed already.
  func prepareStream(
    for bytes: UnsafeRawBufferPointer, at offset: UInt64, _ state: inout State
  ) throws(FileSystemError) {
    if state.stream == nil, offset == 0 { state.stream = ChunkStream(volume.profile.chunker) }
    guard let stream = state.stream else { return }
    let end = offset + UInt64(bytes.count)
    if offset < stream.position, end > stream.start { state.stream?.lookAgain(volume.profile.chunker) }
    // The buffer that the chunk begins in goes once the chunk is stored, with what is before the chunk.
    let kept = stream.start / UInt64(chunkSize) * UInt64(chunkSize)
    let first = max(offset, kept)
    guard first < min(end, stream.start), state.buffers[kept / UInt64(chunkSize)] != nil else { return }
    let stored = Int(first - offset)..<Int(min(end, stream.start) - offset)
    try spool(UnsafeRawBufferPointer(rebasing: bytes[stored]), at: first, &state)
  }

  /// Decides what becomes of a buffer that is whole: it waits for the chunker, or goes to the spool file.
  func keep(_ index: UInt64, _ buffer: ChunkBuffer, _ state: inout State) throws(FileSystemError) {
    if let stream = state.stream {
      let next = stream.position / UInt64(chunkSize)
      if stream.start / UInt64(chunkSize)...next + UInt64(Self.mostWaiting) ~= index { return }
    }
    // It stays in memory where there is no room for it, until there is.
    try spool(buffer.bytes(0..<chunkSize), at: index * UInt64(chunkSize), &state)
    state.buffers[index] = nil
  }

  /// What a chunker looks at without the lock: nobody writes to these buffers meanwhile.
  private struct Stretch {
    var stream: ChunkStream
    /// The buffers from the one on in which the chunk begins, and how many bytes of each are there.
    var buffers: [(index: UInt64, buffer: ChunkBuffer, count: Int)] = []
    /// The file's size, where the stretch reaches to its end.
    var fileSize: UInt64?
  }

  /// What came of a stretch: where the chunker is, and the chunks.
  private struct StoredStretch {
    var stream: ChunkStream
    var chunks: [(start: UInt64, leaf: Leaf, end: ChunkEnd)] = []
  }

  /// Stores the chunks that end in what was written in order. Returns the failure.
  ///
  /// - Parameter isEnd: Whether a flush asks, which takes what is in a buffer that is not whole as well, and the file's
  ///   last chunk. Otherwise the caller has set `isCutting`.
  func cut(isEnd: Bool) async -> FileSystemError? {
    while true {
      let stretch = state.withLock { nextStretch(&$0, isEnd: isEnd) }
      guard let stretch else {
        resumeWaiting { _ in }
        return nil
      }
      // Until the map has the leaves.
      let lease = volume.beginLease()
      defer { lease.end() }
      let result = await store(stretch)
      var failure: FileSystemError?
      resumeWaiting { state in
        state.sealing.subtract(stretch.buffers.map(\.index))
        switch result {
        case .success(let stored):
          for (start, leaf, end) in stored.chunks {
            state.map.set(start..<start + UInt64(leaf.size), .leaf(leaf, origin: Int64(start)))
            state.knownChunks[leaf.cid] = end
          }
          state.stream = stored.stream
          // Further bytes may have come meanwhile.
          state.stream?.isCutting = !isEnd
          for (index, _, _) in stretch.buffers where (index + 1) * UInt64(chunkSize) <= stored.stream.start {
            state.buffers[index] = nil
          }
        case .failure(let error):
          state.failure = error
          state.stream = nil
          failure = error
        }
      }
      if failure != nil || isEnd { return failure }
    }
  }

  /// Takes what the chunker can look at next; without it, says that nobody is at it any more.
  private func nextStretch(_ state: inout State, isEnd: Bool) -> Stretch? {
    guard let stream = state.stream else { return nil }
    var stretch = Stretch(stream: stream)
    var index = stream.start / UInt64(chunkSize)
    var end = stream.start
    while let buffer = state.buffers[index], buffer.isComplete || isEnd {
      guard let first = buffer.valid.first, first.lowerBound == 0 else { break }
      stretch.buffers.append((index: index, buffer: buffer, count: first.upperBound))
      end = index * UInt64(chunkSize) + UInt64(first.upperBound)
      guard first.upperBound == chunkSize else { break }
      index += 1
    }
    let isWhole = isEnd && end == state.size && state.sealedTails.insert(stream.start).inserted
    guard end > stream.position || isWhole && end > stream.start else {
      state.stream?.isCutting = false
      return nil
    }
    if isWhole { stretch.fileSize = end }
    state.stream?.isCutting = true
    state.sealing.formUnion(stretch.buffers.map(\.index))
    return stretch
  }

  /// Stores the chunks that end in a stretch.
  ///
  /// Errors are returned and not thrown: a typed error thrown where a result of this size would be returned frees the
  /// task's memory in the wrong order (Swift 6.3), which ends the process.
  private func store(_ stretch: Stretch) async -> Result<StoredStretch, FileSystemError> {
    var stored = StoredStretch(stream: stretch.stream)
    do {
      for (index, buffer, count) in stretch.buffers {
        let begin = index * UInt64(chunkSize)
        while stored.stream.position < begin + UInt64(count) {
          let from = Int(max(stored.stream.position, begin) - begin)
          guard stored.stream.cut(buffer.bytes(from..<count)) != nil else { break }
          let (start, end) = (stored.stream.start, stored.stream.position)
          stored.chunks.append((start: start, leaf: try await store(start..<end, of: stretch), end: .cut))
          stored.stream.endChunk()
        }
      }
      if let size = stretch.fileSize, stored.stream.start < size {
        let start = stored.stream.start
        stored.chunks.append((start: start, leaf: try await store(start..<size, of: stretch), end: .file))
        stored.stream.endChunk()
      }
    } catch {
      return .failure(FileSystemError(error))
    }
    return .success(stored)
  }

  /// Stores a chunk: from where it is, or put together where it is in several buffers.
  private func store(_ range: Range<UInt64>, of stretch: Stretch) async throws -> Leaf {
    let size = UInt64(chunkSize)
    var pieces: [UnsafeRawBufferPointer] = []
    for (index, buffer, _) in stretch.buffers {
      let part = (index * size..<(index + 1) * size).clamped(to: range)
      guard !part.isEmpty else { continue }
      pieces.append(buffer.bytes(Int(part.lowerBound - index * size)..<Int(part.upperBound - index * size)))
    }
    if pieces.count == 1 { return try await LeafEncoder.store(pieces[0], profile: volume.profile, to: volume) }
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 4096)
    defer { chunk.deallocate() }
    var done = 0
    for piece in pieces {
      UnsafeMutableRawBufferPointer(rebasing: chunk[done...]).copyMemory(from: piece)
      done += piece.count
    }
    return try await LeafEncoder.store(UnsafeRawBufferPointer(chunk), profile: volume.profile, to: volume)
  }

  /// Spools what is in memory and not stored as a leaf. The stream ends: what it had is not in memory any more.
  func spillStream(_ state: inout State) throws(FileSystemError) {
    let stored = state.stream?.start ?? 0
    for (index, buffer) in state.buffers {
      let begin = index * UInt64(chunkSize)
      // Of the buffer that the chunk begins in, what is before the chunk is in the map.
      let known = stored > begin && stored <= begin + UInt64(chunkSize) ? Int(stored - begin) : 0
      for part in buffer.valid {
        let rest = max(part.lowerBound, known)..<max(part.upperBound, known)
        guard !rest.isEmpty else { continue }
        try spool(buffer.bytes(rest), at: begin + UInt64(rest.lowerBound), &state)
      }
    }
    state.buffers = [:]
    state.stream = nil
  }
}

extension OpenFile.State {
  /// Whether somebody looks for cuts outside the lock.
  var isCutting: Bool { stream?.isCutting ?? false }

  /// Whether writers have to wait for the chunker.
  var isBehind: Bool { isCutting && buffers.count > OpenFile.mostWaiting }

  /// Whether the next bytes for the chunker are there, and nobody is at it.
  func canCut(bufferSize: Int) -> Bool {
    guard let stream, !stream.isCutting else { return false }
    return buffers[stream.position / UInt64(bufferSize)]?.isComplete ?? false
  }
}
