/// Says where a file is cut into chunks, while its bytes arrive.
///
/// A value of some 60 bytes: a copy of it goes on from where it was taken. Where a chunk ends depends on the bytes
/// from its beginning to its end alone (and on the file's end), so a cutter can begin at any cut.
///
/// ```
///   chunk   │ minimum: not looked at │ the first place where the hash of the bytes before it fits │ … maximum
///                          └ window ┘
/// ```
///
/// Rabin and buzhash hash a window that slides over the bytes, and cut where the hash's low bits are zero.
public struct ChunkCutter: Sendable {
  private enum Rule {
    case fixed
    case rabin(mask: UInt64)
    case buzhash
  }

  private let rule: Rule
  private let minimum: Int
  private let maximum: Int
  /// Bytes of the window, 0 where nothing is hashed.
  private let window: Int
  /// Bytes of the chunk so far.
  private var length = 0
  /// The hash of the last `window` bytes, of those that were looked at.
  private var hash: UInt64 = 0
  /// The last bytes that were looked at, the newest at the end.
  private var recent = SIMD32<UInt8>()

  /// A cutter at the beginning of a chunk.
  public init(_ chunker: ImportProfile.Chunker) {
    minimum = chunker.minimumChunkSize
    maximum = chunker.maximumChunkSize
    switch chunker {
    case .fixed:
      rule = .fixed
      window = 0
    case .rabin(_, let average, _):
      let bits = Int.bitWidth - 1 - average.leadingZeroBitCount
      rule = .rabin(mask: (1 << UInt64(bits)) - 1)
      window = RabinTables.window
    case .buzhash:
      rule = .buzhash
      window = Self.buzhashWindow
    }
  }

  static let buzhashWindow = 32
  private static let buzhashMask: UInt32 = (1 << 17) - 1

  /// Bytes of the chunk that the cutter is in.
  public var pending: Int { length }

  /// Goes on through the bytes that follow, up to the end of the chunk.
  ///
  /// - Parameter bytes: The bytes after those of the last call.
  /// - Returns: How many of `bytes` belong to the chunk, where it ends in them; the cutter is at the beginning of the
  ///   next one then. Nil where the chunk goes on: it has all of `bytes`.
  public mutating func cut(_ bytes: UnsafeRawBufferPointer) -> Int? {
    let available = min(bytes.count, maximum - length)
    var position = 0
    // What lies so far before the first possible cut that no window has it.
    if length < minimum - window { position = min(available, minimum - window - length) }
    if window > 0, position < available {
      let stretch = UnsafeRawBufferPointer(rebasing: bytes[position..<available])
      let isFound: Bool
      let count: Int
      switch rule {
      case .fixed: preconditionFailure("a fixed chunker has no window")
      case .rabin(let mask): (count, isFound) = slideRabin(stretch, from: length + position, mask: mask)
      case .buzhash: (count, isFound) = slideBuzhash(stretch, from: length + position)
      }
      position += count
      if isFound { return end(position) }
    } else {
      position = available
    }
    guard length + position < maximum else { return end(position) }
    length += position
    return nil
  }

  private mutating func end(_ count: Int) -> Int {
    length = 0
    hash = 0
    recent = SIMD32()
    return count
  }

  /// Slides the window over `bytes`, the first of which is byte `start` of the chunk; says how many bytes it took, and
  /// whether a cut follows them.
  private mutating func slideRabin(
    _ bytes: UnsafeRawBufferPointer, from start: Int, mask: UInt64
  ) -> (count: Int, isFound: Bool) {
    let tables = RabinTables.standard
    let (leaving, reducing) = (tables.leaving, tables.reducing)
    let shift = UInt64(RabinTables.degree - 8)
    var hash = hash
    defer { self.hash = hash }
    // Before this many bytes of the chunk there is no cut.
    let first = minimum - start
    return slide(bytes, window: RabinTables.window) { old, new, index in
      hash ^= leaving[old]
      hash = (hash << 8 | UInt64(new)) ^ reducing[UInt8(truncatingIfNeeded: hash >> shift)]
      return hash & mask == 0 && index + 1 >= first
    }
  }

  private mutating func slideBuzhash(_ bytes: UnsafeRawBufferPointer, from start: Int) -> (count: Int, isFound: Bool) {
    let table = BuzhashTable.standard
    var hash = UInt32(truncatingIfNeeded: hash)
    defer { self.hash = UInt64(hash) }
    let first = minimum - start
    // The window begins as zeros, whose hash is zero: the number of zero has an even number of ones. After as many
    // steps as the window has bytes, a number that leaves has been turned once around and cancels itself.
    return slide(bytes, window: Self.buzhashWindow) { old, new, index in
      hash = (hash << 1 | hash >> 31) ^ table[old] ^ table[new]
      return hash & Self.buzhashMask == 0 && index + 1 >= first
    }
  }

  /// Hands `step` each byte with the one that leaves the window and its index, until that says to cut.
  ///
  /// `step` is given tables' indices only, and bytes within `bytes` or the window: that is why no access is checked.
  @inline(__always)
  private mutating func slide(
    _ bytes: UnsafeRawBufferPointer, window: Int, _ step: (UInt8, UInt8, Int) -> Bool
  ) -> (count: Int, isFound: Bool) {
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return (0, false) }
    var index = 0
    let fromRecent = min(window, bytes.count)
    while index < fromRecent {
      let isCut = step(recent[32 - window + index], base[index], index)
      index += 1
      if isCut { return (index, true) }
    }
    while index < bytes.count {
      let isCut = step(base[index - window], base[index], index)
      index += 1
      if isCut { return (index, true) }
    }
    remember(bytes, window: window)
    return (index, false)
  }

  /// Keeps the last bytes of the window.
  private mutating func remember(_ bytes: UnsafeRawBufferPointer, window: Int) {
    let new = min(window, bytes.count)
    for index in 0..<window - new { recent[32 - window + index] = recent[32 - window + index + new] }
    for index in 0..<new { recent[32 - new + index] = bytes[bytes.count - new + index] }
  }
}
