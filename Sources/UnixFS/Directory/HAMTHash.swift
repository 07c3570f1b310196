/// The hash of a name that says where in a HAMT its entry is: the first half of MurmurHash3 x64 128, seed 0.
///
/// See <https://github.com/aappleby/smhasher> and <https://specs.ipfs.tech/unixfs/#hamt-sharded-directory>.
package struct HAMTHash: Hashable {
  /// The multicodec number of the function, as shards state it.
  package static let code: UInt64 = 0x22

  /// The hash. Its most significant bits choose the slot in the root.
  package let value: UInt64

  /// Hashes a name.
  package init(_ name: EntryName) {
    value = Self.murmur3(name.bytes)
  }

  /// The slot at a level of shards with `fanout` slots; nil where the hash has no bits left.
  func slot(level: Int, fanout: Int) -> Int? {
    let width = fanout.trailingZeroBitCount
    guard width * (level + 1) <= UInt64.bitWidth else { return nil }
    return Int(value >> (UInt64.bitWidth - width * (level + 1)) & UInt64(fanout - 1))
  }

  /// The first `count` bits, 1 to 64: the slots of the first levels one after the other.
  func prefix(_ count: Int) -> UInt64 {
    value >> (UInt64.bitWidth - count)
  }

  private static func murmur3(_ bytes: [UInt8]) -> UInt64 {
    let c1: UInt64 = 0x87c3_7b91_1142_53d5
    let c2: UInt64 = 0x4cf5_ad43_2745_937f
    var h1: UInt64 = 0
    var h2: UInt64 = 0
    var start = 0
    while bytes.count - start >= 16 {
      h1 ^= rotated(word(bytes, start, 8) &* c1, 31) &* c2
      h1 = (rotated(h1, 27) &+ h2) &* 5 &+ 0x52dc_e729
      h2 ^= rotated(word(bytes, start + 8, 8) &* c2, 33) &* c1
      h2 = (rotated(h2, 31) &+ h1) &* 5 &+ 0x3849_5ab5
      start += 16
    }
    let rest = bytes.count - start
    if rest > 8 { h2 ^= rotated(word(bytes, start + 8, rest - 8) &* c2, 33) &* c1 }
    if rest > 0 { h1 ^= rotated(word(bytes, start, min(rest, 8)) &* c1, 31) &* c2 }
    h1 ^= UInt64(bytes.count)
    h2 ^= UInt64(bytes.count)
    h1 &+= h2
    h2 &+= h1
    return mixed(h1) &+ mixed(h2)
  }

  /// `count` bytes as a number, least significant first.
  private static func word(_ bytes: [UInt8], _ start: Int, _ count: Int) -> UInt64 {
    bytes[start..<start + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private static func rotated(_ value: UInt64, _ bits: UInt64) -> UInt64 {
    value << bits | value >> (64 - bits)
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var value = value
    value = (value ^ value >> 33) &* 0xff51_afd7_ed55_8ccd
    value = (value ^ value >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return value ^ value >> 33
  }
}
