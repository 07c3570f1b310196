/// Where a read puts its bytes: memory that the answer is sent from without another copy.
///
/// The memory belongs to the request until ``FuseOperations/read(_:handle:offset:into:_:)`` returns, also across
/// suspensions, and starts on a page. Its content is undefined: the operation says how much of it it has filled.
public final class ReadBuffer: @unchecked Sendable {
  // The memory is only touched by the one operation that the buffer was made for.

  /// How many bytes are asked for.
  public var count: Int { bytes.count }
  /// The memory to fill, from its start.
  public let bytes: UnsafeMutableRawBufferPointer

  private let memory: UnsafeMutableRawBufferPointer
  private let pool: BufferPool

  init(count: Int, pool: BufferPool) {
    self.pool = pool
    memory = pool.take(count)
    bytes = UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
  }

  deinit {
    pool.give(memory)
  }
}
