import Foundation

/// The entries of a tar archive; iterated, each as text.
struct TarListing: Sequence {
  struct Entry: CustomStringConvertible {
    var name = ""
    var type: Character = "0"
    var mode = 0
    var target = ""
    /// Nil where the time is not one of the past that somebody set.
    var time: Int?
    var records: [String: [UInt8]] = [:]
    var content: [UInt8] = []

    var description: String {
      let keys = records.keys.sorted()
      return "\(type) \(name) \(String(mode, radix: 8)) \(target) \(keys) \(String(decoding: content, as: UTF8.self))"
    }
  }

  let entries: [Entry]
  /// Whether the archive ended as archives do, and every checksum was right.
  let isWhole: Bool

  init(_ bytes: [UInt8]) {
    var entries: [Entry] = []
    var records: [String: [UInt8]] = [:]
    var place = 0
    var isSound = true
    while place + 512 <= bytes.count, bytes[place..<place + 512].contains(where: { $0 != 0 }) {
      let block = Array(bytes[place..<place + 512])
      place += 512
      var entry = Entry()
      let prefix = Self.text(block[345..<500])
      let size = records["size"].flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? Self.number(block[124..<136])
      entry.name = (prefix.isEmpty ? "" : prefix + "/") + Self.text(block[0..<100])
      entry.type = Character(Unicode.Scalar(block[156]))
      entry.mode = Self.number(block[100..<108])
      entry.target = Self.text(block[157..<257])
      entry.time = Self.number(block[136..<148])
      guard size >= 0, place + size <= bytes.count else { break }
      entry.content = Array(bytes[place..<place + size])
      place += (size + 511) / 512 * 512
      var unsigned = block
      for index in 148..<156 { unsigned[index] = 0x20 }
      isSound = isSound && unsigned.reduce(0) { $0 + Int($1) } == Self.number(block[148..<156])
      if entry.type == "x" {
        records = Self.records(entry.content)
        continue
      }
      entry.records = records
      if let path = records["path"] { entry.name = String(decoding: path, as: UTF8.self) }
      if let target = records["linkpath"] { entry.target = String(decoding: target, as: UTF8.self) }
      entries.append(entry)
      records = [:]
    }
    self.entries = entries
    isWhole = isSound && bytes.count == place + 1024 && !bytes[place...].contains { $0 != 0 }
  }

  func makeIterator() -> IndexingIterator<[Entry]> { entries.makeIterator() }

  private static func text(_ field: ArraySlice<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  private static func number(_ field: ArraySlice<UInt8>) -> Int {
    Int(text(field).trimmingCharacters(in: .whitespaces), radix: 8) ?? 0
  }

  /// The records of a pax header: `LENGTH KEY=VALUE`.
  private static func records(_ bytes: [UInt8]) -> [String: [UInt8]] {
    var records: [String: [UInt8]] = [:]
    var rest = bytes[...]
    while let space = rest.firstIndex(of: 0x20), let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
      length <= rest.count, let equals = rest.firstIndex(of: UInt8(ascii: "="))
    {
      let key = String(decoding: rest[(space + 1)..<equals], as: UTF8.self)
      records[key] = Array(rest[(equals + 1)..<(rest.startIndex + length - 1)])
      rest = rest[(rest.startIndex + length)...]
    }
    return records
  }
}
