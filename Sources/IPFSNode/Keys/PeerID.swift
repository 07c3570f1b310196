public import Multiformats

/// The name of a key pair: the multihash of its public key.
///
/// A key of up to 42 bytes is in its name whole, as an `identity` hash; of others the name has the SHA-256.
///
/// ```
///   12D3Koo…   base58btc of the multihash alone: peers            Qm…   the same of a SHA-256
///   k51…       CIDv1 with codec libp2p-key, in base36: IPNS       k2k…  the same of a SHA-256
/// ```
///
/// See <https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md>.
public struct PeerID: Hashable, Sendable, CustomStringConvertible {
  /// The multihash's binary form.
  public let bytes: [UInt8]

  /// The longest serialized key that stands in a name itself, in bytes.
  private static let maximumInlineLength = 42

  /// Reads the binary form of a multihash that fills `bytes`.
  ///
  /// - Throws: `invalid` for what is none.
  public init(bytes: [UInt8]) throws(NodeError) {
    do throws(MultiformatsError) {
      _ = try Multihash(bytes: bytes)
    } catch {
      throw NodeError(.invalid, "failed to parse peer ID: \(error.message)", cause: error)
    }
    self.bytes = bytes
  }

  /// Reads a text of either form; a CID in any base.
  ///
  /// - Throws: `invalid` for what is none.
  public init(_ text: String) throws(NodeError) {
    let multihash: [UInt8]
    do throws(MultiformatsError) {
      if text.hasPrefix("Qm") || text.hasPrefix("1") {
        multihash = try Multibase.base58btc.decodeWithoutPrefix(text[...])
      } else {
        let cid = try CID(text)
        guard cid.codec == .libp2pKey else {
          throw MultiformatsError(
            .invalidText, "can't convert CID of type \"\(cid.codec.name ?? "\(cid.codec.rawValue)")\" to a peer ID")
        }
        multihash = cid.multihash.bytes
      }
    } catch {
      throw NodeError(.invalid, "failed to parse peer ID: \(error.message)", cause: error)
    }
    try self.init(bytes: multihash)
  }

  /// The name of a serialized public key.
  init(ofSerializedKey key: [UInt8]) {
    let function: Multihash.Code = key.count <= Self.maximumInlineLength ? .identity : .sha2_256
    do {
      bytes = try key.withUnsafeBytes { try Multihash(hashing: $0, with: function).bytes }
    } catch {
      preconditionFailure("both functions are known, and take as much: \(error)")
    }
  }

  /// The name as peers are named: base58btc of the multihash.
  public var description: String { Multibase.base58btc.encodeWithoutPrefix(bytes) }

  /// The name as a CID of codec `libp2p-key`, in a base.
  public func text(in base: Multibase) -> String {
    var cid: [UInt8] = [CID.Version.v1.rawValue]
    Varint.append(Multicodec.libp2pKey.rawValue, to: &cid)
    return base.encode(cid + bytes)
  }

  /// The name as IPNS has it: a CID in base36.
  public var ipnsName: String { text(in: .base36) }

  /// The public key, where it stands in the name itself.
  ///
  /// - Throws: `invalid` for a name that has none, or one of a kind that is not known.
  public func publicKey() throws(NodeError) -> PublicKey {
    if let multihash = try? Multihash(bytes: bytes), multihash.code == .identity {
      return try PublicKey(serialized: multihash.digest)
    }
    throw NodeError(.invalid, "public key is not embedded in peer ID")
  }
}
