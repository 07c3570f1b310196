/// BLAKE3 without a key.
///
/// ```
///   data     chunk 0 │ chunk 1 │ chunk 2 │ …       1024 bytes each, each hashed with its number, in blocks of 64
///   tree     the left side of a parent is the largest power of two of chunks that leaves something for the right
///   digest   the root's compression again, with a counter, as often as bytes are wanted
/// ```
///
/// Four chunks are hashed side by side, one in each lane of a vector. There is no Swift or Debian package of it. From
/// the paper "BLAKE3: one function, fast everywhere", <https://github.com/BLAKE3-team/BLAKE3-specs>.
enum BLAKE3 {
  /// Bytes of a digest where nothing else is said.
  static let digestLength = 32

  private static let chunkLength = 1024
  private static let blockLength = 64
  private static let blocksInChunk = UInt64(chunkLength / blockLength)

  /// Hashes data, to any number of bytes.
  static func hash(_ data: UnsafeRawBufferPointer, length: Int = digestLength) -> [UInt8] {
    var tree = Tree()
    var position = 0
    // The last chunk is kept: it may be the root.
    while data.count - position > 4 * chunkLength {
      let chunks = UnsafeRawBufferPointer(rebasing: data[position..<position + 4 * chunkLength])
      for value in fourChunks(chunks, number: tree.count) { tree.append(value) }
      position += 4 * chunkLength
    }
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
      let state = compress(input, message, counter: counter, length: length, flags: flags)
      return Value(low: state.0, high: state.1)
    }

    /// The digest, if it is the root.
    func output(_ length: Int) -> [UInt8] {
      var result: [UInt8] = []
      result.reserveCapacity(length + blockLength)
      var counter: UInt64 = 0
      while result.count < length {
        let state = compress(input, message, counter: counter, length: self.length, flags: flags.union(.root))
        for row in [state.0, state.1, state.2, state.3] {
          for lane in 0..<4 { withUnsafeBytes(of: row[lane].littleEndian) { result.append(contentsOf: $0) } }
        }
        counter += 1
      }
      result.removeLast(result.count - length)
      return result
    }
  }

  /// What a block or parent hands on.
  private struct Value {
    var low: SIMD4<UInt32>
    var high: SIMD4<UInt32>

    static let initial = Value(
      low: [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A],
      high: [0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19])
  }

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
      input: .initial,
      message: Message(
        lowHalf: SIMD8(lowHalf: left.low, highHalf: left.high),
        highHalf: SIMD8(lowHalf: right.low, highHalf: right.high)),
      counter: 0, length: UInt32(blockLength), flags: .parent)
  }

  /// Hashes a chunk up to its last block.
  private static func lastBlock(of chunk: UnsafeRawBufferPointer, number: UInt64) -> Compression {
    var input = Value.initial
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

  /// The state after seven rounds over one block, a row of it in each vector.
  private static func compress(
    _ input: Value, _ message: Message, counter: UInt64, length: UInt32, flags: Flags
  ) -> (SIMD4<UInt32>, SIMD4<UInt32>, SIMD4<UInt32>, SIMD4<UInt32>) {
    var message = message
    var a = input.low
    var b = input.high
    var c = Value.initial.low
    var d = SIMD4(
      UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), length, flags.rawValue)
    for round in 0..<7 {
      if round > 0 { message = permuted(message) }
      let low = message.lowHalf
      let high = message.highHalf
      mix(&a, &b, &c, &d, low.evenHalf, low.oddHalf)
      // The diagonals become columns, and back.
      b = rotated(b, by: 1)
      c = rotated(c, by: 2)
      d = rotated(d, by: 3)
      mix(&a, &b, &c, &d, high.evenHalf, high.oddHalf)
      b = rotated(b, by: 3)
      c = rotated(c, by: 2)
      d = rotated(d, by: 1)
    }
    return (a ^ c, b ^ d, c ^ input.low, d ^ input.high)
  }

  /// The function G on four columns at once.
  @inline(__always)
  private static func mix(
    _ a: inout SIMD4<UInt32>, _ b: inout SIMD4<UInt32>, _ c: inout SIMD4<UInt32>, _ d: inout SIMD4<UInt32>,
    _ first: SIMD4<UInt32>, _ second: SIMD4<UInt32>
  ) {
    a = a &+ b &+ first
    d = (d ^ a) &>> 16 | (d ^ a) &<< 16
    c = c &+ d
    b = (b ^ c) &>> 12 | (b ^ c) &<< 20
    a = a &+ b &+ second
    d = (d ^ a) &>> 8 | (d ^ a) &<< 24
    c = c &+ d
    b = (b ^ c) &>> 7 | (b ^ c) &<< 25
  }

  /// The lanes moved down by a number of places.
  @inline(__always)
  private static func rotated(_ row: SIMD4<UInt32>, by count: Int) -> SIMD4<UInt32> {
    SIMD4(row[count & 3], row[(count + 1) & 3], row[(count + 2) & 3], row[(count + 3) & 3])
  }

  /// The words in the order of the next round.
  @inline(__always)
  private static func permuted(_ m: Message) -> Message {
    Message(m[2], m[6], m[3], m[10], m[7], m[0], m[4], m[13], m[1], m[11], m[12], m[5], m[9], m[14], m[15], m[8])
  }

  // MARK: Four chunks side by side

  /// The values of four whole chunks, the first of which has `number`: a lane for each chunk.
  private static func fourChunks(_ chunks: UnsafeRawBufferPointer, number: UInt64) -> [Value] {
    var values = (0..<8).map { index in
      SIMD4(repeating: index < 4 ? Value.initial.low[index] : Value.initial.high[index - 4])
    }
    let numbers = SIMD4(number, number + 1, number + 2, number + 3)
    values.withUnsafeMutableBufferPointer { values in
      withUnsafeTemporaryAllocation(of: SIMD4<UInt32>.self, capacity: 16) { message in
        for block in 0..<Int(blocksInChunk) {
          for word in 0..<16 {
            let offset = block * blockLength + word * 4
            message[word] = SIMD4(
              load(chunks, offset), load(chunks, offset + chunkLength), load(chunks, offset + 2 * chunkLength),
              load(chunks, offset + 3 * chunkLength))
          }
          var flags: Flags = block == 0 ? .chunkStart : []
          if block == Int(blocksInChunk) - 1 { flags.insert(.chunkEnd) }
          compressFour(values, message, numbers, flags)
        }
      }
    }
    return (0..<4).map { lane in
      Value(
        low: SIMD4(values[0][lane], values[1][lane], values[2][lane], values[3][lane]),
        high: SIMD4(values[4][lane], values[5][lane], values[6][lane], values[7][lane]))
    }
  }

  @inline(__always)
  private static func load(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
    UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  /// Compresses a block of each of four chunks into their values; the message is left in another order.
  private static func compressFour(
    _ values: UnsafeMutableBufferPointer<SIMD4<UInt32>>, _ m: UnsafeMutableBufferPointer<SIMD4<UInt32>>,
    _ numbers: SIMD4<UInt64>, _ flags: Flags
  ) {
    var (a0, a1, a2, a3) = (values[0], values[1], values[2], values[3])
    var (b0, b1, b2, b3) = (values[4], values[5], values[6], values[7])
    var c0 = SIMD4(repeating: Value.initial.low[0])
    var c1 = SIMD4(repeating: Value.initial.low[1])
    var c2 = SIMD4(repeating: Value.initial.low[2])
    var c3 = SIMD4(repeating: Value.initial.low[3])
    var d0 = SIMD4<UInt32>(truncatingIfNeeded: numbers)
    var d1 = SIMD4<UInt32>(truncatingIfNeeded: numbers &>> 32)
    var d2 = SIMD4(repeating: UInt32(blockLength))
    var d3 = SIMD4(repeating: flags.rawValue)
    for round in 0..<7 {
      if round > 0 { permute(m) }
      mix(&a0, &b0, &c0, &d0, m[0], m[1])
      mix(&a1, &b1, &c1, &d1, m[2], m[3])
      mix(&a2, &b2, &c2, &d2, m[4], m[5])
      mix(&a3, &b3, &c3, &d3, m[6], m[7])
      mix(&a0, &b1, &c2, &d3, m[8], m[9])
      mix(&a1, &b2, &c3, &d0, m[10], m[11])
      mix(&a2, &b3, &c0, &d1, m[12], m[13])
      mix(&a3, &b0, &c1, &d2, m[14], m[15])
    }
    values[0] = a0 ^ c0
    values[1] = a1 ^ c1
    values[2] = a2 ^ c2
    values[3] = a3 ^ c3
    values[4] = b0 ^ d0
    values[5] = b1 ^ d1
    values[6] = b2 ^ d2
    values[7] = b3 ^ d3
  }

  @inline(__always)
  private static func permute(_ m: UnsafeMutableBufferPointer<SIMD4<UInt32>>) {
    let low = (m[2], m[6], m[3], m[10], m[7], m[0], m[4], m[13])
    let high = (m[1], m[11], m[12], m[5], m[9], m[14], m[15], m[8])
    (m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7]) = low
    (m[8], m[9], m[10], m[11], m[12], m[13], m[14], m[15]) = high
  }
}
