import UnixFS

/// Where in a spool file the bytes of a changed file are put.
///
/// Both files are divided into regions of one size. A region of the changed file that is written to gets a region of
/// the spool file, the next one that is free, and bytes stand at the same place in both. So the spool file is no longer
/// than what was touched, however far out in the changed file that is; and pieces that are written in any order join
/// into one extent.
///
/// ```
///   changed file   │ region 0 │ region 1 │   …   │ region 7 │ …
///                       ╰───────────────╮ ╭──────────╯
///   spool file                     │ region 7 │ region 0 │ region 7, again │
/// ```
///
/// What the journal says is in the spool file is not overwritten: a file whose next write fails falls back to it. Such
/// bytes get a second place, and the first is free again once the journal knows of that.
struct SpoolLayout {
  /// Bytes of a region.
  static let regionSize: UInt64 = 1 << 20

  /// Where the regions of the changed file stand in the spool file, by number; some stand there several times.
  private var places: [UInt64: [UInt64]] = [:]
  private var end: UInt64

  /// The layout of a spool file of which the first `end` bytes are in use.
  init(after end: UInt64 = 0) {
    self.end = (end + Self.regionSize - 1) / Self.regionSize * Self.regionSize
  }

  /// How many bytes from an offset on are in the same region.
  static func room(at offset: UInt64) -> Int { Int(regionSize - offset % regionSize) }

  /// The origin at which bytes of one region of the changed file are to be written.
  ///
  /// - Parameter kept: Extent maps whose bytes in the spool file must stay as they are.
  mutating func origin(for range: Range<UInt64>, keeping kept: [ExtentMap]) -> Int64 {
    let region = range.lowerBound / Self.regionSize
    let start = Int64(region * Self.regionSize)
    for place in places[region, default: []] {
      let origin = start - Int64(place)
      if !kept.contains(where: { $0.usesSpool(origin, in: range) }) { return origin }
    }
    places[region, default: []].append(end)
    defer { end += Self.regionSize }
    return start - Int64(end)
  }
}
