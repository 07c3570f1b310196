import Synchronization

/// A chunk of a file that is being written: bytes in memory until the chunk is whole.
///
/// Guarded by the lock of the ``OpenFile`` it belongs to; once taken out of it to be stored, nobody writes to it.
final class ChunkBuffer: @unchecked Sendable {
  /// The chunk's length in bytes when it is whole.
  let chunkSize: Int
  /// What has been written, as ranges within the chunk: sorted, apart from each other.
  private(set) var valid: [Range<Int>] = []
  private var storage: UnsafeMutableRawBufferPointer
  private let pool: ChunkPool

  /// Makes an empty buffer with memory from a pool.
  init(chunkSize: Int, pool: ChunkPool) {
    self.chunkSize = chunkSize
    self.pool = pool
    storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  deinit {
    pool.give(storage)
  }

  /// Whether every byte of the chunk has been written.
  var isComplete: Bool { valid.count == 1 && valid[0] == 0..<chunkSize }

  /// Whether exactly the first `count` bytes have been written.
  func holdsExactly(_ count: Int) -> Bool { valid.count == 1 && valid[0] == 0..<count }

  /// Copies bytes in at an offset within the chunk.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
    let end = offset + bytes.count
    grow(toHold: end)
    UnsafeMutableRawBufferPointer(rebasing: storage[offset..<end]).copyMemory(from: bytes)
    insert(offset..<end)
  }

  /// The bytes of a range that is valid.
  func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: storage[range])
  }

  /// Forgets what lies in a range.
  func remove(_ range: Range<Int>) {
    valid = valid.flatMap { old -> [Range<Int>] in
      guard old.overlaps(range) else { return [old] }
      let parts = [
        old.lowerBound..<max(old.lowerBound, range.lowerBound), min(old.upperBound, range.upperBound)..<old.upperBound,
      ]
      return parts.filter { !$0.isEmpty }
    }
  }

  private func grow(toHold count: Int) {
    guard count > storage.count else { return }
    // Powers of two from a page on: a small file takes little, a large one soon has its whole chunk.
    var capacity = max(storage.count, 4096)
    while capacity < count { capacity *= 2 }
    capacity = max(min(capacity, chunkSize), count)
    let larger = pool.take(capacity)
    for range in valid {
      UnsafeMutableRawBufferPointer(rebasing: larger[range]).copyMemory(from: bytes(range))
    }
    pool.give(storage)
    storage = larger
  }

  private func insert(_ range: Range<Int>) {
    // Sequential writing extends the last range.
    if let last = valid.last, last.upperBound == range.lowerBound {
      valid[valid.count - 1] = last.lowerBound..<range.upperBound
      return
    }
    var merged = range
    valid.removeAll { old in
      guard old.lowerBound <= merged.upperBound, merged.lowerBound <= old.upperBound else { return false }
      merged = min(old.lowerBound, merged.lowerBound)..<max(old.upperBound, merged.upperBound)
      return true
    }
    let index = valid.firstIndex { $0.lowerBound > merged.lowerBound } ?? valid.endIndex
    valid.insert(merged, at: index)
  }
}
