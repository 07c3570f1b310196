import IPFSClient
import NIOCore
import Synchronization

/// Carries a reply from the task that makes it to the one that reads it, with a bounded amount in between.
///
/// The lock guards the state; continuations are resumed without it.
final class ReplyPipe: ReplySink {
  struct Head: Sendable {
    var status: Int
    var headers: [RPCRequest.Pair]
  }

  private enum End {
    case finished([RPCRequest.Pair])
    case failed(any Error)
  }

  private struct State {
    var head: Head?
    var chunks: [ByteBuffer] = []
    var size = 0
    var end: End?
    var isAbandoned = false
    var awaitsHead: CheckedContinuation<Head, any Error>?
    var reader: CheckedContinuation<ByteBuffer?, any Error>?
    var writer: CheckedContinuation<Void, any Error>?
  }

  private let state = Mutex(State())
  private let abandoned = Mutex<(@Sendable () -> Void)?>(nil)

  /// How many bytes may wait for the reader before the writer does.
  private static let capacity = 1 << 20

  /// Called when the reader lets go.
  var onAbandon: (@Sendable () -> Void)? {
    get { abandoned.withLock { $0 } }
    set { abandoned.withLock { $0 = newValue } }
  }

  // MARK: The writer

  func head(_ status: Int, _ headers: [RPCRequest.Pair]) async throws {
    let head = Head(status: status, headers: headers)
    let waiting = state.withLock { state in
      state.head = head
      return take(&state.awaitsHead)
    }
    waiting?.resume(returning: head)
  }

  func write(_ bytes: ByteBuffer) async throws {
    guard bytes.readableBytes > 0 else { return }
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      let (reader, resumes, isAbandoned) = state.withLock { state in
        guard !state.isAbandoned else { return (nil as CheckedContinuation<ByteBuffer?, any Error>?, false, true) }
        if let reader = take(&state.reader) { return (reader, true, false) }
        state.chunks.append(bytes)
        state.size += bytes.readableBytes
        if state.size < Self.capacity { return (nil, true, false) }
        state.writer = continuation
        return (nil, false, false)
      }
      reader?.resume(returning: bytes)
      if isAbandoned { continuation.resume(throwing: HungUp()) } else if resumes { continuation.resume() }
    }
  }

  func finish(_ trailers: [RPCRequest.Pair]) async throws {
    end(.finished(trailers))
  }

  /// Ends the reply without its end.
  func end(with error: any Error) {
    end(.failed(error))
  }

  private func end(_ end: End) {
    let (head, reader) = state.withLock { state in
      if state.end == nil { state.end = end }
      return (take(&state.awaitsHead), take(&state.reader))
    }
    if case .failed(let error) = end {
      head?.resume(throwing: error)
      reader?.resume(throwing: error)
    } else {
      reader?.resume(returning: nil)
    }
  }

  // MARK: The reader

  func awaitHead() async throws -> Head {
    try await withCheckedThrowingContinuation { continuation in
      let result = state.withLock { state -> Result<Head, any Error>? in
        if let head = state.head { return .success(head) }
        if case .failed(let error) = state.end { return .failure(error) }
        state.awaitsHead = continuation
        return nil
      }
      if let result { continuation.resume(with: result) }
    }
  }

  func next() async throws -> ByteBuffer? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let (result, writer) = state.withLock {
          state -> (Result<ByteBuffer?, any Error>?, CheckedContinuation<Void, any Error>?) in
          if !state.chunks.isEmpty {
            let chunk = state.chunks.removeFirst()
            state.size -= chunk.readableBytes
            return (.success(chunk), state.size < Self.capacity ? take(&state.writer) : nil)
          }
          switch state.end {
          case .finished: return (.success(nil), nil)
          case .failed(let error): return (.failure(error), nil)
          case nil:
            guard !state.isAbandoned else { return (.failure(CancellationError()), nil) }
            state.reader = continuation
            return (nil, nil)
          }
        }
        writer?.resume()
        if let result { continuation.resume(with: result) }
      }
    } onCancel: {
      abandon()
    }
  }

  /// What followed the body; empty before its end.
  var trailers: [RPCRequest.Pair] {
    state.withLock { if case .finished(let trailers) = $0.end { trailers } else { [] } }
  }

  /// Lets go of the reply: whoever makes it stops.
  func abandon() {
    let (head, reader, writer, isOver) = state.withLock { state in
      state.isAbandoned = true
      return (take(&state.awaitsHead), take(&state.reader), take(&state.writer), state.end != nil)
    }
    head?.resume(throwing: CancellationError())
    reader?.resume(throwing: CancellationError())
    writer?.resume(throwing: HungUp())
    if !isOver { onAbandon?() }
  }
}

/// Takes a value out of its place.
private func take<Value>(_ place: inout Value?) -> Value? {
  defer { place = nil }
  return place
}

extension ReplyPipe {
  /// Waits for the head, so many seconds at most.
  func awaitHead(within seconds: Double) async throws -> Head {
    try await limited(to: seconds) { try await self.awaitHead() }
  }

  /// Waits for the next bytes, so many seconds at most; nil at the end.
  func next(within seconds: Double) async throws -> ByteBuffer? {
    try await limited(to: seconds) { try await self.next() }
  }

  /// Waits for something, or gives up the reply.
  private func limited<Value: Sendable>(
    to seconds: Double, _ wait: @escaping @Sendable () async throws -> Value
  ) async throws -> Value {
    // What is without a limit must cost nothing.
    guard seconds < Self.longestLimit else { return try await wait() }
    return try await withThrowingTaskGroup(of: Value?.self) { group in
      group.addTask { try await wait() }
      group.addTask {
        try await Task.sleep(for: .seconds(max(0, seconds)))
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let value = first else {
        abandon()
        throw ClientError(.timeout, "the daemon sent nothing in time")
      }
      return value
    }
  }

  /// So many seconds are no limit.
  private static let longestLimit = 1e9
}

/// The body of a reply that comes through a pipe.
final class PipedBody: TransportResponseBody {
  private let pipe: ReplyPipe
  private let limit: Double

  /// A body of which each part comes within so many seconds.
  init(_ pipe: ReplyPipe, limit: Double) {
    self.pipe = pipe
    self.limit = limit
  }

  deinit {
    pipe.abandon()
  }

  func next() async throws -> [UInt8]? {
    try await pipe.next(within: limit).map { Array($0.readableBytesView) }
  }

  var trailers: TransportHeaders { TransportHeaders(pipe.trailers.map { (name: $0.name, value: $0.value) }) }
}
