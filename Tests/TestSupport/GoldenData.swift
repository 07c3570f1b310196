import Foundation

/// The CIDs that a real Kubo gave, as the fixture has them.
package struct GoldenData: Decodable, Sendable {
  package struct Result: Decodable, Sendable {
    package let cid: String
    package let size: String

    enum CodingKeys: String, CodingKey {
      case cid = "Hash"
      case size = "Size"
    }
  }

  package struct File: Decodable, Sendable, CustomStringConvertible {
    package let length: Int
    /// Nil for a file of zeros.
    package let seed: String?
    package let options: [String: String]
    package let result: Result

    package var description: String {
      "\(length) \(seed == nil ? "zeros" : "bytes"), \(options.sorted { $0.key < $1.key })"
    }
  }

  package struct Directory: Decodable, Sendable, CustomStringConvertible {
    package let entries: Int?
    package let names: [String]?
    package let options: [String: String]
    package let result: Result

    package var description: String {
      "\(entries.map(String.init) ?? "odd") names, \(options.sorted { $0.key < $1.key })"
    }

    /// Names and contents of the files in it.
    package var files: [(name: String, content: [UInt8])] {
      if let names { return names.map { ($0, Array($0.utf8)) } }
      return (0..<(entries ?? 0)).map { index in
        let digits = String(index)
        let name = "entry-" + String(repeating: "0", count: 6 - digits.count) + digits + ".txt"
        return (name, Array("\(digits)\n".utf8))
      }
    }
  }

  package let files: [File]
  package let directories: [Directory]

  /// The fixture.
  package static let shared: GoldenData = {
    let url = Bundle.module.url(forResource: "cids", withExtension: "json", subdirectory: "Fixtures")
    do {
      guard let url else { preconditionFailure("the fixture is missing") }
      return try JSONDecoder().decode(GoldenData.self, from: Data(contentsOf: url))
    } catch {
      preconditionFailure("the fixture cannot be read: \(error)")
    }
  }()
}
