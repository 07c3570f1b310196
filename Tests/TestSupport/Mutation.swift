/// Bytes with a few random defects: changed, removed, inserted, doubled or cut off.
public func mutated(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
  var bytes = bytes
  for _ in 0..<Int.random(in: 1...4, using: &random) {
    let position = Int.random(in: 0...bytes.count, using: &random)
    let end = min(bytes.count, position + Int.random(in: 1...4, using: &random))
    switch Int.random(in: 0..<6, using: &random) {
    case 0: bytes.insert(.random(in: 0...255, using: &random), at: position)
    case 1: bytes.removeSubrange(position..<end)
    case 2: bytes.insert(contentsOf: bytes[position..<end], at: position)
    case 3: bytes.removeSubrange(position...)
    case 4: for index in position..<end { bytes[index] = [0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0 }
    default: for index in position..<end { bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
    }
  }
  return bytes
}
