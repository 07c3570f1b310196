import UnixFS

/// The blocks before an entry of a tar archive (POSIX.1-2001, pax).
///
/// ```
///   512 bytes  name 100 │ mode 8 │ uid 8 │ gid 8 │ size 12 │ mtime 12 │ checksum 8 │ type 1 │ link 100
///              │ "ustar" 0 "00" │ user 32 │ group 32 │ major 8 │ minor 8 │ prefix 155
/// ```
///
/// What does not fit stands in records of a header of its own before it.
struct TarHeader {
  /// What an entry is.
  enum Kind: UInt8 {
    case file = 0x30
    case symlink = 0x32
    case directory = 0x35
    fileprivate static let records: UInt8 = 0x78
  }

  /// Bytes of a block.
  static let blockSize = 512
  /// What ends an archive.
  static let end = [UInt8](repeating: 0, count: 2 * blockSize)

  var name: [UInt8]
  var kind: Kind
  var size: UInt64 = 0
  var mode: UInt32
  var time: Timestamp
  var target: [UInt8] = []
  /// Whether fractions of a second are kept.
  var isPrecise: Bool

  private enum Field {
    static let name = 0..<100
    static let mode = 100..<108
    static let user = 108..<116
    static let group = 116..<124
    static let size = 124..<136
    static let time = 136..<148
    static let checksum = 148..<156
    static let kind = 156
    static let target = 157..<257
    static let magic = 257..<265
    static let major = 329..<337
    static let minor = 337..<345
    static let prefix = 345..<500
  }

  private static let largestNumber: UInt64 = 1 << 33

  /// The header's blocks.
  var encoded: [UInt8] {
    var records: [(key: String, value: [UInt8])] = []
    var shortName = name
    var prefix: ArraySlice<UInt8> = []
    if !Self.isPlain(name) || name.count > Field.name.count {
      if !isPrecise, let split = Self.split(name) {
        prefix = name[..<split]
        shortName = Array(name[(split + 1)...])
      } else {
        records.append(("path", name))
      }
    }
    if !Self.isPlain(target) || target.count > Field.target.count { records.append(("linkpath", target)) }
    if size >= Self.largestNumber { records.append(("size", Array(String(size).utf8))) }
    let fitsTime = 0..<Int64(Self.largestNumber) ~= time.seconds
    if isPrecise && time.nanoseconds != 0 || !fitsTime { records.append(("mtime", Array(Self.text(of: time).utf8))) }

    var block = Self.block(shortName, kind: kind.rawValue, size: size < Self.largestNumber ? size : 0)
    Self.write(UInt64(mode), to: Field.mode, of: &block)
    Self.write(fitsTime ? UInt64(time.seconds) : 0, to: Field.time, of: &block)
    Self.write(target, to: Field.target, of: &block)
    Self.write(0, to: Field.major, of: &block)
    Self.write(0, to: Field.minor, of: &block)
    Self.write(Array(prefix), to: Field.prefix, of: &block)
    Self.finish(&block)
    return records.isEmpty ? block : Self.blocks(of: records, for: name) + block
  }

  /// The blocks of records for an entry.
  private static func blocks(of records: [(key: String, value: [UInt8])], for name: [UInt8]) -> [UInt8] {
    let data = records.sorted { $0.key < $1.key }.flatMap { record($0.key, $0.value) }
    let slash = name.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
    let ownName = name[..<slash] + Array("PaxHeaders.0/".utf8) + name[slash...]
    var block = block(Array(ownName), kind: Kind.records, size: UInt64(data.count))
    write(0, to: Field.mode, of: &block)
    write(0, to: Field.time, of: &block)
    finish(&block)
    return block + data + [UInt8](repeating: 0, count: padding(data.count))
  }

  /// Bytes that fill the last block of so many.
  static func padding(_ count: Int) -> Int { (blockSize - count % blockSize) % blockSize }

  private static func block(_ name: [UInt8], kind: UInt8, size: UInt64) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: blockSize)
    write(name, to: Field.name, of: &block)
    write(0, to: Field.user, of: &block)
    write(0, to: Field.group, of: &block)
    write(size, to: Field.size, of: &block)
    block[Field.kind] = kind
    write(Array("ustar\u{0}00".utf8), to: Field.magic, of: &block)
    return block
  }

  private static func write(_ text: [UInt8], to field: Range<Int>, of block: inout [UInt8]) {
    let text = text.filter { $0 < 0x80 }.prefix(field.count)
    block.replaceSubrange(field.lowerBound..<field.lowerBound + text.count, with: text)
  }

  private static func write(_ number: UInt64, to field: Range<Int>, of block: inout [UInt8]) {
    let digits = String(number, radix: 8)
    write(
      Array((String(repeating: "0", count: max(0, field.count - 1 - digits.count)) + digits).utf8), to: field,
      of: &block)
  }

  private static func finish(_ block: inout [UInt8]) {
    let spaces = UInt64(Field.checksum.count) * 32
    let sum = block.reduce(spaces) { $0 + UInt64($1) }
    let digits = String(sum, radix: 8)
    write(
      Array((String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "\u{0} ").utf8), to: Field.checksum,
      of: &block)
  }

  private static func isPlain(_ text: [UInt8]) -> Bool { text.allSatisfy { 1..<0x80 ~= $0 } }

  /// Where a long name is cut into a prefix and a name; nil where it cannot be.
  private static func split(_ name: [UInt8]) -> Int? {
    guard isPlain(name) else { return nil }
    let end = min(name.count, Field.prefix.count + 1)
    guard let slash = name[..<end].lastIndex(of: UInt8(ascii: "/")), slash > 0,
      1...Field.name.count ~= name.count - slash - 1
    else { return nil }
    return slash
  }

  /// `LENGTH KEY=VALUE`, whose length counts itself.
  private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
    let rest = Array(" \(key)=".utf8) + value + [0x0A]
    var length = rest.count + 1
    while "\(length)".utf8.count + rest.count != length { length = "\(length)".utf8.count + rest.count }
    return Array("\(length)".utf8) + rest
  }

  /// Seconds with their fraction.
  private static func text(of time: Timestamp) -> String {
    guard time.nanoseconds > 0 else { return String(time.seconds) }
    let isNegative = time.seconds < 0
    let seconds = isNegative ? (time.seconds + 1).magnitude : time.seconds.magnitude
    let nanoseconds = isNegative ? 1_000_000_000 - time.nanoseconds : time.nanoseconds
    let digits = String(nanoseconds)
    var fraction = String(repeating: "0", count: 9 - digits.count) + digits
    while fraction.last == "0" { fraction.removeLast() }
    return "\(isNegative ? "-" : "")\(seconds).\(fraction)"
  }
}
