/// The shape that the balanced layout gives a file of some size: which chunks are below which node.
struct BalancedShape {
  /// The file's bytes.
  let size: UInt64
  /// The file's chunks, 0 for an empty file.
  let chunkCount: UInt64
  /// The root's height: 0 where it is a leaf.
  let height: Int
  private let chunkSize: UInt64
  private let maxFileLinks: UInt64

  init(size: UInt64, profile: ImportProfile) {
    self.size = size
    chunkSize = UInt64(profile.chunkSize)
    maxFileLinks = UInt64(profile.maxFileLinks)
    chunkCount = size / chunkSize + (size.isMultiple(of: chunkSize) ? 0 : 1)
    var height = 0
    var span: UInt64 = 1
    while span < chunkCount {
      span = Self.saturatingProduct(span, maxFileLinks)
      height += 1
    }
    self.height = height
  }

  /// The chunks of a full subtree.
  func span(height: Int) -> UInt64 {
    (0..<height).reduce(1) { span, _ in Self.saturatingProduct(span, maxFileLinks) }
  }

  /// The chunks of the subtree of `height` that begins with chunk `start`; empty where the file ends before it.
  func range(height: Int, start: UInt64) -> Range<UInt64> {
    guard start < chunkCount else { return start..<start }
    return start..<start + min(span(height: height), chunkCount - start)
  }

  /// The file's bytes in some chunks.
  func byteCount(of chunks: Range<UInt64>) -> UInt64 {
    end(of: chunks.upperBound) - end(of: chunks.lowerBound)
  }

  /// Whether a subtree has all chunks that it can have, the last one whole.
  func isFull(_ chunks: Range<UInt64>, height: Int) -> Bool {
    let (bytes, overflow) = span(height: height).multipliedReportingOverflow(by: chunkSize)
    return !overflow && byteCount(of: chunks) == bytes
  }

  /// The bytes below each child of a subtree.
  func childSizes(height: Int, start: UInt64) -> [UInt64] {
    let range = range(height: height, start: start)
    let span = span(height: height - 1)
    var sizes: [UInt64] = []
    var next = range.lowerBound
    while next < range.upperBound {
      let end = next + min(span, range.upperBound - next)
      sizes.append(byteCount(of: next..<end))
      next = end
    }
    return sizes
  }

  /// Where the bytes of the first `chunks` chunks end.
  private func end(of chunks: UInt64) -> UInt64 {
    min(Self.saturatingProduct(chunks, chunkSize), size)
  }

  private static func saturatingProduct(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? .max : product
  }
}
