import IPLD
import Synchronization
import UnixFS

extension OpenFile {
  /// Changes the file's layers while no chunk is being stored and no flush is under way. As a write, the change is
  /// durable with the next flush.
  ///
  /// - Parameter times: When it happened; nil where the kernel keeps the times.
  func change(
    times: FileTimes?, _ body: (inout State) throws(FileSystemError) -> Void
  ) async throws(FileSystemError) {
    while true {
      let isDone = try state.withLock { state throws(FileSystemError) -> Bool in
        if let failure = state.failure { throw failure }
        guard state.sealing.isEmpty, !state.isSpilling, !state.isCutting else { return false }
        // A chunker that has begun a chunk would have to look at what changes now.
        if state.stream != nil { try spillStream(&state) }
        try body(&state)
        if let times { state.times = times }
        state.isDirty = true
        return true
      }
      if isDone { return }
      await wait { $0.sealing.isEmpty && !$0.isSpilling && !$0.isCutting }
    }
  }

  /// Sets the size: cuts, or extends with a hole.
  func truncate(to size: UInt64, times: FileTimes?) async throws(FileSystemError) {
    guard size <= UInt64(Int64.max) else { throw FileSystemError(.fileTooLarge) }
    try await change(times: times) { state in
      guard size != state.size else { return }
      state.map.truncate(to: size)
      removeBuffered(size..<UInt64.max, &state)
      state.size = size
      state.noteChange()
    }
  }

  /// Extends the file with a hole to an end, if it does not reach that.
  func extend(to end: UInt64, times: FileTimes) async throws(FileSystemError) {
    try await change(times: times) { state in
      guard state.size < end else { return }
      state.size = end
      state.noteChange()
    }
  }

  /// Makes a hole of a range. What of it lies beyond the end is extended to, or left out.
  func punch(_ range: Range<UInt64>, extends: Bool, times: FileTimes) async throws(FileSystemError) {
    try await change(times: times) { state in
      if extends { state.size = max(state.size, range.upperBound) }
      let range = range.clamped(to: 0..<state.size)
      removeBuffered(range, &state)
      state.map.set(range, .hole)
      state.noteChange()
    }
  }

  /// Puts extents in place, whose leaves are stored.
  func place(_ extents: [ExtentMap.Extent], times: FileTimes) async throws(FileSystemError) {
    try await change(times: times) { state in
      for extent in extents {
        removeBuffered(extent.range, &state)
        state.map.set(extent.range, extent.source)
        state.size = max(state.size, extent.range.upperBound)
      }
      state.noteChange()
    }
  }

  /// Lets a DAG show through in a range, at the offsets that it has there, if it is the file's base or can become it.
  /// Returns whether that is so.
  func place(
    _ range: Range<UInt64>, of root: DAGRoot, _ reader: FileReader, times: FileTimes
  ) async throws(FileSystemError) -> Bool {
    var isPlaced = false
    try await change(times: times) { state in
      isPlaced = state.base == root || state.map.baseLimit == 0
      guard isPlaced, range.lowerBound <= state.map.baseLimit else {
        isPlaced = false
        return
      }
      removeBuffered(range, &state)
      if state.base != root {
        state.base = root
        state.builtBy = nil
        state.reader = reader
      }
      state.map.showBase(range)
      state.size = max(state.size, range.upperBound)
      state.noteChange()
    }
    return isPlaced
  }

  /// Forgets what of a range is in memory.
  private func removeBuffered(_ range: Range<UInt64>, _ state: inout State) {
    guard !range.isEmpty, !state.buffers.isEmpty else { return }
    let touched = chunks(of: range)
    for (index, buffer) in state.buffers where touched.contains(index) {
      let start = index * UInt64(chunkSize)
      let end = start + UInt64(chunkSize)
      let part = range.clamped(to: start..<end)
      buffer.remove(Int(part.lowerBound - start)..<Int(part.upperBound - start))
      if buffer.valid.isEmpty { state.buffers[index] = nil }
    }
  }
}
