import CISAL
import Glibc
import NIOCore

/// Bytes on their way through gzip (RFC 1952). Used by one task.
final class GzipStream {
  private let handle: UnsafeMutableRawPointer
  private let send: (ByteBuffer) async throws -> Void

  private static let outputSize = 256 << 10

  /// A stream whose output goes to `send`.
  ///
  /// - Parameter level: 1 (fastest) to 9 (smallest); there are three ways behind them.
  init(level: Int, to send: @escaping (ByteBuffer) async throws -> Void) throws(RPCError) {
    guard let handle = cisal_gzip_new(level <= 3 ? 1 : level <= 6 ? 2 : 3) else {
      throw RPCError("no memory to compress")
    }
    self.handle = handle
    self.send = send
  }

  deinit {
    free(handle)
  }

  /// Compresses bytes.
  func write(_ bytes: ByteBuffer) async throws {
    try await run(bytes, isLast: false)
  }

  /// Sends what is left.
  func finish() async throws {
    try await run(ByteBuffer(), isLast: true)
  }

  private func run(_ bytes: ByteBuffer, isLast: Bool) async throws {
    var rest = bytes
    while true {
      var output = ByteBufferAllocator().buffer(capacity: Self.outputSize)
      var taken: UInt32 = 0
      var given: UInt32 = 0
      let status = rest.withUnsafeReadableBytes { input in
        output.withUnsafeMutableWritableBytes { output in
          cisal_gzip_run(
            handle, input.bindMemory(to: UInt8.self).baseAddress, UInt32(clamping: input.count), isLast ? 1 : 0,
            output.bindMemory(to: UInt8.self).baseAddress, UInt32(clamping: output.count), &taken, &given)
        }
      }
      guard status == 0 else { throw RPCError("compression failed: \(status)") }
      let isFull = output.writableBytes == Int(given)
      rest.moveReaderIndex(forwardBy: Int(taken))
      output.moveWriterIndex(forwardBy: Int(given))
      if given > 0 { try await send(output) }
      if rest.readableBytes == 0, !isFull { return }
    }
  }
}
