/// Which parts of a file differ from its base DAG, and where their bytes are.
///
/// A sorted list of extents that do not overlap; what lies between them is the base DAG's content, and zeros where
/// the base ends. Neighbours that continue each other are one extent, so that sequential writing keeps the map small.
///
/// ```
///   file   0 ───────────────────────────────────────────────── size
///   map        ┌ leaf(CID) ┐      ┌ spool ────┐ ┌ hole ──┐
///   below  base DAG ────────────────────────────┤ zeros
/// ```
public struct ExtentMap: Hashable, Sendable {
  /// Where the bytes of an extent are.
  public enum Source: Hashable, Sendable {
    /// Zeros.
    case hole
    /// The node's spool file, whose first byte would stand at the file's offset `origin`. So an extent is cut, and
    /// joined with one that continues it in both files, without a change of its source.
    case spool(origin: Int64)
    /// A stored leaf. Its first byte would stand at the file's offset `origin`, which cutting the extent does not
    /// change; negative where a later part of the leaf stands at the file's beginning.
    case leaf(Leaf, origin: Int64)
    /// In a list that covers a range whole (``extents(in:)``): the base DAG, at the same offset.
    case base
  }

  /// A range of the file's bytes and where they are.
  public struct Extent: Hashable, Sendable {
    /// The bytes of the file.
    public var range: Range<UInt64>
    /// Where they are.
    public var source: Source

    /// Makes an extent.
    public init(range: Range<UInt64>, source: Source) {
      self.range = range
      self.source = source
    }

    /// Where the extent begins in its leaf or spool file, which has this origin.
    public func position(from origin: Int64) -> UInt64 {
      UInt64(bitPattern: Int64(bitPattern: range.lowerBound) &- origin)
    }
  }

  /// The extents in order; none is empty, none is of source ``Source/base``.
  public private(set) var extents: [Extent]
  /// Where the base DAG stops to show through: its size, or less once the file was truncated below it.
  public private(set) var baseLimit: UInt64

  /// A map without a difference over a base of `baseSize` bytes.
  public init(baseSize: UInt64) {
    extents = []
    baseLimit = baseSize
  }

  /// A map of stored parts; returns nil where they are out of order, overlap, are empty or of source `base`.
  public init?(extents: [Extent], baseLimit: UInt64) {
    var end: UInt64 = 0
    for extent in extents {
      guard extent.range.lowerBound >= end, !extent.range.isEmpty, extent.source != .base else { return nil }
      end = extent.range.upperBound
    }
    self.extents = extents
    self.baseLimit = baseLimit
  }

  /// Says where the bytes of `range` are from now on; extents that it touches in part are cut.
  public mutating func set(_ range: Range<UInt64>, _ source: Source) {
    precondition(source != .base, "the base is what no extent covers")
    guard !range.isEmpty else { return }
    // Appending is the common case: nothing to search, nothing to cut.
    if let last = extents.last, last.range.upperBound <= range.lowerBound {
      append(Extent(range: range, source: source))
    } else {
      replace(range, with: Extent(range: range, source: source))
    }
  }

  /// Takes out what extents say of `range`, and puts one in its place if there is one.
  private mutating func replace(_ range: Range<UInt64>, with extent: Extent?) {
    guard !range.isEmpty else { return }
    let first = index(endingAfter: range.lowerBound)
    var after = first
    var replacement: [Extent] = []
    while after < extents.count, extents[after].range.lowerBound < range.upperBound {
      let old = extents[after]
      if old.range.lowerBound < range.lowerBound {
        replacement.append(Extent(range: old.range.lowerBound..<range.lowerBound, source: old.source))
      }
      if old.range.upperBound > range.upperBound {
        replacement.append(Extent(range: range.upperBound..<old.range.upperBound, source: old.source))
      }
      after += 1
    }
    if let extent {
      let middle = replacement.firstIndex { $0.range.lowerBound >= range.upperBound } ?? replacement.endIndex
      replacement.insert(extent, at: middle)
    }
    extents.replaceSubrange(first..<after, with: replacement)
    mergeNeighbours(from: max(first, 1) - 1, through: first + replacement.count)
  }

  /// Cuts everything at and beyond `size`; what is written there later has zeros before it, never old bytes.
  public mutating func truncate(to size: UInt64) {
    baseLimit = min(baseLimit, size)
    while let last = extents.last, last.range.upperBound > size {
      extents.removeLast()
      if last.range.lowerBound < size {
        extents.append(Extent(range: last.range.lowerBound..<size, source: last.source))
      }
    }
  }

  /// Lets the base DAG show through in `range`, which begins where it does already or stops to.
  public mutating func showBase(_ range: Range<UInt64>) {
    precondition(range.lowerBound <= baseLimit, "what lies between has no source")
    replace(range, with: nil)
    baseLimit = max(baseLimit, range.upperBound)
  }

  /// Extents that cover `range` without a gap, in order: the stored ones cut to it, and between them the base and,
  /// beyond the base, holes.
  public func extents(in range: Range<UInt64>) -> [Extent] {
    var result: [Extent] = []
    var position = range.lowerBound
    var current = index(endingAfter: range.lowerBound)
    while position < range.upperBound {
      let next = current < extents.count ? extents[current] : nil
      if let next, next.range.lowerBound <= position {
        let end = min(next.range.upperBound, range.upperBound)
        result.append(Extent(range: position..<end, source: next.source))
        position = end
        current += 1
        continue
      }
      let gapEnd = min(next?.range.lowerBound ?? .max, range.upperBound)
      if position < baseLimit {
        let end = min(gapEnd, baseLimit)
        result.append(Extent(range: position..<end, source: .base))
        position = end
      }
      if position < gapEnd {
        result.append(Extent(range: position..<gapEnd, source: .hole))
        position = gapEnd
      }
    }
    return result
  }

  /// Whether any bytes lie in the spool file.
  public var usesSpool: Bool { spoolEnd != nil }

  /// Where the last bytes end that lie in the spool file, from that file's beginning; nil where none do.
  public var spoolEnd: UInt64? {
    extents.lazy.compactMap { extent -> UInt64? in
      guard case .spool(let origin) = extent.source else { return nil }
      return extent.position(from: origin) &+ (extent.range.upperBound - extent.range.lowerBound)
    }.max()
  }

  /// Whether any bytes of `range` lie in the spool file at this origin.
  public func usesSpool(_ origin: Int64, in range: Range<UInt64>) -> Bool {
    var current = index(endingAfter: range.lowerBound)
    while current < extents.count, extents[current].range.lowerBound < range.upperBound, !range.isEmpty {
      if extents[current].source == .spool(origin: origin) { return true }
      current += 1
    }
    return false
  }

  /// The first extent that ends after `offset`.
  private func index(endingAfter offset: UInt64) -> Int {
    var low = 0
    var high = extents.count
    while low < high {
      let middle = (low + high) / 2
      if extents[middle].range.upperBound <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func append(_ extent: Extent) {
    if let last = extents.last, let merged = Self.merge(last, extent) {
      extents[extents.count - 1] = merged
    } else {
      extents.append(extent)
    }
  }

  private mutating func mergeNeighbours(from first: Int, through last: Int) {
    var index = first
    var end = min(last, extents.count - 1)
    while index < end {
      if let merged = Self.merge(extents[index], extents[index + 1]) {
        extents[index] = merged
        extents.remove(at: index + 1)
        end -= 1
      } else {
        index += 1
      }
    }
  }

  private static func merge(_ left: Extent, _ right: Extent) -> Extent? {
    guard left.range.upperBound == right.range.lowerBound, left.source == right.source else { return nil }
    return Extent(range: left.range.lowerBound..<right.range.upperBound, source: left.source)
  }
}
