internal import Multiformats

/// The content that the golden data was generated from: `SHA-256(seed ‖ counter)` for a counter of eight bytes, most
/// significant first, from 0 on; concatenated and cut to `length`.
public func data(_ length: Int, seed: String = "swipfs") -> [UInt8] {
  var result: [UInt8] = []
  result.reserveCapacity(length + 32)
  var counter: UInt64 = 0
  let seed = Array(seed.utf8)
  while result.count < length {
    let input = seed + withUnsafeBytes(of: counter.bigEndian, Array.init)
    let hash = input.withUnsafeBytes { CID.sha256(of: $0, codec: .raw).multihash }
    result.append(contentsOf: hash.digest)
    counter += 1
  }
  result.removeLast(result.count - length)
  return result
}

/// A random number generator whose numbers follow from its seed: SplitMix64.
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  /// A generator; equal seeds give equal numbers.
  public init(seed: UInt64) {
    state = seed
  }

  /// The next number.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
