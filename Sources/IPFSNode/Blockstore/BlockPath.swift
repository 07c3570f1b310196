package import Multiformats

/// Where a block's file is below `blocks/`, as go-ds-flatfs with `next-to-last/2` places it: the key is the multihash
/// in upper-case base32 without padding, the folder is the two characters before the key's last.
package struct BlockPath: Hashable, Sendable {
  /// The content of `SHARDING`, which tells Kubo how the folder is laid out.
  static let sharding = "/repo/flatfs/shard/v1/next-to-last/2\n"
  /// Where blocks are written before they get their name; Kubo passes over names that begin with a dot.
  static let temporaryFolder = ".temp"
  private static let suffix = ".data"

  /// The folder's name.
  let folder: String
  /// The path relative to `blocks/`.
  package let path: String

  /// The path of a multihash's block.
  package init(multihash: some Collection<UInt8>) {
    let key = Self.base32(multihash)
    // A key of less than three characters does not occur: the shortest multihash has two bytes.
    folder = String(decoding: key.dropLast().suffix(2), as: UTF8.self)
    path = "\(folder)/\(String(decoding: key, as: UTF8.self))\(Self.suffix)"
  }

  /// The multihash whose block is in a file of this name; nil for other files.
  package static func multihash(ofFile name: String) -> Multihash? {
    guard name.hasSuffix(suffix) else { return nil }
    // With a codec before it a multihash is a CID, which knows how to read it.
    guard let (_, bytes) = try? Multibase.decode("B\(name.dropLast(suffix.count))"),
      let cid = try? CID(bytes: [1, UInt8(Multicodec.raw.rawValue)] + bytes)
    else { return nil }
    return cid.multihash
  }

  private static func base32(_ bytes: some Collection<UInt8>) -> [UInt8] {
    let alphabet = StaticString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 8 + 4) / 5)
    var bits: UInt32 = 0
    var count: UInt32 = 0
    func character(_ value: UInt32) -> UInt8 { alphabet.utf8Start[Int(value & 31)] }
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 5 {
        count -= 5
        text.append(character(bits >> count))
      }
    }
    if count > 0 { text.append(character(bits << (5 - count))) }
    return text
  }
}

extension CID {
  /// The binary multihash: all of a CIDv0; in a CIDv1 what follows the version and the codec's varint.
  package var multihashBytes: ArraySlice<UInt8> {
    if version == .v0 { return bytes[...] }
    let codecEnd = bytes[1...].firstIndex { $0 < 0x80 } ?? bytes.endIndex - 1
    return bytes[(codecEnd + 1)...]
  }

  /// The bytes of a block that is its own name, by the multihash `identity`; nil for all others.
  package var inlineData: ArraySlice<UInt8>? {
    guard multihashBytes.first == UInt8(Multihash.Code.identity.rawValue) else { return nil }
    return multihash.digest[...]
  }
}
