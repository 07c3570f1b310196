import TestSupport
import Testing
import UnixFS

/// Where chunkers cut.
@Suite struct ChunkCutterTests {
  /// The lengths of the chunks of a file that arrives in pieces.
  private func chunks(
    _ content: [UInt8], _ chunker: ImportProfile.Chunker, pieces: () -> Int
  ) -> [Int] {
    var cutter = ChunkCutter(chunker)
    var lengths: [Int] = []
    var begin = 0
    var position = 0
    content.withUnsafeBytes { content in
      while position < content.count {
        let end = min(content.count, position + pieces())
        while position < end {
          guard let count = cutter.cut(UnsafeRawBufferPointer(rebasing: content[position..<end])) else {
            position = end
            #expect(cutter.pending == position - begin)
            break
          }
          position += count
          lengths.append(position - begin)
          begin = position
          #expect(cutter.pending == 0)
        }
      }
    }
    if begin < content.count { lengths.append(content.count - begin) }
    return lengths
  }

  /// The definition, without any sliding: each window's hash from nothing.
  private func defined(
    _ content: [UInt8], _ chunker: ImportProfile.Chunker, window: Int, isCut: (ArraySlice<UInt8>) -> Bool
  ) -> [Int] {
    var lengths: [Int] = []
    var begin = 0
    while begin < content.count {
      var end = min(content.count, begin + chunker.minimumChunkSize)
      let last = min(content.count, begin + chunker.maximumChunkSize)
      while end < last, !isCut(content[end - window..<end]) { end += 1 }
      lengths.append(end - begin)
      begin = end
    }
    return lengths
  }

  /// The remainder of a window, read as a polynomial over GF(2), bit by bit.
  private func rabin(_ window: ArraySlice<UInt8>) -> UInt64 {
    let polynomial: UInt64 = 0x3D_F305_DFB2_A805
    var rest: UInt64 = 0
    for byte in window {
      for bit in (0..<8).reversed() {
        rest = rest << 1 | UInt64(byte >> UInt8(bit) & 1)
        if rest >> 53 & 1 == 1 { rest ^= polynomial }
      }
    }
    return rest
  }

  @Test(arguments: [(16, 17, 64), (16, 64, 65), (40, 100, 300), (200, 256, 300)])
  func rabinCutsWhereItIsDefinedTo(minimum: Int, average: Int, maximum: Int) {
    var random = SeededGenerator(seed: UInt64(average))
    let chunker = ImportProfile.Chunker.rabin(minimum: minimum, average: average, maximum: maximum)
    let content = data(20_000, seed: "\(average)")
    let bits = Int.bitWidth - 1 - average.leadingZeroBitCount
    let expected = defined(content, chunker, window: 16) { rabin($0) & ((1 << UInt64(bits)) - 1) == 0 }
    #expect(Set(expected).count > 3)
    #expect(chunks(content, chunker) { .max / 2 } == expected)
    #expect(chunks(content, chunker) { 1 } == expected)
    for _ in 0..<10 { #expect(chunks(content, chunker) { .random(in: 1...70, using: &random) } == expected) }
  }

  @Test func buzhashDoesNotDependOnPieces() {
    var random = SeededGenerator(seed: 1)
    let content = data(3 << 20)
    let expected = chunks(content, .buzhash) { .max / 2 }
    #expect(expected.reduce(0, +) == content.count)
    #expect(expected.dropLast().allSatisfy { 128 << 10...512 << 10 ~= $0 })
    #expect(Set(expected).count > 3)
    for _ in 0..<3 { #expect(chunks(content, .buzhash) { .random(in: 1...200_000, using: &random) } == expected) }
    #expect(
      chunks(Array(content.prefix(600_000)), .buzhash) { .random(in: 1...40, using: &random) }
        == chunks(Array(content.prefix(600_000)), .buzhash) { .max / 2 })
  }

  /// A copy of a cutter goes on from where it was taken.
  @Test func cutterIsAValue() {
    let content = data(1000)
    content.withUnsafeBytes { content in
      var first = ChunkCutter(.rabin(minimum: 300, average: 512, maximum: 900))
      #expect(first.cut(UnsafeRawBufferPointer(rebasing: content[..<299])) == nil)
      var second = first
      let rest = UnsafeRawBufferPointer(rebasing: content[299...])
      #expect(first.cut(rest) == second.cut(rest))
    }
  }

  @Test(arguments: [
    ImportProfile.Chunker.fixed(100), .rabin(minimum: 20, average: 64, maximum: 128),
    .rabin(minimum: 87381, average: 262144, maximum: 393216), .buzhash,
  ])
  func zerosAreCutAsSoonAsTheyMayBe(_ chunker: ImportProfile.Chunker) {
    let count = chunker.zeroChunkSize * 3 + 5
    let lengths = chunks(Array(repeating: 0, count: count), chunker) { 1001 }
    #expect(lengths == Array(repeating: chunker.zeroChunkSize, count: 3) + [5])
  }

  @Test func names() throws {
    for name in ["size-1", "size-2096896", "rabin-16-17-18", "rabin-87381-262144-393216", "buzhash"] {
      #expect(try ImportProfile.Chunker(name: name).name == name)
    }
    #expect(try ImportProfile.Chunker(name: "rabin") == .rabin(minimum: 87381, average: 262144, maximum: 393216))
    #expect(try ImportProfile.Chunker(name: "rabin-48") == .rabin(minimum: 16, average: 48, maximum: 72))
    for wrong in [
      "", "size", "size-", "size-0", "size-2096897", "size--1", "size-1-2", "rabin-", "rabin-47", "rabin-1-2",
      "rabin-15-20-30", "rabin-20-20-30", "rabin-20-30-30", "rabin-20-30-2096897", "rabin-9223372036854775807",
      "buzhash-1", "gear", "size-1 ", "Size-1",
    ] {
      #expect("\(wrong)") { _ = try ImportProfile.Chunker(name: wrong) } throws: {
        ($0 as? UnixFSError)?.code == .invalidProfile
      }
    }
  }
}
