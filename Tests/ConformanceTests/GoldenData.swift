import Foundation
import Multiformats
import Testing
import UnixFS

/// The CIDs that a real Kubo gave, as the fixture has them.
struct GoldenData: Decodable {
  struct Result: Decodable {
    let cid: String
    let size: String

    enum CodingKeys: String, CodingKey {
      case cid = "Hash"
      case size = "Size"
    }
  }

  struct File: Decodable, CustomTestStringConvertible {
    let length: Int
    /// Nil for a file of zeros.
    let seed: String?
    let options: [String: String]
    let result: Result

    var testDescription: String {
      "\(length) \(seed == nil ? "zeros" : "bytes"), \(options.sorted { $0.key < $1.key })"
    }
  }

  struct Directory: Decodable, CustomTestStringConvertible {
    let entries: Int?
    let names: [String]?
    let options: [String: String]
    let result: Result

    var testDescription: String {
      "\(entries.map(String.init) ?? "odd") names, \(options.sorted { $0.key < $1.key })"
    }

    /// Names and contents of the files in it.
    var files: [(name: String, content: [UInt8])] {
      if let names { return names.map { ($0, Array($0.utf8)) } }
      return (0..<(entries ?? 0)).map { index in
        let digits = String(index)
        let name = "entry-" + String(repeating: "0", count: 6 - digits.count) + digits + ".txt"
        return (name, Array("\(digits)\n".utf8))
      }
    }
  }

  let files: [File]
  let directories: [Directory]

  /// The fixture.
  static let shared: GoldenData = {
    let url = Bundle.module.url(forResource: "cids", withExtension: "json", subdirectory: "Fixtures")
    do {
      return try JSONDecoder().decode(GoldenData.self, from: Data(contentsOf: #require(url)))
    } catch {
      preconditionFailure("the fixture cannot be read: \(error)")
    }
  }()
}

extension ImportProfile {
  /// The profile that options of `ipfs add` mean.
  ///
  /// `max-directory-links` and `max-hamt-fanout` have no effect there, as the golden data shows.
  init(options: [String: String]) throws {
    var read = ImportOptions()
    for (name, value) in options where ImportOptions.names.contains(name) { try read.set(name, to: value) }
    // Kubo turns raw leaves on with CIDv1, which comes with any other hash function.
    read.rawLeaves = read.rawLeaves ?? (read.cidVersion == .v1 || read.hashFunction != nil)
    self = try read.profile(over: .kuboDefault)
  }
}

extension UnixFSMetadata {
  /// The metadata that options of `ipfs add` ask for; nil for none.
  init?(options: [String: String]) throws {
    self.init()
    mode = try options["mode"].map { try #require(UInt32($0, radix: 8)) }
    if let seconds = try options["mtime"].map({ try #require(Int64($0)) }) {
      mtime = Timestamp(seconds: seconds, nanoseconds: try #require(UInt32(options["mtime-nsecs"] ?? "0")))
    }
    if self == UnixFSMetadata() { return nil }
  }
}
