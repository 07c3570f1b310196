import Multiformats

/// A block by the last bytes of its hash: enough to tell blocks apart in sets of millions.
///
/// Two blocks of one key are taken for one where that only keeps one of them longer than needed.
struct BlockKey: Hashable, Sendable {
  let bits: UInt64

  init(_ cid: CID) {
    // A CID ends with its digest, in either version; a digest of less than eight bytes lends some of what is before.
    bits = Self.number(cid.bytes.suffix(8))
  }

  fileprivate static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0) { $0 << 8 | UInt64($1) }
  }
}

/// An inner node by 16 bytes of its hash and its codec. Whether its links were followed must not be mistaken: two nodes
/// of one key are not met in practice, also if somebody makes them on purpose.
struct InnerNodeKey: Hashable, Sendable {
  private let high: UInt64
  private let low: UInt64
  private let codec: UInt64

  init(_ cid: CID) {
    low = BlockKey(cid).bits
    high = BlockKey.number(cid.bytes.dropLast(8).suffix(8))
    codec = cid.codec.rawValue
  }
}

/// A set of keys in one array with open addressing: 11 to 22 bytes a key.
struct BlockKeySet {
  private var slots: [UInt64] = []
  private(set) var count = 0
  /// Zero marks a free slot, so whether it is in the set stands here.
  private var hasZero = false
  /// Keys are hashes already, but others choose them: nobody outside knows where they go.
  private let multiplier = UInt64.random(in: 0 ... .max) | 1

  private static let smallestCapacity = 64

  /// Whether a block of this key was added.
  func contains(_ key: BlockKey) -> Bool {
    if key.bits == 0 { return hasZero }
    guard !slots.isEmpty else { return false }
    return slots[slot(of: key.bits)] != 0
  }

  /// Adds a key. Returns whether it is new.
  @discardableResult
  mutating func insert(_ key: BlockKey) -> Bool {
    if key.bits == 0 {
      defer { hasZero = true }
      if !hasZero { count += 1 }
      return !hasZero
    }
    if count * 4 >= slots.count * 3 { grow() }
    let slot = slot(of: key.bits)
    guard slots[slot] == 0 else { return false }
    slots[slot] = key.bits
    count += 1
    return true
  }

  /// Takes everything out. A large array is let go of.
  mutating func removeAll() {
    guard count > 0 else { return }
    count = 0
    hasZero = false
    if slots.count > Self.smallestCapacity {
      slots = []
    } else {
      for index in slots.indices { slots[index] = 0 }
    }
  }

  /// Where a key is, or would be put.
  private func slot(of bits: UInt64) -> Int {
    let shift = UInt64.bitWidth - slots.count.trailingZeroBitCount
    var slot = Int((bits &* multiplier) >> UInt64(shift))
    while slots[slot] != 0, slots[slot] != bits { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }

  private mutating func grow() {
    let old = slots
    slots = [UInt64](repeating: 0, count: max(Self.smallestCapacity, old.count * 2))
    for bits in old where bits != 0 { slots[slot(of: bits)] = bits }
  }
}
