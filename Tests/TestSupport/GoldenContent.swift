internal import Synchronization

/// Generated content, made once: the cases use each length many times.
package final class GoldenContent: Sendable {
  package static let shared = GoldenContent()
  private let longest = Mutex<[String: [UInt8]]>([:])

  /// The first `length` bytes of the content of `seed`.
  package func bytes(_ length: Int, seed: String) -> [UInt8] {
    longest.withLock { longest in
      if longest[seed, default: []].count < length { longest[seed] = data(max(length, 53 << 20), seed: seed) }
      return Array(longest[seed, default: []].prefix(length))
    }
  }
}
