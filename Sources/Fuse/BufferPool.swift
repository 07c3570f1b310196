internal import Synchronization

/// Page-aligned memory of a few sizes, kept for the next request.
///
/// What is kept is bounded for each size, so that a burst of large reads does not stay in memory. The lock guards the
/// free lists; nothing is called while it is held.
final class BufferPool: Sendable {
  /// Memory nobody else refers to.
  private struct Block: @unchecked Sendable {
    let start: UnsafeMutableRawPointer
  }

  private struct SizeClass {
    let capacity: Int
    let maximumKept: Int
    var free: [Block] = []
  }

  private let classes: Mutex<[SizeClass]>

  /// Makes a pool for buffers of up to `largest` bytes, of which it keeps 16 (8 of 128 KiB, 64 of 16 KiB).
  init(largest: Int) {
    var classes = [
      SizeClass(capacity: 16 << 10, maximumKept: 64), SizeClass(capacity: 128 << 10, maximumKept: 8),
    ]
    classes.removeAll { $0.capacity >= largest }
    classes.append(SizeClass(capacity: largest, maximumKept: 16))
    for index in classes.indices { classes[index].free.reserveCapacity(classes[index].maximumKept) }
    self.classes = Mutex(classes)
  }

  deinit {
    classes.withLock { classes in
      for block in classes.lazy.flatMap(\.free) { block.start.deallocate() }
    }
  }

  /// Memory of at least `size` bytes, with undefined content; a size above the pool's largest is allocated as it is.
  func take(_ size: Int) -> UnsafeMutableRawBufferPointer {
    let (kept, capacity) = classes.withLock { classes -> (Block?, Int) in
      guard let index = classes.firstIndex(where: { $0.capacity >= size }) else { return (nil, size) }
      return (classes[index].free.popLast(), classes[index].capacity)
    }
    let start = kept?.start ?? .allocate(byteCount: capacity, alignment: 4096)
    return UnsafeMutableRawBufferPointer(start: start, count: capacity)
  }

  /// Takes memory back that ``take(_:)`` gave.
  func give(_ buffer: UnsafeMutableRawBufferPointer) {
    guard let start = buffer.baseAddress else { return }
    let block = Block(start: start)
    let capacity = buffer.count
    let isKept = classes.withLock { classes -> Bool in
      guard let index = classes.firstIndex(where: { $0.capacity == capacity }),
        classes[index].free.count < classes[index].maximumKept
      else { return false }
      classes[index].free.append(block)
      return true
    }
    if !isKept { start.deallocate() }
  }
}
