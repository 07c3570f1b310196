internal import Crypto
internal import CryptoExtras
internal import Foundation

/// A public key, of one of the two kinds that IPNS names are made of here.
///
/// See <https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md#keys>.
public struct PublicKey: Sendable {
  enum Material: Sendable {
    case ed25519(Curve25519.Signing.PublicKey)
    case rsa(_RSA.Signing.PublicKey)
  }

  let material: Material

  init(_ material: Material) {
    self.material = material
  }

  /// Reads libp2p's protobuf of a public key.
  ///
  /// - Throws: `invalid` for what is none, or for a key of another kind or of a size that is not allowed.
  public init(serialized: [UInt8]) throws(NodeError) {
    let (kind, data) = try SerializedKey.decode(serialized)
    do {
      switch kind {
      case .ed25519: material = .ed25519(try Curve25519.Signing.PublicKey(rawRepresentation: data))
      case .rsa:
        let key = try _RSA.Signing.PublicKey(derRepresentation: data)
        try KeyKind.checkRSASize(key.keySizeInBits)
        material = .rsa(key)
      }
    } catch let error as NodeError {
      throw error
    } catch {
      throw NodeError(.invalid, "malformed public key", cause: error)
    }
  }

  /// The key's kind.
  public var kind: KeyKind {
    switch material {
    case .ed25519: .ed25519
    case .rsa: .rsa
    }
  }

  /// libp2p's protobuf of the key: its kind, and 32 bytes of ed25519 or the DER of RSA's SubjectPublicKeyInfo.
  public var serialized: [UInt8] {
    switch material {
    case .ed25519(let key): SerializedKey.encode(.ed25519, key.rawRepresentation)
    case .rsa(let key): SerializedKey.encode(.rsa, key.derRepresentation)
    }
  }

  /// The key's name.
  public var peerID: PeerID { PeerID(ofSerializedKey: serialized) }

  /// Whether `signature` is one of `data`: ed25519, or RSA with PKCS #1 v1.5 and SHA-256.
  public func verifies(_ signature: [UInt8], of data: [UInt8]) -> Bool {
    guard !signature.isEmpty else { return false }
    switch material {
    case .ed25519(let key): return key.isValidSignature(signature, for: data)
    case .rsa(let key):
      let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
      return key.isValidSignature(signature, for: data, padding: .insecurePKCS1v1_5)
    }
  }
}
