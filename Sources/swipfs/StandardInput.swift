import Foundation
import IPFSMount
import Synchronization

/// Standard input in chunks, read no faster than they are taken.
struct StandardInput: AsyncSequence, Sendable {
  typealias Element = [UInt8]

  struct AsyncIterator: AsyncIteratorProtocol {
    /// The next bytes; nil at the end. A thread of its own waits for them, which a cancelled task does not wait for.
    mutating func next() async throws -> [UInt8]? {
      let reading = Reading()
      return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
          reading.begin(continuation)
          Thread.detachNewThread {
            reading.end(Result { () throws -> [UInt8]? in try StandardInput.chunk(of: STDIN_FILENO, "standard input") })
          }
        }
      } onCancel: {
        reading.end(.failure(CancellationError()))
      }
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }

  /// Reads the next bytes of an open file; nil at the end.
  ///
  /// - Parameter name: What errors call it.
  static func chunk(of descriptor: CInt, _ name: String) throws(CommandError) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      if count > 0 { return Array(buffer[..<count]) }
      if count == 0 { return nil }
      guard errno == EINTR else {
        throw CommandError(.system, "cannot read \(name): \(String(cString: strerror(errno)))")
      }
    }
  }
}

/// A read that is waited for; its first end counts.
///
/// The lock guards who waits, and an end that came before.
private final class Reading: Sendable {
  private enum State {
    case new
    case waiting(CheckedContinuation<[UInt8]?, any Error>)
    case ended(Result<[UInt8]?, any Error>)
  }

  private let state = Mutex(State.new)

  func begin(_ continuation: CheckedContinuation<[UInt8]?, any Error>) {
    let result: Result<[UInt8]?, any Error>? = state.withLock { state in
      if case .ended(let result) = state { return result }
      state = .waiting(continuation)
      return nil
    }
    if let result { continuation.resume(with: result) }
  }

  func end(_ result: Result<[UInt8]?, any Error>) {
    let continuation: CheckedContinuation<[UInt8]?, any Error>? = state.withLock { state in
      defer { if case .ended = state {} else { state = .ended(result) } }
      if case .waiting(let continuation) = state { return continuation }
      return nil
    }
    continuation?.resume(with: result)
  }
}
