import Crypto
import Foundation

/// An exchange with a real daemon, as it was recorded.
package struct Exchange: Decodable, Sendable {
  /// What was sent.
  package struct Request: Decodable, Sendable {
    package let method: String
    package let command: String
    package let query: [[String]]
    package let headers: [String: String]
    package let files: [File]?
  }

  /// A part of a request's body.
  package struct File: Decodable, Sendable {
    package let name: String?
    package let filename: String?
    package let type: String?
    package let headers: [String: String]?
    package let body: Body
  }

  /// What came back.
  package struct Response: Decodable, Sendable {
    package let status: Int
    package let headers: [String: [String]]
    package let trailers: [String: String]
    package let body: Body
  }

  /// Bytes, or what they are made from or known by.
  package struct Body: Decodable, Sendable {
    struct Generated: Decodable {
      let seed: String
      let length: Int
    }

    /// The bytes; nil where only their digest is known.
    package let bytes: [UInt8]?
    /// Their SHA-256, if it alone is known.
    package let sha256: String?
    package let length: Int

    private enum CodingKeys: String, CodingKey {
      case text, base64, generated, sha256, length
    }

    package init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      sha256 = try container.decodeIfPresent(String.self, forKey: .sha256)
      if let text = try container.decodeIfPresent(String.self, forKey: .text) {
        bytes = Array(text.utf8)
      } else if let text = try container.decodeIfPresent(String.self, forKey: .base64) {
        bytes = Array(try Self.unwrap(Data(base64Encoded: text)))
      } else if let generated = try container.decodeIfPresent(Generated.self, forKey: .generated) {
        bytes = Exchange.generated(length: generated.length, seed: generated.seed)
      } else {
        bytes = nil
      }
      length = try container.decodeIfPresent(Int.self, forKey: .length) ?? bytes?.count ?? 0
    }

    private struct Missing: Error {}

    private static func unwrap<Value>(_ value: Value?) throws -> Value {
      guard let value else { throw Missing() }
      return value
    }
  }

  package let name: String
  package let request: Request
  package let response: Response

  /// All exchanges, in the order in which they were recorded.
  package static func all() throws -> [Exchange] {
    guard let url = Bundle.module.url(forResource: "Fixtures/exchanges", withExtension: "json") else {
      throw CocoaError(.fileNoSuchFile)
    }
    return try JSONDecoder().decode([Exchange].self, from: Data(contentsOf: url))
  }

  /// `length` bytes made from a seed: SHA-256 of the seed and a counter of eight bytes, and so on.
  package static func generated(length: Int, seed: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(length + 32)
    var counter: UInt64 = 0
    while bytes.count < length {
      var hash = SHA256()
      hash.update(data: Array(seed.utf8))
      withUnsafeBytes(of: counter.bigEndian) { hash.update(bufferPointer: $0) }
      bytes += hash.finalize()
      counter += 1
    }
    bytes.removeLast(bytes.count - length)
    return bytes
  }
}
