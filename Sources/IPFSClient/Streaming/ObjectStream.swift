/// Values that a command gives one by one.
///
/// Each iteration sends the command. The daemon sends no faster than the values are taken; leaving the loop abandons the
/// request. Iteration throws ``ClientError``: `partialErrorResponse` if the daemon failed on the way.
public struct ObjectStream<Element: Sendable>: AsyncSequence, Sendable {
  let start: @Sendable () async throws -> Reply
  let decode: @Sendable (ArraySlice<UInt8>) throws -> [Element]

  init(
    start: @escaping @Sendable () async throws -> Reply,
    decode: @escaping @Sendable (ArraySlice<UInt8>) throws -> [Element]
  ) {
    self.start = start
    self.decode = decode
  }

  /// Reads one reply.
  public struct AsyncIterator: AsyncIteratorProtocol {
    private let stream: ObjectStream
    private let keepsRecord: Bool
    private var reply: Reply?
    private var splitter = JSONSplitter()
    /// Decoded and not yet taken, the last one first.
    private var waiting: [Element] = []
    private var isAtEnd = false

    init(_ stream: ObjectStream, keepsRecord: Bool) {
      self.stream = stream
      self.keepsRecord = keepsRecord
    }

    /// Waits for the next value; nil at the end.
    public mutating func next() async throws -> Element? { try await next(isolation: nil) }

    /// Waits for the next value; nil at the end.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Element? {
      do {
        while true {
          if let element = waiting.popLast() { return element }
          if let text = try splitter.next() {
            waiting = try stream.decode(text).reversed()
            continue
          }
          if isAtEnd { return nil }
          if reply == nil {
            reply = try await stream.start()
            if keepsRecord { reply?.keepRecord() }
          }
          if let chunk = try await reply?.next() {
            splitter.append(chunk)
          } else {
            isAtEnd = true
            splitter.finish()
          }
        }
      } catch {
        defer { end() }
        guard var error = error as? ClientError, let reply else { throw error }
        error = error.of(reply.command)
        error.partial = reply.record ?? []
        throw error
      }
    }

    private mutating func end() {
      isAtEnd = true
      waiting = []
      splitter = JSONSplitter()
      reply = nil
    }
  }

  /// Begins an iteration; the command is sent when the first value is asked for.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(self, keepsRecord: false) }

  /// All values. An error's `partial` has the bytes that had come.
  public func collect() async throws -> [Element] {
    var iterator = AsyncIterator(self, keepsRecord: true)
    var elements: [Element] = []
    while let element = try await iterator.next() { elements.append(element) }
    return elements
  }
}
