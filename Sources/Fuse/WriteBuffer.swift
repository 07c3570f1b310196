internal import Synchronization

/// The bytes of a write, in libfuse's memory, which is used again as soon as the operation suspends or returns.
///
/// So an operation takes what it needs before its first `await` that may suspend: ``withUnsafeBytes(_:)`` after that is
/// a programming error and stops the process, rather than to read another request's bytes. The lock is held while the
/// bytes are looked at, so that they cannot go away in the middle.
public final class WriteBuffer: Sendable {
  /// How many bytes there are.
  public let count: Int

  /// Only looked at with the lock held.
  private struct Bytes: @unchecked Sendable {
    let buffer: UnsafeRawBufferPointer
  }

  private let bytes: Mutex<Bytes?>

  init(_ bytes: UnsafeRawBufferPointer) {
    count = bytes.count
    self.bytes = Mutex(Bytes(buffer: bytes))
  }

  /// Calls `body` with the bytes, which must not be used after it returns.
  /// - Precondition: The operation has not suspended.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try bytes.withLock { bytes throws(Failure) -> Result in
      guard let bytes else { preconditionFailure("The bytes of a write were used after the operation suspended.") }
      return try body(bytes.buffer)
    }
  }

  func invalidate() {
    bytes.withLock { $0 = nil }
  }
}
