import Synchronization
import TestSupport

/// Generated content, made once: the cases use each length many times.
final class Content: Sendable {
  static let shared = Content()
  private let longest = Mutex<[String: [UInt8]]>([:])

  /// The first `length` bytes of the content of `seed`.
  func bytes(_ length: Int, seed: String) -> [UInt8] {
    longest.withLock { longest in
      if longest[seed, default: []].count < length { longest[seed] = data(max(length, 53 << 20), seed: seed) }
      return Array(longest[seed, default: []].prefix(length))
    }
  }
}
