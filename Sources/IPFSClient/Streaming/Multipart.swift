import Glibc
import NIOCore

/// A part of a request's body: a file, a directory, a symbolic link, or bytes for a command.
struct MultipartPart: Sendable {
  /// What is in it.
  enum Content: Sendable {
    /// Bytes; none for a directory.
    case bytes([UInt8])
    /// A file of this system; `follows` tells whether a symbolic link in its place is followed.
    case file(LocalPath, follows: Bool)
    /// Chunks, read once for each time the request is sent.
    case stream(@Sendable () -> TransportBody.Next)
  }

  /// The path that the daemon is to see; nil for none.
  var filename: LocalPath?
  var contentType = "application/octet-stream"
  /// Mode and times, as a query behind the part's name.
  var metadata: [TransportRequest.Pair] = []
  /// Where the file is, for `nocopy`.
  var absolutePath: LocalPath?
  var content: Content

  /// A directory, whose entries follow as parts with its name before theirs.
  static func directory(_ filename: LocalPath) -> MultipartPart {
    MultipartPart(filename: filename, contentType: "application/x-directory", content: .bytes([]))
  }

  /// A symbolic link.
  static func symbolicLink(_ filename: LocalPath, to target: LocalPath) -> MultipartPart {
    MultipartPart(filename: filename, contentType: "application/symlink", content: .bytes(target))
  }

  /// A file.
  static func file(_ filename: LocalPath?, _ content: Content) -> MultipartPart {
    MultipartPart(filename: filename, content: content)
  }
}

/// The parts of a request, which are found while it is being sent.
struct MultipartParts: Sendable {
  /// Gives the next part; nil at the end.
  typealias Next = () throws -> MultipartPart?

  let makeReader: @Sendable () -> Next

  init(makeReader: @escaping @Sendable () -> Next) {
    self.makeReader = makeReader
  }

  init(_ parts: [MultipartPart]) {
    makeReader = {
      var iterator = parts.makeIterator()
      return { iterator.next() }
    }
  }
}

/// A body of many parts (RFC 7578), as Kubo reads it.
enum Multipart {
  /// The body of parts, in chunks of about `chunkSize`.
  static func body(_ parts: MultipartParts, chunkSize: Int) -> TransportBody {
    var random = SystemRandomNumberGenerator()
    let boundary = "swipfs-" + String(random.next(), radix: 36) + String(random.next(), radix: 36)
    return TransportBody(contentType: "multipart/form-data; boundary=\(boundary)") { () -> TransportBody.NextBuffer in
      var reader = MultipartReader(parts: parts.makeReader(), boundary: boundary, chunkSize: chunkSize)
      return { try await reader.next() }
    }
  }
}

/// Writes a body of many parts, chunk by chunk.
private struct MultipartReader {
  private enum State {
    case between
    case bytes(ArraySlice<UInt8>)
    case file(OpenFile)
    case stream(TransportBody.NextBuffer)
    case done
  }

  private let parts: MultipartParts.Next
  private let boundary: String
  private let chunkSize: Int
  private var state = State.between

  init(parts: @escaping MultipartParts.Next, boundary: String, chunkSize: Int) {
    self.parts = parts
    self.boundary = boundary
    self.chunkSize = min(chunkSize, TransportBody.bufferLimit)
  }

  /// The next chunk: small pieces together, but what a stream gives at once.
  mutating func next() async throws -> ByteBuffer? {
    var chunk = ByteBuffer()
    while chunk.readableBytes < chunkSize {
      switch state {
      case .between:
        if let part = try parts() {
          chunk.writeString(head(of: part))
          state = try Self.content(of: part)
        } else {
          chunk.writeString("--\(boundary)--\r\n")
          state = .done
        }
      case .bytes(let bytes):
        let piece = bytes.prefix(chunkSize)
        chunk.writeBytes(piece)
        if piece.count == bytes.count { endPart(&chunk) } else { state = .bytes(bytes.dropFirst(piece.count)) }
      case .file(let file):
        if try !file.read(into: &chunk, upTo: chunkSize) { endPart(&chunk) }
      case .stream(let next):
        if var bytes = try await Self.read(next) {
          if chunk.readableBytes == 0 { return bytes }
          chunk.writeBuffer(&bytes)
          return chunk
        }
        endPart(&chunk)
      case .done:
        return chunk.readableBytes == 0 ? nil : chunk
      }
    }
    return chunk
  }

  /// The next chunk of what the caller sends.
  private static func read(_ next: TransportBody.NextBuffer) async throws -> ByteBuffer? {
    do {
      return try await next()
    } catch let error where !(error is ClientError || error is CancellationError) {
      throw ClientError(.encoding, "the stream to be sent failed", cause: error)
    }
  }

  private mutating func endPart(_ chunk: inout ByteBuffer) {
    chunk.writeString("\r\n")
    state = .between
  }

  private static func content(of part: MultipartPart) throws -> State {
    switch part.content {
    case .bytes(let bytes): .bytes(bytes[...])
    case .file(let path, let follows): .file(try OpenFile(path, follows: follows))
    case .stream(let makeReader): .stream(TransportBody.buffers(makeReader()))
    }
  }

  /// What comes before a part's content.
  private func head(of part: MultipartPart) -> String {
    let query = part.metadata.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    var text = "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\(query.isEmpty ? "" : "?" + query)\""
    if let filename = part.filename { text += "; filename=\"\(PercentEncoding.encode(filename, keeping: "/"))\"" }
    text += "\r\nContent-Type: \(part.contentType)\r\n"
    if let path = part.absolutePath {
      text += "Abspath-Encoded: \(PercentEncoding.encode(path, keeping: "/"))\r\n"
      // What daemons before 0.23 read.
      if path.allSatisfy({ 0x20...0x7E ~= $0 }) { text += "Abspath: \(path.text)\r\n" }
    }
    return text + "\r\n"
  }
}

/// A file of this system, open for reading.
private final class OpenFile {
  private let descriptor: LocalDescriptor
  private let path: LocalPath
  /// How many bytes should be left, nil if that is not known: a small file needs no large buffer, and no second call to
  /// see its end.
  private var rest: Int?

  init(_ path: LocalPath, follows: Bool) throws(ClientError) {
    // A pipe, which may have taken the file's place, would wait for a writer.
    let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (follows ? 0 : O_NOFOLLOW)
    guard let descriptor = LocalDescriptor(path.withCPath({ open($0, flags) })) else {
      throw LocalFileError.make("open", path)
    }
    self.descriptor = descriptor
    self.path = path
    var status = stat()
    rest = fstat(descriptor.number, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    if rest ?? .max > 128 << 10 { posix_fadvise(descriptor.number, 0, 0, POSIX_FADV_SEQUENTIAL) }
  }

  /// Adds bytes to `chunk` until it has `size`; false at the end of the file.
  func read(into chunk: inout ByteBuffer, upTo size: Int) throws(ClientError) -> Bool {
    // One more than is expected: a file that ends where it should is at its end then.
    let wanted = min(size - chunk.readableBytes, (rest ?? .max - 1) + 1)
    var count = 0
    let descriptor = descriptor.number
    chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { memory in
      repeat { count = Glibc.read(descriptor, memory.baseAddress, wanted) } while count < 0 && errno == EINTR
      return max(count, 0)
    }
    guard count >= 0 else { throw LocalFileError.make("read", path) }
    let isAtEnd = count == 0 || count == rest && count < wanted
    rest = rest.flatMap { $0 < count ? nil : $0 - count }
    return !isAtEnd
  }
}

/// The escaping of URLs (RFC 3986).
enum PercentEncoding {
  /// A text with all but unreserved characters and those of `keeping` escaped.
  static func encode(_ text: String, keeping: String = "") -> String { encode(Array(text.utf8), keeping: keeping) }

  /// Bytes with all but unreserved characters and those of `keeping` escaped.
  static func encode(_ bytes: [UInt8], keeping: String = "") -> String {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    let digits = Array("0123456789ABCDEF".utf8)
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.append(byte)
      default:
        if keeping.utf8.contains(byte) {
          result.append(byte)
        } else {
          result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}
