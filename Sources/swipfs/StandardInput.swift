import Foundation
import IPFSMount
import Synchronization

/// Standard input in chunks, read no faster than they are taken.
struct StandardInput: AsyncSequence, Sendable {
  typealias Element = [UInt8]

  struct AsyncIterator: AsyncIteratorProtocol {
    private static let chunk = 256 << 10

    /// The next bytes; nil at the end. A thread of its own waits for them, which a cancelled task does not wait for.
    mutating func next() async throws -> [UInt8]? {
      let reading = Reading()
      return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
          reading.begin(continuation)
          Thread.detachNewThread { reading.end(Self.read()) }
        }
      } onCancel: {
        reading.end(.failure(CancellationError()))
      }
    }

    private static func read() -> Result<[UInt8]?, any Error> {
      var buffer = [UInt8](repeating: 0, count: chunk)
      while true {
        let count = Foundation.read(STDIN_FILENO, &buffer, buffer.count)
        if count > 0 { return .success(Array(buffer[..<count])) }
        if count == 0 { return .success(nil) }
        guard errno == EINTR else {
          return .failure(CommandError(.system, "cannot read standard input: \(String(cString: strerror(errno)))"))
        }
      }
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator() }
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
