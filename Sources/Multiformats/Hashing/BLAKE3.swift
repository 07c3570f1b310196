/// BLAKE3 without a key.
///
/// ```
///   data     chunk 0 │ chunk 1 │ chunk 2 │ …       1024 bytes each, each hashed with its number, in blocks of 64
///   tree     the left side of a parent is the largest power of two of chunks that leaves something for the right
///   digest   the root's compression again, with a counter, as often as bytes are wanted
/// ```
///
/// There is no Swift or Debian package of it. From the paper "BLAKE3: one function, fast everywhere",
/// <https://github.com/BLAKE3-team/BLAKE3-specs>. Not with vectors: Swift shifts their lanes one by one.
enum BLAKE3 {
  /// Bytes of a digest where nothing else is said.
  static let digestLength = 32

  private static let chunkLength = 1024
  private static let blockLength = 64

  /// Hashes data, to any number of bytes.
  static func hash(_ data: UnsafeRawBufferPointer, length: Int = digestLength) -> [UInt8] {
    var tree = Tree()
    var position = 0
    // The last chunk is kept: it may be the root.
    while data.count - position > chunkLength {
      let chunk = UnsafeRawBufferPointer(rebasing: data[position..<position + chunkLength])
      tree.append(lastBlock(of: chunk, number: tree.count).value)
      position += chunkLength
    }
    let last = lastBlock(of: UnsafeRawBufferPointer(rebasing: data[position...]), number: tree.count)
    return tree.root(closedBy: last).output(length)
  }

  /// A compression that is not done yet: how it is done depends on whether it is the root's.
  private struct Compression {
    var input: Value
    var message: Message
    var counter: UInt64
    var length: UInt32
    var flags: Flags

    /// The chaining value that it gives.
    var value: Value {
      compress(input, message, counter: counter, length: length, flags: flags).lowHalf
    }

    /// The digest, if it is the root.
    func output(_ length: Int) -> [UInt8] {
      var result: [UInt8] = []
      result.reserveCapacity(length + blockLength)
      var counter: UInt64 = 0
      while result.count < length {
        let state = compress(input, message, counter: counter, length: self.length, flags: flags.union(.root))
        for index in state.indices { withUnsafeBytes(of: state[index].littleEndian) { result.append(contentsOf: $0) } }
        counter += 1
      }
      result.removeLast(result.count - length)
      return result
    }
  }

  /// What a block or parent hands on: eight words.
  private typealias Value = SIMD8<UInt32>

  private static let initial: Value = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
  ]

  private struct Flags: OptionSet {
    let rawValue: UInt32
    static let chunkStart = Flags(rawValue: 1 << 0)
    static let chunkEnd = Flags(rawValue: 1 << 1)
    static let parent = Flags(rawValue: 1 << 2)
    static let root = Flags(rawValue: 1 << 3)
  }

  /// The sixteen words of a block.
  private typealias Message = SIMD16<UInt32>

  /// The values of complete subtrees, the largest first: one for each bit that is set in the count of chunks.
  private struct Tree {
    private var values: [Value] = []
    private(set) var count: UInt64 = 0

    /// Adds the value of a chunk that is not the last.
    mutating func append(_ value: Value) {
      var value = value
      count += 1
      var rest = count
      while rest & 1 == 0, let left = values.popLast() {
        value = parent(left, value).value
        rest >>= 1
      }
      values.append(value)
    }

    /// The root over all chunks and the last.
    func root(closedBy last: Compression) -> Compression {
      values.reversed().reduce(last) { right, left in parent(left, right.value) }
    }
  }

  private static func parent(_ left: Value, _ right: Value) -> Compression {
    Compression(
      input: initial, message: Message(lowHalf: left, highHalf: right), counter: 0, length: UInt32(blockLength),
      flags: .parent)
  }

  /// Hashes a chunk up to its last block.
  private static func lastBlock(of chunk: UnsafeRawBufferPointer, number: UInt64) -> Compression {
    var input = initial
    var flags = Flags.chunkStart
    var position = 0
    while true {
      let end = min(chunk.count, position + blockLength)
      let block = UnsafeRawBufferPointer(rebasing: chunk[position..<end])
      let isLast = end == chunk.count
      let compression = Compression(
        input: input, message: message(block), counter: number, length: UInt32(block.count),
        flags: isLast ? flags.union(.chunkEnd) : flags)
      if isLast { return compression }
      input = compression.value
      flags = []
      position = end
    }
  }

  /// A block's words; what is missing is zero.
  private static func message(_ block: UnsafeRawBufferPointer) -> Message {
    var message = Message()
    withUnsafeMutableBytes(of: &message) { $0.copyMemory(from: block) }
    for index in message.indices { message[index] = UInt32(littleEndian: message[index]) }
    return message
  }

  // MARK: One block

  /// The state after seven rounds over one block.
  private static func compress(
    _ input: Value, _ message: Message, counter: UInt64, length: UInt32, flags: Flags
  ) -> Message {
    var (m0, m1, m2, m3, m4, m5, m6, m7) = (
      message[0], message[1], message[2], message[3], message[4], message[5], message[6], message[7]
    )
    var (m8, m9, m10, m11, m12, m13, m14, m15) = (
      message[8], message[9], message[10], message[11], message[12], message[13], message[14], message[15]
    )
    var (v0, v1, v2, v3, v4, v5, v6, v7) = (
      input[0], input[1], input[2], input[3], input[4], input[5], input[6], input[7]
    )
    var (v8, v9, v10, v11): (UInt32, UInt32, UInt32, UInt32) = (0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A)
    var v12 = UInt32(truncatingIfNeeded: counter)
    var v13 = UInt32(truncatingIfNeeded: counter >> 32)
    var v14 = length
    var v15 = flags.rawValue
    for round in 0..<7 {
      // Columns, then diagonals.
      mix(&v0, &v4, &v8, &v12, m0, m1)
      mix(&v1, &v5, &v9, &v13, m2, m3)
      mix(&v2, &v6, &v10, &v14, m4, m5)
      mix(&v3, &v7, &v11, &v15, m6, m7)
      mix(&v0, &v5, &v10, &v15, m8, m9)
      mix(&v1, &v6, &v11, &v12, m10, m11)
      mix(&v2, &v7, &v8, &v13, m12, m13)
      mix(&v3, &v4, &v9, &v14, m14, m15)
      guard round < 6 else { break }
      // The words in the order of the next round.
      (m0, m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15) = (
        m2, m6, m3, m10, m7, m0, m4, m13, m1, m11, m12, m5, m9, m14, m15, m8
      )
    }
    return Message(
      v0 ^ v8, v1 ^ v9, v2 ^ v10, v3 ^ v11, v4 ^ v12, v5 ^ v13, v6 ^ v14, v7 ^ v15,
      v8 ^ input[0], v9 ^ input[1], v10 ^ input[2], v11 ^ input[3],
      v12 ^ input[4], v13 ^ input[5], v14 ^ input[6], v15 ^ input[7])
  }

  /// The function G.
  @inline(__always)
  private static func mix(
    _ a: inout UInt32, _ b: inout UInt32, _ c: inout UInt32, _ d: inout UInt32, _ first: UInt32, _ second: UInt32
  ) {
    a = a &+ b &+ first
    d = rotated(d ^ a, by: 16)
    c = c &+ d
    b = rotated(b ^ c, by: 12)
    a = a &+ b &+ second
    d = rotated(d ^ a, by: 8)
    c = c &+ d
    b = rotated(b ^ c, by: 7)
  }

  /// The bits moved to the right by a number of places, and in again at the left.
  @inline(__always)
  private static func rotated(_ word: UInt32, by count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 - count)
  }
}
