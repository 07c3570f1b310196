/// How the bytes of a block are to be read: a number of the multicodec table.
///
/// Any number is accepted; the constants are those that this package reads or writes.
/// See <https://github.com/multiformats/multicodec>.
public struct Multicodec: RawRepresentable, Hashable, Sendable {
  /// The number in the table.
  public let rawValue: UInt64

  /// Names a codec by its number.
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// Bytes without a structure.
  public static let raw = Multicodec(rawValue: 0x55)
  /// Merkle DAG protobuf.
  public static let dagPB = Multicodec(rawValue: 0x70)
  /// DAG-CBOR.
  public static let dagCBOR = Multicodec(rawValue: 0x71)
  /// A public key of libp2p: an IPNS name.
  public static let libp2pKey = Multicodec(rawValue: 0x72)
  /// DAG-JSON.
  public static let dagJSON = Multicodec(rawValue: 0x0129)
  /// CBOR without links.
  public static let cbor = Multicodec(rawValue: 0x51)
  /// JSON without links.
  public static let json = Multicodec(rawValue: 0x0200)
}
