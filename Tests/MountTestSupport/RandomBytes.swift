/// Bytes that follow from a seed and that do not compress: SplitMix64.
package func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
    var state = seed
    var done = 0
    while done < count {
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
      value ^= value >> 31
      for _ in 0..<min(8, count - done) {
        buffer.initializeElement(at: done, to: UInt8(truncatingIfNeeded: value))
        value >>= 8
        done += 1
      }
    }
    initialized = count
  }
}
