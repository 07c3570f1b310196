import Foundation
package import NIOCore
import Synchronization
package import UnixFS

/// A file that a request brought, as its part's head tells of it.
package struct RequestFile: Sendable {
  /// What it is.
  package enum Kind: Sendable {
    case file
    case directory
    /// Its content is the target.
    case symlink
  }

  /// The name of the form's field.
  package var field: String
  /// Its path; nil where none was given.
  package var path: String?
  /// The bytes of its path: names need not be text.
  package var pathBytes: [UInt8]
  /// What it is.
  package var kind: Kind
  /// Its mode where it comes from, as Go writes it: permissions, and further bits from bit 20 on.
  package var mode: UInt32?
  /// The time of the last change, where it is to be stored.
  package var mtime: Timestamp?
  /// Where it is on the machine of whoever sent it, for `nocopy`.
  package var absolutePath: String?

  /// The names in its path, without `.` and with `..` followed.
  package var names: [EntryName] {
    var names: [EntryName] = []
    for part in pathBytes.split(separator: UInt8(ascii: "/")) {
      switch part {
      case [UInt8(ascii: ".")]: break
      case [UInt8(ascii: "."), UInt8(ascii: ".")]: _ = names.popLast()
      default: names.append(EntryName(bytes: part))
      }
    }
    return names
  }
}

/// The files that a request brings, one after the other as they arrive: `multipart/form-data` (RFC 7578), with the
/// names and types by which IPFS tells directories and links apart. Read by one task.
///
/// The lock guards the reader, which is taken out while it waits.
package final class RequestFiles: Sendable {
  private let reader: Mutex<MultipartDecoder?>

  /// The files that a request brings.
  package init(_ request: RPCRequest) {
    let boundary = request.header("Content-Type").flatMap(MultipartDecoder.boundary)
    reader = Mutex(boundary.map { MultipartDecoder(boundary: $0, source: request.body) })
  }

  /// Whether the request can have any.
  package var isThere: Bool { reader.withLock { $0 != nil } }

  /// The next file; what was not read of the one before is skipped. Nil after the last one.
  ///
  /// - Throws: ``RPCError`` for a body that is malformed or ends too early.
  package func next() async throws -> RequestFile? {
    try await use { decoder in try await decoder.nextPart() }
  }

  /// The next bytes of the current file; nil at its end.
  ///
  /// - Throws: As ``next()``.
  package func read() async throws -> ByteBuffer? {
    try await use { decoder in try await decoder.nextBytes() }
  }

  /// The whole rest of the current file.
  ///
  /// - Throws: As ``next()``; also if it is longer than `limit` bytes.
  package func readAll(limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while let part = try await read() {
      guard bytes.count + part.readableBytes <= limit else { throw RPCError("more than \(limit) bytes were sent") }
      bytes += part.readableBytesView
    }
    return bytes
  }

  /// The first file, which must be there.
  ///
  /// - Throws: As ``next()``; `expected a file argument` where there is none.
  package func first() async throws -> RequestFile {
    guard let file = try await next() else { throw RPCError("expected a file argument") }
    return file
  }

  private func use<Result>(_ body: (inout MultipartDecoder) async throws -> Result?) async throws -> Result? {
    guard var decoder = reader.withLock({ $0 }) else { return nil }
    defer { reader.withLock { $0 = decoder } }
    return try await body(&decoder)
  }
}
