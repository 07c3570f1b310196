internal import Crypto
internal import CryptoExtras
internal import Foundation

extension PrivateKey {
  /// How a private key is written for other programs. Raw values are the names of Kubo's formats.
  public enum Format: String, Sendable, CaseIterable {
    /// libp2p's protobuf, as in a keystore.
    case protobuf = "libp2p-protobuf-cleartext"
    /// PKCS #8 as PEM text, as OpenSSL has it.
    case pem = "pem-pkcs8-cleartext"
  }

  /// The key in a format.
  public func encoded(as format: Format) -> [UInt8] {
    switch format {
    case .protobuf: serialized
    case .pem: Array(Self.pem(pkcs8).utf8)
    }
  }

  /// Reads a key in a format.
  ///
  /// - Throws: `invalid` for what is no key in it.
  public init(_ bytes: [UInt8], as format: Format) throws(NodeError) {
    switch format {
    case .protobuf:
      do {
        try self.init(serialized: bytes)
      } catch {
        if (try? Self.block(inPEM: bytes)) != nil {
          throw NodeError(
            .invalid,
            "unexpected PEM block for format=\(format.rawValue): try again with format=\(Format.pem.rawValue)",
            cause: error)
        }
        throw NodeError(.invalid, "unable to unmarshall format=\(format.rawValue): \(error.message)", cause: error)
      }
    case .pem: try self.init(pkcs8: Self.block(inPEM: bytes))
    }
  }

  // MARK: PKCS #8

  /// What stands before the seed in the DER of an Ed25519 key (RFC 8410), behind the outer length: version 0, the
  /// algorithm 1.3.101.112, and an octet string in an octet string.
  private static let ed25519Header: [UInt8] = [
    0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ]
  private static let versionIndex = 2

  /// The DER of PKCS #8.
  var pkcs8: [UInt8] {
    switch material {
    case .ed25519(let key):
      [0x30, UInt8(Self.ed25519Header.count + Self.seedLength)] + Self.ed25519Header + Array(key.rawRepresentation)
    case .rsa(let key): Array(key.pkcs8DERRepresentation)
    }
  }

  /// Reads the DER of PKCS #8.
  init(pkcs8 der: [UInt8]) throws(NodeError) {
    if let seed = Self.ed25519Seed(in: der) {
      try self.init(ed25519Seed: seed)
    } else {
      try self.init(rsa: der)
    }
  }

  /// The seed in the DER of an Ed25519 key, whose version may also be 1, with attributes and the public key behind it.
  private static func ed25519Seed(in der: [UInt8]) -> ArraySlice<UInt8>? {
    guard der.count > 2, der[0] == 0x30 else { return nil }
    // The outer length in one byte, or in one more from 128 on.
    let isLong = der[1] == 0x81
    let length = isLong ? Int(der[2]) : Int(der[1])
    let content = der.dropFirst(isLong ? 3 : 2)
    guard content.count == length, content.count >= ed25519Header.count + seedLength else { return nil }
    var header = Array(content.prefix(ed25519Header.count))
    guard header[versionIndex] <= 1 else { return nil }
    header[versionIndex] = 0
    guard header == ed25519Header else { return nil }
    return content.dropFirst(ed25519Header.count).prefix(seedLength)
  }

  // MARK: PEM

  private static let label = "PRIVATE KEY"
  private static let lineLength = 64

  /// DER as text between two lines (RFC 7468).
  private static func pem(_ der: [UInt8]) -> String {
    var text = "-----BEGIN \(label)-----\n"
    var digits = Data(der).base64EncodedString()[...]
    while !digits.isEmpty {
      text += digits.prefix(lineLength) + "\n"
      digits = digits.dropFirst(lineLength)
    }
    return text + "-----END \(label)-----\n"
  }

  /// The DER in the first block of a PEM text.
  private static func block(inPEM bytes: [UInt8]) throws(NodeError) -> [UInt8] {
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    guard let start = lines.firstIndex(where: { $0.hasPrefix("-----BEGIN ") && $0.hasSuffix("-----") }),
      case let name = lines[start].dropFirst(11).dropLast(5),
      let end = lines[start...].firstIndex(of: "-----END \(name)-----")
    else { throw NodeError(.invalid, "PEM block not found in input data") }
    guard name == label else {
      throw NodeError(.invalid, "expected \(label) type in PEM block but got: \(name)")
    }
    guard let der = Data(base64Encoded: lines[(start + 1)..<end].joined()) else {
      throw NodeError(.invalid, "a PEM block that is not base64")
    }
    return Array(der)
  }
}
