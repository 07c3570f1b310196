import Glibc
import NIOCore
import UnixFS

/// Splits a body of many parts (RFC 2046, section 5.1) while it arrives.
///
/// Parts' bytes are handed on as they come, without being copied; only what might be the beginning of a boundary waits
/// for what follows.
struct MultipartDecoder: Sendable {
  private enum State {
    /// Before the first boundary.
    case start
    /// Behind a boundary, before a part's head.
    case between
    case inPart
    case done
  }

  private let source: RPCRequest.BodyReader
  /// `\r\n--BOUNDARY`.
  private let delimiter: [UInt8]
  private var state = State.start
  private var buffer = ByteBuffer()

  /// The longest head of a part, in bytes.
  private static let headLimit = 80 << 10

  init(boundary: String, source: @escaping RPCRequest.BodyReader) {
    self.source = source
    delimiter = Array("\r\n--\(boundary)".utf8)
    // The first boundary needs no line end before it.
    buffer.writeString("\r\n")
  }

  /// The boundary that a content type names.
  static func boundary(_ contentType: String) -> String? {
    let parts = HeaderParameters(contentType.utf8)
    guard String(decoding: parts.value, as: UTF8.self).lowercased().hasPrefix("multipart/"),
      let boundary = parts["boundary"], 1...70 ~= boundary.count
    else { return nil }
    return String(decoding: boundary, as: UTF8.self)
  }

  /// Skips to the next part; nil after the last one.
  mutating func nextPart() async throws -> RequestFile? {
    while try await nextBytes() != nil {}
    guard state != .done else { return nil }
    // What comes before the first boundary is no part.
    if state == .start {
      while try await bytesBeforeDelimiter() != nil {}
      state = .between
    }
    try await fill(2)
    if buffer.readableBytesView.starts(with: Array("--".utf8)) {
      state = .done
      return nil
    }
    let head = try await readHead()
    state = .inPart
    return Self.file(of: head)
  }

  /// The next bytes of the part; nil at its end.
  mutating func nextBytes() async throws -> ByteBuffer? {
    guard state == .inPart else { return nil }
    if let bytes = try await bytesBeforeDelimiter() { return bytes }
    state = .between
    return nil
  }

  /// Bytes up to the next delimiter; nil, with the delimiter taken away, if that is next.
  private mutating func bytesBeforeDelimiter() async throws -> ByteBuffer? {
    while true {
      switch search() {
      case .found(0):
        buffer.moveReaderIndex(forwardBy: delimiter.count)
        return nil
      case .none(0):
        try await fill(buffer.readableBytes + 1)
      case .found(let length), .none(let length):
        return buffer.readSlice(length: length)
      }
    }
  }

  private enum Search {
    /// Where the delimiter is.
    case found(Int)
    /// How many bytes surely belong to no delimiter.
    case none(Int)
  }

  private func search() -> Search {
    buffer.withUnsafeReadableBytes { bytes in
      guard let base = bytes.baseAddress else { return .none(0) }
      if let place = Self.find(delimiter, in: bytes) { return .found(place) }
      // Whether the end may begin a delimiter.
      var kept = min(delimiter.count - 1, bytes.count)
      while kept > 0, memcmp(base + (bytes.count - kept), delimiter, kept) != 0 { kept -= 1 }
      return .none(bytes.count - kept)
    }
  }

  /// Where a pattern begins, which starts with a line end: few bytes are one.
  private static func find(_ pattern: [UInt8], in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    var place = 0
    while bytes.count - place >= pattern.count,
      let next = memchr(base + place, CInt(pattern[0]), bytes.count - place - pattern.count + 1)
    {
      place = base.distance(to: UnsafeRawPointer(next))
      if memcmp(next, pattern, pattern.count) == 0 { return place }
      place += 1
    }
    return nil
  }

  /// Waits until there are so many bytes.
  private mutating func fill(_ count: Int) async throws {
    while buffer.readableBytes < count {
      guard var more = try await source() else { throw RPCError("unexpected EOF") }
      if buffer.readableBytes == 0 {
        buffer = more
      } else {
        // Only a few bytes, or a head.
        var joined = ByteBufferAllocator().buffer(capacity: buffer.readableBytes + more.readableBytes)
        joined.writeBuffer(&buffer)
        joined.writeBuffer(&more)
        buffer = joined
      }
    }
  }

  /// The lines between a boundary and a part's bytes.
  private mutating func readHead() async throws -> [UInt8] {
    // From the end of the boundary's line on, so that a head without lines ends as others do.
    let end = Array("\r\n\r\n".utf8)
    while true {
      let found = buffer.withUnsafeReadableBytes { Self.find(end, in: $0) }
      if let found {
        let head = buffer.readBytes(length: found) ?? []
        // The line end stays: an empty part's delimiter begins with it.
        buffer.moveReaderIndex(forwardBy: 4)
        return head
      }
      guard buffer.readableBytes < Self.headLimit else { throw RPCError("a part's head is too long", kind: .usage) }
      try await fill(buffer.readableBytes + 1)
    }
  }

  private static func file(of head: [UInt8]) -> RequestFile {
    var disposition = HeaderParameters([])
    var type = HeaderParameters([])
    var paths: (plain: ArraySlice<UInt8>?, escaped: ArraySlice<UInt8>?)
    for line in head.split(separator: 0x0A) {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
      let value = HeaderParameters.trimmed(line[(colon + 1)...])
      switch String(decoding: line[..<colon], as: UTF8.self).lowercased() {
      case "content-disposition": disposition = HeaderParameters(value)
      case "content-type": type = HeaderParameters(value)
      case "abspath": paths.plain = value
      case "abspath-encoded": paths.escaped = value
      default: break
      }
    }
    let name = disposition["name"] ?? []
    let halves = name.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
    let path = disposition["filename"].map { RPCRequest.unescapedBytes($0) }
    var file = RequestFile(
      field: halves.first.map { String(decoding: $0, as: UTF8.self) } ?? "",
      path: path.map { String(decoding: $0, as: UTF8.self) }, pathBytes: path ?? [], kind: .file)
    switch String(decoding: type.value, as: UTF8.self).lowercased() {
    case "application/x-directory", "multipart/form-data", "multipart/mixed": file.kind = .directory
    case "application/symlink": file.kind = .symlink
    default: break
    }
    if halves.count > 1 {
      readMetadata(RPCRequest.pairs(ofQuery: String(decoding: halves[1], as: UTF8.self)), into: &file)
    }
    file.absolutePath =
      paths.escaped.map { RPCRequest.unescaped($0) } ?? paths.plain.map { String(decoding: $0, as: UTF8.self) }
    return file
  }

  /// What cannot be read is passed over, as Kubo does it.
  private static func readMetadata(_ pairs: [RPCRequest.Pair], into file: inout RequestFile) {
    var nanoseconds: UInt32 = 0
    var seconds: Int64?
    for (name, value) in pairs {
      switch name {
      case "mode": file.mode = UInt32(value, radix: 8)
      case "mtime": seconds = Int64(value)
      case "mtime-nsecs": nanoseconds = UInt32(value).flatMap { $0 < 1_000_000_000 ? $0 : nil } ?? 0
      default: break
      }
    }
    if let seconds { file.mtime = Timestamp(seconds: seconds, nanoseconds: nanoseconds) }
  }
}

/// The value of a header with its parameters (RFC 9110, section 5.6.6), as bytes: file names need not be text.
struct HeaderParameters {
  /// What comes before the parameters.
  let value: ArraySlice<UInt8>
  private var parameters: [(name: String, value: [UInt8])] = []

  private static let semicolon = UInt8(ascii: ";")
  private static let equals = UInt8(ascii: "=")
  private static let quote = UInt8(ascii: "\"")
  private static let backslash = UInt8(ascii: "\\")

  init(_ text: some Collection<UInt8>) {
    var rest = Array(text)[...]
    value = Self.trimmed(rest.prefix { $0 != Self.semicolon })
    rest = rest.drop { $0 != Self.semicolon }
    while rest.first == Self.semicolon {
      rest = rest.dropFirst()
      let name = rest.prefix { $0 != Self.equals && $0 != Self.semicolon }
      rest = rest.dropFirst(name.count)
      guard rest.first == Self.equals else { continue }
      rest = rest.dropFirst()
      let value = Self.readValue(&rest)
      parameters.append((String(decoding: Self.trimmed(name), as: UTF8.self).lowercased(), value))
    }
  }

  /// Reads a token or a quoted text, and what is behind it up to the next parameter.
  private static func readValue(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
    guard rest.first == quote else {
      let token = rest.prefix { $0 != semicolon }
      rest = rest.dropFirst(token.count)
      return Array(trimmed(token))
    }
    rest = rest.dropFirst()
    var value: [UInt8] = []
    while let byte = rest.first, byte != quote {
      rest = rest.dropFirst()
      if byte == backslash, let escaped = rest.first {
        rest = rest.dropFirst()
        value.append(escaped)
      } else {
        value.append(byte)
      }
    }
    rest = rest.dropFirst().drop { $0 != semicolon }
    return value
  }

  subscript(_ name: String) -> [UInt8]? { parameters.last { $0.name == name }?.value }

  /// Bytes without spaces and line ends around them.
  static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes = bytes
    while let first = bytes.first, first <= 0x20 { bytes = bytes.dropFirst() }
    while let last = bytes.last, last <= 0x20 { bytes = bytes.dropLast() }
    return bytes
  }
}
