/// An archive as tests need them: also one that no program would write.
package struct TestArchive {
  package var bytes: [UInt8] = []

  package init() {}

  /// Adds an entry, with a header of the format ustar.
  package mutating func add(
    _ name: [UInt8], type: Character = "0", _ content: [UInt8] = [], size: Int? = nil, mode: Int? = nil,
    mtime: Int = 1_700_000_000, target: [UInt8] = [], prefix: [UInt8] = [], isGNU: Bool = false
  ) {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ value: [UInt8], _ offset: Int, _ length: Int) {
      for (index, byte) in value.prefix(length).enumerated() { header[offset + index] = byte }
    }
    func octal(_ number: Int, _ width: Int) -> [UInt8] {
      let digits = String(number, radix: 8)
      return Array((String(repeating: "0", count: max(0, width - digits.count)) + digits).utf8)
    }
    put(name, 0, 100)
    put(octal(mode ?? (type == "5" ? 0o755 : 0o644), 7), 100, 8)
    put(octal(0, 7), 108, 8)
    put(octal(0, 7), 116, 8)
    put(octal(size ?? content.count, 11), 124, 12)
    put(octal(mtime, 11), 136, 12)
    header[156] = type == "\0" ? 0 : type.asciiValue ?? 0
    put(target, 157, 100)
    put(Array((isGNU ? "ustar  \0" : "ustar\u{0}00").utf8), 257, 8)
    put(prefix, 345, 155)
    Self.sign(&header)
    bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  package mutating func add(
    _ name: String, type: Character = "0", _ content: String = "", size: Int? = nil, mode: Int? = nil,
    mtime: Int = 1_700_000_000, target: String = "", prefix: String = "", isGNU: Bool = false
  ) {
    add(
      Array(name.utf8), type: type, Array(content.utf8), size: size, mode: mode, mtime: mtime,
      target: Array(target.utf8), prefix: Array(prefix.utf8), isGNU: isGNU)
  }

  /// Adds records that stand in for fields of the next header.
  package mutating func addRecords(_ records: [(key: String, value: [UInt8])], type: Character = "x") {
    var content: [UInt8] = []
    for (key, value) in records {
      let length = key.utf8.count + value.count + 3
      // The length counts its own digits.
      var digits = String(length).count
      while String(length + digits).count > digits { digits += 1 }
      content += Array("\(length + digits) \(key)=".utf8) + value + [UInt8(ascii: "\n")]
    }
    add("PaxHeaders/x".utf8.map { $0 }, type: type, content)
  }

  /// Ends it.
  package mutating func end() { bytes += [UInt8](repeating: 0, count: 1024) }

  /// An ended archive.
  package static func make(_ build: (inout TestArchive) -> Void) -> [UInt8] {
    var archive = TestArchive()
    build(&archive)
    archive.end()
    return archive.bytes
  }

  /// Writes a header's sum.
  package static func sign(_ header: inout [UInt8]) {
    for index in 148..<156 { header[index] = UInt8(ascii: " ") }
    let digits = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    let field = Array((String(repeating: "0", count: max(0, 6 - digits.count)) + digits).utf8) + [0, 32]
    for (index, byte) in field.prefix(8).enumerated() { header[148 + index] = byte }
  }
}
