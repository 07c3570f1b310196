internal import IPLD

/// A kind of key pair.
public enum KeyKind: String, Hashable, Sendable, CaseIterable {
  /// Ed25519, the usual one.
  case ed25519
  /// RSA, of names that have been around for long.
  case rsa

  /// The bits that an RSA key may have; a new one has a multiple of 8.
  public static let rsaSizes = 2048...8192
  /// The bits of an RSA key where nothing else is said.
  public static let defaultRSASize = 2048

  /// The number in libp2p's protobuf.
  var number: UInt64 {
    switch self {
    case .rsa: 0
    case .ed25519: 1
    }
  }

  /// Refuses keys that are broken easily, and those that take too long.
  static func checkRSASize(_ bits: Int) throws(NodeError) {
    guard bits >= rsaSizes.lowerBound else {
      throw NodeError(.invalid, "rsa keys must be >= \(rsaSizes.lowerBound) bits to be useful")
    }
    guard bits <= rsaSizes.upperBound else {
      throw NodeError(.invalid, "rsa keys must be <= \(rsaSizes.upperBound) bits")
    }
  }
}

/// libp2p's protobuf of a key, public or private.
///
/// ```
///   message Key { required KeyType Type = 1; required bytes Data = 2; }
/// ```
enum SerializedKey {
  private static let kindField: UInt8 = 1
  private static let dataField: UInt8 = 2
  /// Kinds that are known, but not here.
  private static let otherKinds: [UInt64: String] = [2: "Secp256k1", 3: "ECDSA"]

  static func encode(_ kind: KeyKind, _ data: some Collection<UInt8>) -> [UInt8] {
    var writer = ProtobufWriter(capacity: data.count + 8)
    writer.append(kindField, number: kind.number)
    writer.append(dataField, bytes: data)
    return writer.bytes
  }

  static func decode(_ bytes: [UInt8]) throws(NodeError) -> (kind: KeyKind, data: [UInt8]) {
    var number: UInt64?
    var data: [UInt8]?
    do throws(IPLDError) {
      var reader = ProtobufReader(bytes)
      while let field = try reader.nextField() {
        switch field.number {
        case UInt64(kindField): number = try reader.number(of: field)
        case UInt64(dataField): data = Array(bytes[try reader.range(of: field)])
        default: try reader.skip(field)
        }
      }
    } catch {
      throw NodeError(.invalid, "a key that is no protobuf: \(error.message)", cause: error)
    }
    guard let number, let data else { throw NodeError(.invalid, "a key without its kind or its bytes") }
    guard let kind = KeyKind.allCases.first(where: { $0.number == number }) else {
      let name = otherKinds[number] ?? "number \(number)"
      throw NodeError(.invalid, "keys of kind \(name) are not supported, only RSA and Ed25519")
    }
    return (kind, data)
  }
}
