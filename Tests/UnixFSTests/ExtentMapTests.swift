import Multiformats
import TestSupport
import Testing
import UnixFS

/// Where a byte of the model comes from.
private enum Origin: Hashable {
  case base
  case hole
  /// A byte of the spool file, by its place there.
  case spool(Int)
  /// A byte of a leaf, by its place in the leaf.
  case leaf(CID, Int)
}

/// The map as an array: a source for each byte.
private struct Model {
  var bytes: [Origin]
  var baseLimit: Int
  /// Bytes beyond the file's end are holes or, below the base's limit, base.
  func origin(at offset: Int) -> Origin {
    offset < bytes.count ? bytes[offset] : offset < baseLimit ? .base : .hole
  }

  mutating func set(_ range: Range<Int>, _ source: ExtentMap.Source) {
    while bytes.count < range.upperBound { bytes.append(origin(at: bytes.count)) }
    for offset in range {
      bytes[offset] =
        switch source {
        case .hole: .hole
        case .spool(let origin): .spool(offset - Int(origin))
        case .base: .base
        case .leaf(let leaf, let origin): .leaf(leaf.cid, offset - Int(origin))
        }
    }
  }

  mutating func truncate(to size: Int) {
    baseLimit = min(baseLimit, size)
    bytes = Array(bytes.prefix(size))
  }
}

@Suite struct ExtentMapTests {
  private static func leaf(_ number: Int, size: Int) -> Leaf {
    let cid = Array("\(number)".utf8).withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
    return Leaf(cid: cid, size: size, tsize: size)
  }

  private static func range(_ low: Int, _ high: Int) -> Range<UInt64> { UInt64(low)..<UInt64(high) }

  /// What the map says of each byte of a range.
  private func origins(_ map: ExtentMap, in range: Range<UInt64>) -> [Origin] {
    var result: [Origin] = []
    for extent in map.extents(in: range) {
      for offset in extent.range {
        switch extent.source {
        case .base: result.append(.base)
        case .hole: result.append(.hole)
        case .spool(let origin): result.append(.spool(Int(offset) - Int(origin)))
        case .leaf(let leaf, let origin): result.append(.leaf(leaf.cid, Int(offset) - Int(origin)))
        }
      }
    }
    return result
  }

  /// The extents are in order, none is empty or of the base, and no two of them could be one.
  private func checkInvariants(_ map: ExtentMap) {
    #expect(ExtentMap(extents: map.extents, baseLimit: map.baseLimit) == map)
    for (left, right) in zip(map.extents, map.extents.dropFirst()) where left.range.upperBound == right.range.lowerBound
    {
      #expect(left.source != right.source, "neighbours \(left.range) and \(right.range) are not merged")
    }
  }

  @Test(arguments: 0..<30 as Range<UInt64>)
  func randomOperationsAgainstAnArray(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let limit = 200
    let baseSize = Int.random(in: 0...limit, using: &random)
    var map = ExtentMap(baseSize: UInt64(baseSize))
    var model = Model(bytes: [], baseLimit: baseSize)
    for step in 0..<300 {
      let low = Int.random(in: 0..<limit, using: &random)
      let high = Int.random(in: low...min(limit, low + .random(in: 1...60, using: &random)), using: &random)
      let source: ExtentMap.Source
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4: source = .spool(origin: Int64.random(in: -2...2, using: &random) * 1000)
      case 4..<6: source = .hole
      case 6..<8:
        // Any part of a leaf may stand there, also one whose beginning would lie before the file's.
        source = .leaf(Self.leaf(step, size: 300), origin: Int64(low - .random(in: 0...100, using: &random)))
      default:
        map.truncate(to: UInt64(low))
        model.truncate(to: low)
        continue
      }
      map.set(Self.range(low, high), source)
      model.set(low..<high, source)

      checkInvariants(map)
      let from = Int.random(in: 0..<limit, using: &random)
      let to = Int.random(in: from...limit + 20, using: &random)
      for range in [0..<limit + 20, from..<to] {
        let expected = range.map(model.origin(at:))
        try #require(
          origins(map, in: Self.range(range.lowerBound, range.upperBound)) == expected, "step \(step), \(range)")
      }
      let spooled = (0..<limit).compactMap { if case .spool(let place) = model.origin(at: $0) { place } else { nil } }
      // Places below 0 count as very large ones.
      #expect(map.usesSpool == !spooled.isEmpty)
      if let last = spooled.max(), spooled.allSatisfy({ $0 >= 0 }) { #expect(map.spoolEnd == UInt64(last + 1)) }
      let expected = (low..<high).contains { model.origin(at: $0) == .spool($0 - 1000) }
      #expect(map.usesSpool(1000, in: Self.range(low, high)) == expected)
    }
  }

  @Test func sequentialWritingIsOneExtent() {
    var map = ExtentMap(baseSize: 0)
    for index in 0..<1000 { map.set(Self.range(index * 10, index * 10 + 10), .spool(origin: 0)) }
    #expect(map.extents == [ExtentMap.Extent(range: 0..<10000, source: .spool(origin: 0))])
  }

  @Test func writingBackwardsIsOneExtent() {
    var map = ExtentMap(baseSize: 0)
    for index in (0..<1000).reversed() { map.set(Self.range(index * 10, index * 10 + 10), .spool(origin: 0)) }
    #expect(map.extents == [ExtentMap.Extent(range: 0..<10000, source: .spool(origin: 0))])
  }

  @Test func equalLeavesStaySeparate() {
    var map = ExtentMap(baseSize: 0)
    let leaf = Self.leaf(1, size: 10)
    map.set(0..<10, .leaf(leaf, origin: 0))
    map.set(10..<20, .leaf(leaf, origin: 10))
    #expect(map.extents.count == 2)
  }

  @Test func partsOfOneLeafJoin() {
    var map = ExtentMap(baseSize: 0)
    let leaf = Self.leaf(1, size: 10)
    map.set(100..<104, .leaf(leaf, origin: 100))
    map.set(104..<110, .leaf(leaf, origin: 100))
    #expect(map.extents == [.init(range: 100..<110, source: .leaf(leaf, origin: 100))])
    map.set(103..<106, .spool(origin: 0))
    #expect(map.extents.map(\.range) == [100..<103, 103..<106, 106..<110])
    map.set(103..<106, .leaf(leaf, origin: 100))
    #expect(map.extents == [.init(range: 100..<110, source: .leaf(leaf, origin: 100))])
  }

  @Test func writingIntoAHoleLeavesBothEnds() {
    var map = ExtentMap(baseSize: 0)
    map.set(0..<100, .hole)
    map.set(40..<60, .spool(origin: 0))
    #expect(map.extents.map(\.range) == [0..<40, 40..<60, 60..<100])
    map.set(40..<60, .hole)
    #expect(map.extents.map(\.range) == [0..<100])
  }

  @Test func oldBytesDoNotComeBackAfterTruncation() {
    var map = ExtentMap(baseSize: 100)
    map.truncate(to: 30)
    map.truncate(to: 80)
    #expect(map.baseLimit == 30)
    #expect(
      map.extents(in: 0..<80) == [.init(range: 0..<30, source: .base), .init(range: 30..<80, source: .hole)])
  }

  @Test func storedExtentsThatContradictThemselvesAreRefused() {
    let spool = { (range: Range<UInt64>) in ExtentMap.Extent(range: range, source: .spool(origin: 0)) }
    #expect(ExtentMap(extents: [spool(0..<5), spool(6..<9)], baseLimit: 3) != nil)
    #expect(ExtentMap(extents: [spool(0..<5), spool(4..<9)], baseLimit: 3) == nil)
    #expect(ExtentMap(extents: [spool(6..<9), spool(0..<5)], baseLimit: 3) == nil)
    #expect(ExtentMap(extents: [spool(4..<4)], baseLimit: 3) == nil)
    #expect(ExtentMap(extents: [.init(range: 0..<4, source: .base)], baseLimit: 3) == nil)
  }

  @Test func offsetsAtTheEndOfTheNumbers() {
    var map = ExtentMap(baseSize: 10)
    map.set(UInt64.max - 5..<UInt64.max, .spool(origin: 0))
    #expect(map.extents(in: 0..<UInt64.max).map(\.range.upperBound) == [10, .max - 5, .max])
    map.truncate(to: .max - 2)
    #expect(map.extents.map(\.range) == [UInt64.max - 5..<UInt64.max - 2])
  }
}
