import Synchronization

/// Memory for chunks that are being written. Whole chunks' memory is kept for the next ones, because to map and fault
/// in fresh pages costs more than to fill them.
///
/// The lock guards the free list.
final class ChunkPool: Sendable {
  /// Free memory of one chunk each.
  private struct Free: @unchecked Sendable {
    var chunks: [UnsafeMutableRawBufferPointer] = []
  }

  private static let mostFree = 8
  private let chunkSize: Int
  private let limit: Int
  private let used = Atomic<Int>(0)
  private let free = Mutex(Free())

  /// Makes a pool that advises to hold no more than `limit` bytes.
  init(chunkSize: Int, limit: Int) {
    self.chunkSize = chunkSize
    self.limit = limit
  }

  deinit {
    free.withLock { free in for chunk in free.chunks { chunk.deallocate() } }
  }

  /// Whether another `count` bytes fit. A hint: takers do not wait for each other. What does not fit goes to a spool
  /// file.
  func hasRoom(for count: Int) -> Bool { used.load(ordering: .relaxed) + count <= limit }

  /// Memory of exactly so many bytes, with undefined content.
  func take(_ count: Int) -> UnsafeMutableRawBufferPointer {
    used.add(count, ordering: .relaxed)
    if count == chunkSize, let chunk = free.withLock({ $0.chunks.popLast() }) { return chunk }
    return .allocate(byteCount: count, alignment: 16)
  }

  /// Takes memory back.
  func give(_ memory: UnsafeMutableRawBufferPointer) {
    used.subtract(memory.count, ordering: .relaxed)
    let isKept =
      memory.count == chunkSize
      && free.withLock { free in
        guard free.chunks.count < Self.mostFree else { return false }
        free.chunks.append(memory)
        return true
      }
    if !isKept { memory.deallocate() }
  }
}
