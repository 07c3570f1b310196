import IPLD
import Synchronization
import UnixFS

extension OpenFile {
  /// A chunk that is whole and to be stored.
  private struct WholeChunk {
    var index: UInt64
    var buffer: ChunkBuffer
  }

  private enum Acceptance {
    /// A chunk that the write touches is being stored, or a flush is under way; the bytes, copied.
    case busy(OwnedPayload)
    /// All bytes are taken, and these chunks are whole now.
    case taken([WholeChunk])
    /// There was no room for the rest of the bytes, which belongs at this offset; these chunks are whole now.
    case needsSpace([WholeChunk], OwnedPayload, at: UInt64)
    /// All bytes are taken, and a content-defined chunker can go on.
    case streamed
  }

  /// Writes bytes at an offset.
  ///
  /// - Parameter times: The file's new times; nil where the kernel caches writes and sets times itself.
  /// - Throws: What storing threw (`noSpace`); from then on every write fails so, until the last close.
  func write(_ payload: some WritePayload, at offset: UInt64, times: FileTimes?) async throws(FileSystemError) {
    guard payload.count > 0 else { return }
    guard offset <= UInt64(Int64.max) - UInt64(payload.count) else { throw FileSystemError(.fileTooLarge) }
    let acceptance = try payload.withUnsafeBytes { bytes throws(FileSystemError) in
      try accept(bytes, at: offset, times: times, mayMakeSpace: true)
    }
    if case .taken(let whole) = acceptance, whole.isEmpty { return }
    try await finish(acceptance, at: offset, times: times)
  }

  /// Does what is left to do of a write, until all of its bytes are taken.
  ///
  /// Not generic, and a loop: calling itself with the rest, from a generic function with typed errors, frees the task's
  /// memory in the wrong order where an error is thrown (Swift 6.3).
  private func finish(
    _ acceptance: Acceptance, at offset: UInt64, times: FileTimes?
  ) async throws(FileSystemError) {
    var acceptance = acceptance
    var position = offset
    var mayMakeSpace = true
    while true {
      let rest: OwnedPayload
      switch acceptance {
      case .taken(let whole):
        if let failure = await seal(whole) { throw failure }
        return
      case .streamed:
        if let failure = await cut(isEnd: false) { throw failure }
        return
      case .busy(let copy):
        let touched = chunks(of: position..<position + UInt64(copy.count))
        await wait { !$0.isSpilling && !Self.isSealing($0, touched) && !$0.isBehind }
        rest = copy
      case .needsSpace(let whole, let left, let place):
        if let failure = await seal(whole) { throw failure }
        _ = await volume.makeSpace()
        (rest, position, mayMakeSpace) = (left, place, false)
      }
      let (place, isFirstTry) = (position, mayMakeSpace)
      acceptance = try rest.withUnsafeBytes { bytes throws(FileSystemError) in
        try accept(bytes, at: place, times: times, mayMakeSpace: isFirstTry)
      }
    }
  }

  private func accept(
    _ bytes: UnsafeRawBufferPointer, at offset: UInt64, times: FileTimes?, mayMakeSpace: Bool
  ) throws(FileSystemError) -> Acceptance {
    try state.withLock { state throws(FileSystemError) -> Acceptance in
      if let failure = state.failure { throw failure }
      let end = offset + UInt64(bytes.count)
      if state.isSpilling || Self.isSealing(state, chunks(of: offset..<end)) || state.isBehind {
        return .busy(OwnedPayload(Array(bytes)))
      }
      var whole: [WholeChunk] = []
      var done = 0
      var failure: FileSystemError?
      do throws(FileSystemError) {
        if isStreaming { try prepareStream(for: bytes, at: offset, &state) }
        while done < bytes.count {
          let position = offset + UInt64(done)
          let index = position / UInt64(chunkSize)
          let within = Int(position % UInt64(chunkSize))
          let piece = done..<min(bytes.count, done + chunkSize - within)
          if let buffer = try take(
            UnsafeRawBufferPointer(rebasing: bytes[piece]), chunk: index, within: within, &state)
          {
            whole.append(WholeChunk(index: index, buffer: buffer))
          }
          done = piece.upperBound
        }
      } catch {
        guard error.code == .noSpace, mayMakeSpace else {
          // What was taken so far never gets stored: the file falls back as a whole.
          state.failure = error
          throw error
        }
        failure = error
      }
      state.sealing.formUnion(whole.map(\.index))
      if done > 0 {
        state.size = max(state.size, offset + UInt64(done))
        if let times { state.times = times }
        state.noteChange()
      }
      guard failure == nil else {
        return .needsSpace(whole, OwnedPayload(Array(bytes[done...])), at: offset + UInt64(done))
      }
      if state.canCut(bufferSize: chunkSize) {
        state.stream?.isCutting = true
        return .streamed
      }
      return .taken(whole)
    }
  }

  /// Puts a part of a chunk into memory or into the spool file. Returns the buffer once its chunk is whole.
  private func take(
    _ piece: UnsafeRawBufferPointer, chunk index: UInt64, within: Int, _ state: inout State
  ) throws(FileSystemError) -> ChunkBuffer? {
    let buffer: ChunkBuffer
    if let existing = state.buffers[index] {
      buffer = existing
    } else if within == 0 || piece.count >= Self.smallestBufferedPiece, pool.hasRoom(for: chunkSize) {
      buffer = ChunkBuffer(chunkSize: chunkSize, pool: pool)
      state.buffers[index] = buffer
    } else {
      try spool(piece, at: index * UInt64(chunkSize) + UInt64(within), &state)
      return nil
    }
    buffer.write(piece, at: within)
    guard buffer.isComplete else { return nil }
    if isStreaming {
      try keep(index, buffer, &state)
      return nil
    }
    state.buffers[index] = nil
    return buffer
  }

  /// Writes bytes to the spool file and says so in the map.
  func spool(_ bytes: UnsafeRawBufferPointer, at offset: UInt64, _ state: inout State) throws(FileSystemError) {
    let file: SpoolFile
    if let existing = state.spool {
      file = existing
    } else {
      // A new one would show zeros where bytes are lost.
      guard !hasLostSpool || !state.map.usesSpool else { throw Self.lostSpool }
      file = try spools.make(for: inode)
      state.spool = file
      // One that waited to be removed is used again, and the tree on the disk may speak of what is in it.
      state.spoolLayout = SpoolLayout(after: file.size)
    }
    let kept = [state.journaled.pending, state.flushing].compactMap(\.self) + state.synchronized
    var done = 0
    while done < bytes.count {
      let start = offset + UInt64(done)
      let piece = UnsafeRawBufferPointer(rebasing: bytes[done...].prefix(SpoolLayout.room(at: start)))
      let range = start..<start + UInt64(piece.count)
      let origin = state.spoolLayout.origin(for: range, keeping: kept)
      try file.write(piece, at: UInt64(Int64(start) - origin))
      state.map.set(range, .spool(origin: origin))
      done += piece.count
    }
  }

  /// Stores chunks that `state.sealing` already names. Returns the last failure; none of them stays named.
  private func seal(_ chunks: [WholeChunk]) async -> FileSystemError? {
    var failure: FileSystemError?
    for chunk in chunks {
      failure = await seal(chunk.index, chunk.buffer.bytes(chunk.buffer.valid[0])) ?? failure
    }
    return failure
  }

  /// Stores a chunk, whole or the file's last, that `state.sealing` already names.
  private func seal(_ index: UInt64, _ bytes: UnsafeRawBufferPointer) async -> FileSystemError? {
    let result: Result<Leaf, FileSystemError>
    // Until the map has the leaf.
    let lease = volume.beginLease()
    defer { lease.end() }
    do {
      result = .success(try await LeafEncoder.store(bytes, profile: volume.profile, to: volume))
    } catch {
      result = .failure(FileSystemError(error))
    }
    resumeWaiting { state in
      state.sealing.remove(index)
      switch result {
      case .success(let leaf):
        let start = index * UInt64(chunkSize)
        state.map.set(start..<start + UInt64(leaf.size), .leaf(leaf, origin: Int64(start)))
        if !volume.profile.isRegular { state.knownChunks[leaf.cid] = leaf.size == chunkSize ? .cut : .file }
      case .failure(let error):
        state.failure = error
      }
    }
    guard case .failure(let error) = result else { return nil }
    return error
  }

  /// Moves what is in memory to where it survives the process: stored leaves or the spool file. Returns what the file
  /// consists of then, which counts as journaled. The caller is in the journal's gate.
  func spill() async throws(FileSystemError) -> ContentSnapshot {
    state.withLock { $0.isSpilling = true }
    defer { resumeWaiting { $0.isSpilling = false } }
    await wait { $0.sealing.isEmpty && !$0.isCutting }
    if let failure = await cut(isEnd: true) { throw failure }
    let tails = try await spillAllBuffers()
    if let failure = await seal(tails) { throw failure }
    return state.withLock { state in
      state.isDirty = false
      state.flushing = state.map
      return takeSnapshot(of: &state)
    }
  }

  /// As ``spillBuffers(_:)``, once more after space was made if there was too little. What it leaves in memory when it
  /// fails is whole.
  private func spillAllBuffers() async throws(FileSystemError) -> [WholeChunk] {
    var mayMakeSpace = true
    while true {
      do throws(FileSystemError) {
        return try state.withLock { state throws(FileSystemError) -> [WholeChunk] in
          if let failure = state.failure { throw failure }
          return try spillBuffers(&state)
        }
      } catch {
        if error.code == .noSpace, mayMakeSpace, await volume.makeSpace() {
          mayMakeSpace = false
          continue
        }
        state.withLock { $0.failure = error }
        throw error
      }
    }
  }

  /// Spools the chunks in memory; returns those that are rather stored: they hold the whole end of the file, and for
  /// the first time.
  private func spillBuffers(_ state: inout State) throws(FileSystemError) -> [WholeChunk] {
    var tails: [WholeChunk] = []
    if isStreaming {
      try spillStream(&state)
      return []
    }
    var sealedTails = state.sealedTails
    for (index, buffer) in state.buffers {
      let range = range(ofChunk: index, size: state.size)
      if buffer.holdsExactly(range.count), sealedTails.insert(index).inserted {
        tails.append(WholeChunk(index: index, buffer: buffer))
        continue
      }
      for part in buffer.valid {
        try spool(buffer.bytes(part), at: range.lowerBound + UInt64(part.lowerBound), &state)
      }
    }
    state.buffers = [:]
    state.sealedTails = sealedTails
    state.sealing.formUnion(tails.map(\.index))
    return tails
  }
}
