/// A file, directory or symbolic link of an archive.
package struct TarEntry: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    case file
    case directory
    case symbolicLink(target: [UInt8])
  }

  /// Its path as the archive has it: not checked, and not always UTF-8.
  package var name: [UInt8]
  package var kind: Kind
  /// Bytes of a file's content.
  package var size: Int64
  /// Permissions, and the bits for setuid, setgid and sticky.
  package var mode: UInt16
  /// The time of the last change in seconds since 1970.
  package var mtime: Int64
  /// The nanoseconds of that time.
  package var mtimeNsecs: Int
}

/// Reads an archive of the format ustar with the extensions of POSIX (pax) and GNU (long names, large numbers), chunk by
/// chunk (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>).
///
/// It knows files, directories and symbolic links. Hard links, devices, sparse files and all else are refused.
package struct TarParser {
  /// What comes next in an archive.
  package enum Event: Equatable {
    case entry(TarEntry)
    /// Some of the content of the file that was the last entry.
    case bytes(ArraySlice<UInt8>)
    /// The content of that file is complete.
    case endOfFile
  }

  private enum State {
    case header
    /// Before the header it is about: so many bytes.
    case supplement(type: UInt8, size: Int)
    case content(left: Int64, padding: Int)
    /// Behind a block of zeros: another one must follow.
    case lastBlock
    case end
  }

  /// What stands in for fields of a header that are too small.
  private struct Supplement {
    var name: [UInt8]?
    var target: [UInt8]?
    var size: Int64?
    var mtime: (seconds: Int64, nanoseconds: Int)?
  }

  /// The most bytes of what stands before a header.
  static let supplementLimit = 1 << 20
  private static let blockSize = 512

  /// Bytes that were not given out begin at `position`.
  private var buffer: [UInt8] = []
  private var position = 0
  private var state = State.header
  /// For the next entry.
  private var pending = Supplement()
  /// For all entries that follow.
  private var global = Supplement()

  package init() {}

  /// Adds a chunk.
  package mutating func append(_ chunk: [UInt8]) {
    if position == buffer.count {
      buffer = chunk
    } else {
      buffer.removeFirst(position)
      buffer += chunk
    }
    position = 0
  }

  /// What comes next; nil if more bytes are needed, or at the end.
  ///
  /// - Throws: `decoding`.
  package mutating func next() throws(ClientError) -> Event? {
    while true {
      switch state {
      case .header:
        guard let block = take(Self.blockSize) else { return nil }
        if block.allSatisfy({ $0 == 0 }) {
          state = .lastBlock
        } else if let entry = try read(TarHeader(block)) {
          return .entry(entry)
        }
      case .supplement(let type, let size):
        guard let bytes = take(size + Self.padding(Int64(size))) else { return nil }
        try extend(type, bytes.prefix(size))
        state = .header
      case .content(0, let padding):
        guard take(padding) != nil else { return nil }
        state = .header
        return .endOfFile
      case .content(let left, let padding):
        guard position < buffer.count else { return nil }
        let count = Int(min(left, Int64(buffer.count - position)))
        state = .content(left: left - Int64(count), padding: padding)
        return take(count).map { .bytes($0) }
      case .lastBlock:
        guard let block = take(Self.blockSize) else { return nil }
        guard block.allSatisfy({ $0 == 0 }) else { throw Self.damaged("a block of zeros within") }
        state = .end
      case .end:
        // Archives are often filled up to a multiple of some number of blocks.
        position = buffer.count
        return nil
      }
    }
  }

  /// Says that no chunk follows.
  ///
  /// - Throws: `partialErrorResponse` if there should be more.
  package func finish() throws(ClientError) {
    guard case .end = state else { throw ClientError(.partialErrorResponse, "the archive ends too early") }
  }

  private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard buffer.count - position >= count else { return nil }
    defer { position += count }
    return buffer[position..<position + count]
  }

  private static func padding(_ size: Int64) -> Int {
    let rest = Int(size % Int64(blockSize))
    return rest == 0 ? 0 : blockSize - rest
  }

  static func damaged(_ what: String) -> ClientError {
    ClientError(.decoding, "the archive is damaged: \(what)")
  }

  /// The entry of a header; nil for one that supplements the next.
  private mutating func read(_ header: TarHeader) throws(ClientError) -> TarEntry? {
    switch header.type {
    case UInt8(ascii: "x"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
      guard header.size <= Self.supplementLimit else { throw Self.damaged("a supplement of \(header.size) bytes") }
      state = .supplement(type: header.type, size: Int(header.size))
      return nil
    default: break
    }
    let mtime = pending.mtime ?? global.mtime ?? (seconds: header.mtime, nanoseconds: 0)
    var entry = TarEntry(
      name: pending.name ?? global.name ?? header.name, kind: .file, size: 0, mode: header.mode, mtime: mtime.seconds,
      mtimeNsecs: mtime.nanoseconds)
    switch header.type {
    case UInt8(ascii: "0"), 0:
      // So were directories written once.
      if header.type == 0, entry.name.last == UInt8(ascii: "/") {
        entry.kind = .directory
      } else {
        entry.size = pending.size ?? global.size ?? header.size
      }
    case UInt8(ascii: "5"): entry.kind = .directory
    case UInt8(ascii: "2"): entry.kind = .symbolicLink(target: pending.target ?? global.target ?? header.target)
    default:
      let type = String(decoding: [header.type], as: UTF8.self)
      throw ClientError(.decoding, "the archive has an entry of type \"\(type)\", which is not extracted")
    }
    pending = Supplement()
    if entry.kind == .file { state = .content(left: entry.size, padding: Self.padding(entry.size)) }
    return entry
  }

  private mutating func extend(_ type: UInt8, _ bytes: ArraySlice<UInt8>) throws(ClientError) {
    switch type {
    case UInt8(ascii: "L"): pending.name = Array(bytes.prefix { $0 != 0 })
    case UInt8(ascii: "K"): pending.target = Array(bytes.prefix { $0 != 0 })
    case UInt8(ascii: "g"): try Self.readRecords(bytes, into: &global)
    default: try Self.readRecords(bytes, into: &pending)
    }
  }

  /// Reads records of the form `LENGTH KEY=VALUE` and a newline, where the length is that of all of it.
  private static func readRecords(_ bytes: ArraySlice<UInt8>, into result: inout Supplement) throws(ClientError) {
    var rest = bytes
    while let space = rest.firstIndex(of: UInt8(ascii: " ")) {
      guard let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
        length >= space - rest.startIndex + 2, length <= rest.count,
        rest[rest.startIndex + length - 1] == UInt8(ascii: "\n")
      else { throw damaged("a record of wrong length") }
      let record = rest[(space + 1)..<(rest.startIndex + length - 1)]
      rest = rest.dropFirst(length)
      guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { throw damaged("a record without a value") }
      let value = record[(equals + 1)...]
      // A record without a value takes back what a global one says.
      switch String(decoding: record[..<equals], as: UTF8.self) {
      case "path": result.name = value.isEmpty ? nil : Array(value)
      case "linkpath": result.target = value.isEmpty ? nil : Array(value)
      case "size":
        guard let size = Int64(String(decoding: value, as: UTF8.self)), size >= 0 else { throw damaged("a size") }
        result.size = size
      case "mtime": result.mtime = try readTime(value)
      case let key where key.hasPrefix("GNU.sparse."):
        throw ClientError(.decoding, "the archive has a sparse file, which is not extracted")
      default: break
      }
    }
    guard rest.isEmpty else { throw damaged("a record without a length") }
  }

  /// Reads seconds with a fraction.
  private static func readTime(
    _ text: ArraySlice<UInt8>
  ) throws(ClientError) -> (seconds: Int64, nanoseconds: Int) {
    let sides = String(decoding: text, as: UTF8.self).split(separator: ".", omittingEmptySubsequences: false)
    let digits = sides.count == 2 ? sides[1].prefix(9) : ""
    let zeros = String(repeating: "0", count: 9 - digits.count)
    guard 1...2 ~= sides.count, let seconds = Int64(sides[0]), seconds > .min, let fraction = Int(digits + zeros),
      fraction >= 0
    else { throw damaged("a time") }
    guard sides[0].hasPrefix("-"), fraction > 0 else { return (seconds, fraction) }
    return (seconds - 1, 1_000_000_000 - fraction)
  }
}

/// A header of an archive: one block.
private struct TarHeader {
  let name: [UInt8]
  let mode: UInt16
  let size: Int64
  let mtime: Int64
  let type: UInt8
  let target: [UInt8]

  init(_ block: ArraySlice<UInt8>) throws(ClientError) {
    func field(_ offset: Int, _ length: Int) -> ArraySlice<UInt8> {
      block[block.startIndex + offset..<block.startIndex + offset + length]
    }
    func text(_ offset: Int, _ length: Int) -> [UInt8] { Array(field(offset, length).prefix { $0 != 0 }) }

    // The sum of all bytes, with spaces in its own place. Some programs added signed numbers.
    let sum = try Self.number(field(148, 8))
    var (unsigned, signed) = (Int64(8 * 0x20), Int64(8 * 0x20))
    for (index, byte) in block.enumerated() where !(148..<156 ~= index) {
      unsigned += Int64(byte)
      signed += Int64(Int8(bitPattern: byte))
    }
    guard sum == unsigned || sum == signed else { throw TarParser.damaged("a header with a wrong sum") }

    // GNU's magic number is another one, and what follows it, too.
    let isPOSIX = Array(field(257, 6)) == Array("ustar\0".utf8)
    let prefix = isPOSIX ? text(345, 155) : []
    name = prefix.isEmpty ? text(0, 100) : prefix + [UInt8(ascii: "/")] + text(0, 100)
    mode = UInt16(truncatingIfNeeded: try Self.number(field(100, 8)) & 0o7777)
    size = try Self.number(field(124, 12))
    guard size >= 0 else { throw TarParser.damaged("a size") }
    mtime = try Self.number(field(136, 12))
    type = block[block.startIndex + 156]
    target = text(157, 100)
  }

  /// A number in octal digits, or in binary, which its first bit says (GNU).
  private static func number(_ field: ArraySlice<UInt8>) throws(ClientError) -> Int64 {
    guard let first = field.first else { return 0 }
    if first & 0x80 != 0 {
      // The sign is the second bit.
      var value: Int64 = first & 0x40 != 0 ? -1 : 0
      for (index, byte) in field.enumerated() {
        let (high, overflow) = value.multipliedReportingOverflow(by: 256)
        guard !overflow else { throw TarParser.damaged("a number") }
        value = high | Int64(index == 0 ? byte & 0x7F | (first & 0x40 != 0 ? 0x80 : 0) : byte)
      }
      return value
    }
    let text = field.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
    if text.isEmpty { return 0 }
    guard let first = text.first, UInt8(ascii: "0")...UInt8(ascii: "7") ~= first,
      let value = Int64(String(decoding: text, as: UTF8.self), radix: 8)
    else { throw TarParser.damaged("a number") }
    return value
  }
}
