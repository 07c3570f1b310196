import Crypto
import Foundation

/// An exchange with a real daemon, as it was recorded.
public struct Exchange: Decodable, Sendable {
  /// What was sent.
  public struct Request: Decodable, Sendable {
    public let method: String
    public let command: String
    public let query: [[String]]
    public let headers: [String: String]
    public let files: [File]?
  }

  /// A part of a request's body.
  public struct File: Decodable, Sendable {
    public let name: String?
    public let filename: String?
    public let type: String?
    public let headers: [String: String]?
    public let body: Body
  }

  /// What came back.
  public struct Response: Decodable, Sendable {
    public let status: Int
    public let headers: [String: [String]]
    public let trailers: [String: String]
    public let body: Body
  }

  /// Bytes, or what they are made from or known by.
  public struct Body: Decodable, Sendable {
    struct Generated: Decodable {
      let seed: String
      let length: Int
    }

    /// The bytes; nil where only their digest is known.
    public let bytes: [UInt8]?
    /// Their SHA-256, if it alone is known.
    public let sha256: String?
    public let length: Int

    private enum CodingKeys: String, CodingKey {
      case text, base64, generated, sha256, length
    }

    public init(from decoder: any Decoder) throws {
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

  public let name: String
  public let request: Request
  public let response: Response

  /// `length` bytes made from a seed: SHA-256 of the seed and a counter of eight bytes, and so on.
  public static func generated(length: Int, seed: String) -> [UInt8] {
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
