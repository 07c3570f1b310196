import Glibc
import Synchronization

/// Counts calls and the time they took, by the name of the function that serves them. Costs some tens of nanoseconds.
///
/// A table of fixed size, searched by the name's address: names are literals. Each number stands for itself, so relaxed
/// ordering is enough.
public final class OperationCounters: Sendable {
  private final class Slot: Sendable {
    let key = Atomic<UInt>(0)
    let count = Atomic<UInt64>(0)
    let nanoseconds = Atomic<UInt64>(0)
  }

  private static let size = 128
  private let slots = (0..<size).map { _ in Slot() }
  let bytesRead = Atomic<UInt64>(0)
  let bytesWritten = Atomic<UInt64>(0)

  /// The time on a clock that only goes forward, in nanoseconds.
  public static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  /// Counts a call that began at `start`.
  public func count(_ name: StaticString, since start: UInt64) {
    let key = UInt(bitPattern: name.utf8Start)
    var index = Int(truncatingIfNeeded: key &* 0x9E37_79B9_7F4A_7C15 >> 57)
    for _ in 0..<Self.size {
      let slot = slots[index & (Self.size - 1)]
      let found = slot.key.load(ordering: .relaxed)
      if found == key || found == 0 && Self.take(slot, key) {
        slot.count.add(1, ordering: .relaxed)
        slot.nanoseconds.add(Self.now &- start, ordering: .relaxed)
        return
      }
      index += 1
    }
  }

  private static func take(_ slot: Slot, _ key: UInt) -> Bool {
    let (isTaken, found) = slot.key.compareExchange(expected: 0, desired: key, ordering: .relaxed)
    return isTaken || found == key
  }

  /// Names, counts and mean times of all calls so far, by name.
  var values: [(name: String, count: UInt64, meanNanoseconds: UInt64)] {
    slots.compactMap { slot in
      let count = slot.count.load(ordering: .relaxed)
      // A key is the address of a literal, which stays.
      guard count > 0, let text = UnsafePointer<CChar>(bitPattern: slot.key.load(ordering: .relaxed)) else {
        return nil
      }
      let name = String(cString: text).prefix { $0 != "(" }
      return (String(name), count, slot.nanoseconds.load(ordering: .relaxed) / count)
    }.sorted { $0.name < $1.name }
  }
}
