internal import Crypto
internal import CryptoExtras
internal import Foundation

/// A key pair, of one of the two kinds that IPNS names are made of here.
public struct PrivateKey: Sendable {
  enum Material: Sendable {
    case ed25519(Curve25519.Signing.PrivateKey)
    case rsa(_RSA.Signing.PrivateKey)
  }

  let material: Material

  init(_ material: Material) {
    self.material = material
  }

  /// Makes a new Ed25519 key pair.
  public static func ed25519() -> PrivateKey {
    PrivateKey(.ed25519(Curve25519.Signing.PrivateKey()))
  }

  /// Makes a new RSA key pair. That takes from a tenth of a second to a minute, on a thread of its own.
  ///
  /// - Parameter bits: Its size, one of ``KeyKind/rsaSizes`` and a multiple of 8.
  /// - Throws: `invalid` for another size.
  public static func rsa(bits: Int = KeyKind.defaultRSASize) async throws(NodeError) -> PrivateKey {
    try KeyKind.checkRSASize(bits)
    guard bits % 8 == 0 else { throw NodeError(.invalid, "rsa keys must have a multiple of 8 bits") }
    return try await offload { () throws(NodeError) in
      do {
        return PrivateKey(.rsa(try _RSA.Signing.PrivateKey(keySize: _RSA.Signing.KeySize(bitCount: bits))))
      } catch {
        throw NodeError(.invalid, "cannot make an RSA key of \(bits) bits", cause: error)
      }
    }
  }

  /// Reads libp2p's protobuf of a private key.
  ///
  /// - Throws: `invalid` for what is none, or for a key of another kind or of a size that is not allowed.
  public init(serialized: [UInt8]) throws(NodeError) {
    let (kind, data) = try SerializedKey.decode(serialized)
    switch kind {
    case .ed25519: try self.init(ed25519: data)
    case .rsa: try self.init(rsa: data)
    }
  }

  /// Reads the seed with the public key behind it; an old form has that twice.
  private init(ed25519 data: [UInt8]) throws(NodeError) {
    let seed = data.prefix(Self.seedLength)
    let publicKey = data.dropFirst(Self.seedLength)
    guard [Self.publicLength, 2 * Self.publicLength].contains(publicKey.count) else {
      throw NodeError(.invalid, "an Ed25519 key of \(data.count) bytes")
    }
    let key: Curve25519.Signing.PrivateKey
    do {
      key = try Curve25519.Signing.PrivateKey(rawRepresentation: seed)
    } catch {
      throw NodeError(.invalid, "malformed Ed25519 key", cause: error)
    }
    // Signatures made with a public key that is not its own would give the private one away.
    let own = Array(key.publicKey.rawRepresentation)
    guard publicKey.prefix(Self.publicLength).elementsEqual(own), publicKey.suffix(Self.publicLength).elementsEqual(own)
    else { throw NodeError(.invalid, "an Ed25519 key whose halves do not belong together") }
    material = .ed25519(key)
  }

  /// Reads a key of 32 bytes, without its public half.
  init(ed25519Seed seed: some Collection<UInt8>) throws(NodeError) {
    do {
      material = .ed25519(try Curve25519.Signing.PrivateKey(rawRepresentation: Array(seed)))
    } catch {
      throw NodeError(.invalid, "malformed Ed25519 key", cause: error)
    }
  }

  /// Reads the DER of PKCS #1 or PKCS #8.
  init(rsa der: [UInt8]) throws(NodeError) {
    let key: _RSA.Signing.PrivateKey
    do {
      // Whatever its size: that has an error of its own.
      key = try _RSA.Signing.PrivateKey(unsafeDERRepresentation: der)
    } catch {
      throw NodeError(.invalid, "malformed RSA key", cause: error)
    }
    try KeyKind.checkRSASize(key.keySizeInBits)
    material = .rsa(key)
  }

  static let seedLength = 32
  private static let publicLength = 32

  /// libp2p's protobuf of the key: its kind, and the 64 bytes of ed25519 or RSA's PKCS #1.
  public var serialized: [UInt8] {
    switch material {
    case .ed25519(let key):
      SerializedKey.encode(.ed25519, Array(key.rawRepresentation) + Array(key.publicKey.rawRepresentation))
    case .rsa(let key): SerializedKey.encode(.rsa, key.derRepresentation)
    }
  }

  /// The public half.
  public var publicKey: PublicKey {
    switch material {
    case .ed25519(let key): PublicKey(.ed25519(key.publicKey))
    case .rsa(let key): PublicKey(.rsa(key.publicKey))
    }
  }

  /// The key pair's name.
  public var peerID: PeerID { publicKey.peerID }

  /// Signs bytes: ed25519, or RSA with PKCS #1 v1.5 and SHA-256.
  ///
  /// - Throws: `inputOutput` if the library cannot.
  public func signature(of data: [UInt8]) throws(NodeError) -> [UInt8] {
    do {
      switch material {
      case .ed25519(let key): return Array(try key.signature(for: data))
      case .rsa(let key):
        return Array(try key.signature(for: data, padding: .insecurePKCS1v1_5).rawRepresentation)
      }
    } catch {
      throw NodeError(.inputOutput, "cannot sign", cause: error)
    }
  }
}

extension PrivateKey: Equatable {
  /// Whether both are the same key pair.
  public static func == (left: PrivateKey, right: PrivateKey) -> Bool { left.serialized == right.serialized }
}
