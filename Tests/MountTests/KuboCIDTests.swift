import Foundation
import MountTestSupport
import TestSupport
import Testing

/// The CIDs that a real Kubo gave with the options that a mount imports with.
struct GoldenData: Decodable {
  struct Result: Decodable {
    let Hash: String
  }

  struct File: Decodable {
    let length: Int
    let seed: String?
    let zeros: Bool?
    let options: [String: String]
    let result: Result
  }

  struct Directory: Decodable {
    let entries: Int?
    let names: [String]?
    let options: [String: String]
    let result: Result
  }

  let files: [File]
  let directories: [Directory]

  static func load() throws -> GoldenData {
    let path = "\(Binaries.checkout)/Tests/TestSupport/Fixtures/cids.json"
    return try JSONDecoder().decode(GoldenData.self, from: Data(contentsOf: URL(filePath: path)))
  }
}

/// A file has the CID that `ipfs add` gives to its bytes, however they were written.
@Suite(.oneAtATime(minutes: 8), .serialized, .enabled(if: canMount))
struct KuboCIDTests {
  private struct Case {
    let length: Int
    let content: [UInt8]
    let cid: String
  }

  /// A case of each size.
  private static let cases: [Case] = {
    guard let golden = try? GoldenData.load() else { return [] }
    let files = golden.files.filter {
      $0.options == ["cid-version": "1", "chunker": "size-1048576", "max-file-links": "1024"]
    }
    let longest = data(files.filter { $0.zeros != true }.map(\.length).max() ?? 0)
    return files.map { file in
      let content = file.zeros == true ? [UInt8](repeating: 0, count: file.length) : Array(longest[..<file.length])
      return Case(length: file.length, content: content, cid: file.result.Hash)
    }
  }()

  /// Writes content to an open file in some order.
  enum Order: String, CaseIterable, CustomTestStringConvertible {
    case sequentially
    case backwards
    case overLonger
    case overShorter
    case overLongerAfterTruncation
    case inRandomPieces

    var testDescription: String { rawValue }

    func write(_ content: [UInt8], to path: String) throws {
      let old = max(0, content.count + (self == .overShorter ? -1 : 1) * (content.count / 3 + 1))
      switch self {
      case .overLonger, .overShorter, .overLongerAfterTruncation:
        try MountTestSupport.write(randomBytes(old, seed: 7), to: path)
      default: break
      }
      let truncate = self == .overLongerAfterTruncation ? O_TRUNC : 0
      let file = try File(path, O_RDWR | O_CREAT | truncate)
      try content.withUnsafeBytes { content in
        func write(_ range: Range<Int>) throws {
          try file.write(UnsafeRawBufferPointer(rebasing: content[range]), at: range.lowerBound)
        }
        func writePieces(_ size: Int, _ order: ([Int]) -> [Int]) throws {
          for start in order(Array(stride(from: 0, to: content.count, by: size))) {
            try write(start..<min(start + size, content.count))
          }
        }
        switch self {
        case .sequentially: try writePieces(128 << 10) { $0 }
        case .backwards: try writePieces(4 << 10) { $0.reversed() }
        case .overLonger:
          try writePieces(128 << 10) { $0 }
          try check(ftruncate(file.descriptor, off_t(content.count)))
        case .overShorter, .overLongerAfterTruncation: try writePieces(100_000) { $0 }
        case .inRandomPieces:
          var generator = SeededGenerator(seed: 1)
          try writePieces(77_777) { $0.shuffled(using: &generator) }
        }
      }
      try file.close()
    }
  }

  @Test func allSizesAreTaken() {
    #expect(Self.cases.count == 17)
  }

  @Test(arguments: Order.allCases)
  func file(_ order: Order) throws {
    try withMount { mount in
      for (index, golden) in Self.cases.enumerated() {
        let path = "\(mount.path)/\(index)"
        try order.write(golden.content, to: path)
        #expect(try cid(path) == golden.cid, "\(golden.length) bytes")
        #expect(try status(path).st_size == golden.length)
      }
      try mount.remount()
      for (index, golden) in Self.cases.enumerated() {
        let path = "\(mount.path)/\(index)"
        #expect(try cid(path) == golden.cid, "\(golden.length) bytes, after mounting again")
        #expect(try read(path) == golden.content, "\(golden.length) bytes")
      }
    }
  }

  /// The CID of a file that is open for writing is that of what was written so far.
  @Test func openFile() throws {
    try withMount { mount in
      for (index, golden) in Self.cases.enumerated() where golden.length < 5 << 20 {
        let path = "\(mount.path)/\(index)"
        let file = try File(path, O_RDWR | O_CREAT)
        try file.write(golden.content)
        #expect(try cid(path) == golden.cid, "\(golden.length) bytes")
        try file.write([1], at: golden.length)
        #expect(try cid(path) != golden.cid)
        try check(ftruncate(file.descriptor, off_t(golden.length)))
        #expect(try cid(path) == golden.cid, "\(golden.length) bytes, a byte more and cut again")
        try file.close()
        #expect(try cid(path) == golden.cid)
      }
    }
  }

  /// Directories that grow and shrink have Kubo's CIDs at every step.
  ///
  /// The mount shards a directory by the size of its block, the golden data by an estimate from names and CIDs; so the
  /// steps are those where both choose the same form.
  @Test func directoryThatGrowsAndShrinks() throws {
    let golden = try GoldenData.load().directories.filter { $0.options == ["cid-version": "1"] }
    let steps = golden.filter { $0.entries != nil && $0.entries != 5000 }
    #expect(steps.count == 10)
    try withMount { mount in
      let directory = "\(mount.path)/d"
      try check(mkdir(directory, 0o755))
      func path(_ index: Int) -> String {
        let digits = String(index)
        return "\(directory)/entry-\(String(repeating: "0", count: 6 - digits.count))\(digits).txt"
      }
      var count = 0
      for step in steps + steps.reversed() {
        let next = try #require(step.entries)
        for index in count..<max(count, next) { try write(Array("\(index)\n".utf8), to: path(index)) }
        for index in min(count, next)..<count { try check(unlink(path(index))) }
        count = next
        #expect(try cid(directory) == step.result.Hash, "\(count) entries")
        #expect(try names(in: directory).count == count)
      }
    }
  }

  @Test func directoryOfOddNames() throws {
    let golden = try GoldenData.load().directories.filter { $0.options == ["cid-version": "1"] && $0.names != nil }
    #expect(!golden.isEmpty)
    try withMount { mount in
      for (index, step) in golden.enumerated() {
        let directory = "\(mount.path)/\(index)"
        try check(mkdir(directory, 0o755))
        for name in try #require(step.names) { try write(Array(name.utf8), to: "\(directory)/\(name)") }
        #expect(try cid(directory) == step.result.Hash)
        #expect(try attribute("user.ipfs.path", directory) == Array("/ipfs/\(step.result.Hash)".utf8))
      }
    }
  }
}
