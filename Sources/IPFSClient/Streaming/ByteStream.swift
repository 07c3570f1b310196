/// Bytes that a command gives, in chunks of any size.
///
/// Each iteration sends the command. The daemon sends no faster than the chunks are taken; leaving the loop abandons the
/// request. Iteration throws ``ClientError``: `partialErrorResponse` if the daemon failed on the way or fewer bytes came
/// than it had said.
public struct ByteStream: AsyncSequence, Sendable {
  /// A chunk.
  public typealias Element = [UInt8]

  let start: @Sendable () async throws -> Reply

  init(start: @escaping @Sendable () async throws -> Reply) {
    self.start = start
  }

  /// Reads one reply.
  public struct AsyncIterator: AsyncIteratorProtocol {
    let start: @Sendable () async throws -> Reply
    private var reply: Reply?
    private var isAtEnd = false

    init(start: @escaping @Sendable () async throws -> Reply) {
      self.start = start
    }

    /// Waits for the next chunk; nil at the end.
    public mutating func next() async throws -> [UInt8]? { try await next(isolation: nil) }

    /// Waits for the next chunk; nil at the end.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? {
      guard !isAtEnd else { return nil }
      do {
        if reply == nil { reply = try await start() }
        if let chunk = try await reply?.next() { return chunk }
      } catch {
        end()
        throw error
      }
      end()
      return nil
    }

    private mutating func end() {
      isAtEnd = true
      reply = nil
    }
  }

  /// Begins an iteration; the command is sent when the first chunk is asked for.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(start: start) }

  /// All bytes. An error's `partial` has those that had come.
  public func collect() async throws -> [UInt8] {
    var reply = try await start()
    return try await reply.collect()
  }

  /// All bytes as UTF-8; what is none of it becomes U+FFFD.
  public func text() async throws -> String {
    String(decoding: try await collect(), as: UTF8.self)
  }
}
