internal import IPLD
internal import Multiformats

/// The leaves of a stored file that a profile built: found by offset, and linked into a new DAG without reading them.
///
/// Inner nodes are read as far as it takes; those on the ways that were taken are kept.
struct StoredLeaves {
  /// A subtree, by where it stands.
  private struct Subtree {
    var root: DAGRoot
    /// Its place in the layout (``LayoutBuilder``).
    var place: Int
    /// Where its bytes begin.
    var start: UInt64
    /// Whether nothing comes after it.
    var isLast: Bool

    var range: Range<UInt64> { start..<start + root.size }
  }

  /// Nodes that are kept.
  private static let mostNodes = 64

  private let profile: ImportProfile
  private let source: any BlockSource
  private var nodes: [CID: [DAGRoot]] = [:]
  /// Whether a subtree has chunks of zeros alone, of those that were looked at.
  private var zeros: [CID: Bool] = [:]
  private let root: DAGRoot
  private var rootPlace = 0

  /// Opens a file, which is not empty; reads its left edge.
  ///
  /// - Throws: `shapeMismatch` where it is not what the layout builds, as everything below.
  init(_ root: DAGRoot, profile: ImportProfile, source: any BlockSource) async throws {
    self.root = root
    self.profile = profile
    self.source = source
    rootPlace = profile.layout == .trickle ? .max : try await height(of: root)
  }

  /// The file's bytes.
  var size: UInt64 { root.size }

  /// The range of the leaf that has the byte at `offset`, which is below the file's size.
  mutating func leaf(at offset: UInt64) async throws -> Range<UInt64> {
    try await subtree(at: offset).range
  }

  /// Where the run of whole chunks of zeros ends that has the byte at `offset`; nil where that byte is in none.
  mutating func endOfZeros(from offset: UInt64) async throws -> UInt64? {
    let leaf = try await subtree(at: offset)
    guard try await isZero(leaf) else { return nil }
    return try await endOfZeros(whole, after: leaf.range.upperBound)
  }

  /// The first byte from `offset` on that is in no chunk of zeros, as far as a subtree reaches; it begins a chunk.
  private mutating func endOfZeros(_ subtree: Subtree, after offset: UInt64) async throws -> UInt64 {
    guard subtree.range.upperBound > offset else { return offset }
    if offset <= subtree.start, try await isZero(subtree) { return subtree.range.upperBound }
    guard subtree.place > 0 else { return offset }
    var end = offset
    for child in try await children(of: subtree) where child.range.upperBound > end {
      let next = try await endOfZeros(child, after: end)
      guard next == child.range.upperBound else { return next }
      end = next
    }
    return end
  }

  /// Whether a subtree has chunks of zeros alone. Equal subtrees are looked at once.
  private mutating func isZero(_ subtree: Subtree) async throws -> Bool {
    if zeros.isEmpty { zeros[try ZeroChunk(profile).cid] = true }
    if let known = zeros[subtree.root.cid] { return known }
    var isZero = subtree.place > 0
    if isZero {
      for child in try await children(of: subtree) where try await !self.isZero(child) {
        isZero = false
        break
      }
    }
    if zeros.count >= Self.mostNodes { zeros = zeros.filter(\.value) }
    zeros[subtree.root.cid] = isZero
    return isZero
  }

  private var whole: Subtree { Subtree(root: root, place: rootPlace, start: 0, isLast: true) }

  private mutating func subtree(at offset: UInt64) async throws -> Subtree {
    var subtree = whole
    while subtree.place > 0 {
      let below = try await children(of: subtree)
      guard let next = below.first(where: { $0.range.contains(offset) }) else { throw Self.mismatch(subtree.root.cid) }
      subtree = next
    }
    return subtree
  }

  /// Links the leaves of a range: whole subtrees where the builder can take them.
  ///
  /// - Parameters:
  ///   - range: Begins and ends where leaves do.
  ///   - isEnd: Whether the new file ends there.
  mutating func link(_ range: Range<UInt64>, isEnd: Bool, into builder: inout any LayoutBuilder) async throws {
    try await link(whole, range, isEnd: isEnd, into: &builder)
  }

  private mutating func link(
    _ subtree: Subtree, _ range: Range<UInt64>, isEnd: Bool, into builder: inout any LayoutBuilder
  ) async throws {
    guard subtree.range.overlaps(range) else { return }
    let isWhole = range.lowerBound <= subtree.range.lowerBound && subtree.range.upperBound <= range.upperBound
    guard subtree.place > 0 else {
      guard isWhole else {
        throw UnixFSError(.invalidEdits, "bytes \(range) of the base cut a leaf", cid: subtree.root.cid)
      }
      try await builder.append(subtree.root)
      return
    }
    // All subtrees have all leaves they can have, but for the last ones.
    if isWhole, subtree.place < .max, !subtree.isLast || isEnd, try await builder.accepts(place: subtree.place) {
      try await builder.append(subtree: subtree.root, place: subtree.place)
      return
    }
    for child in try await children(of: subtree) {
      try await link(child, range, isEnd: isEnd, into: &builder)
    }
  }

  private mutating func children(of subtree: Subtree) async throws -> [Subtree] {
    let children = try await children(of: subtree.root)
    var result: [Subtree] = []
    result.reserveCapacity(children.count)
    var start = subtree.start
    for (index, child) in children.enumerated() {
      let place =
        switch profile.layout {
        case .balanced: subtree.place - 1
        case .trickle: TrickleBuilder.depth(ofChild: index, links: profile.maxFileLinks)
        }
      guard place == 0 ? profile.hasFormOfLeaf(child.cid) : profile.hasFormOfNode(child.cid) else {
        throw Self.mismatch(subtree.root.cid)
      }
      let isLast = subtree.isLast && index == children.count - 1
      result.append(Subtree(root: child, place: place, start: start, isLast: isLast))
      start += child.size
    }
    return result
  }

  private mutating func children(of node: DAGRoot) async throws -> [DAGRoot] {
    if let children = nodes[node.cid] { return children }
    guard let children = try await decode(node), !children.isEmpty else { throw Self.mismatch(node.cid) }
    if nodes.count >= Self.mostNodes { nodes = [:] }
    nodes[node.cid] = children
    return children
  }

  /// The children of a node; nil for what is no node of the layout.
  private func decode(_ node: DAGRoot) async throws -> [DAGRoot]? {
    guard profile.hasFormOfNode(node.cid) else { return nil }
    let block = try await source.block(node.cid)
    guard let decoded = try? UnixFSBlock(block), decoded.node.kind == .file, decoded.node.data == nil,
      decoded.links.count == decoded.node.blockSizes.count,
      (try? decoded.node.contentSize()) == node.size, !decoded.node.blockSizes.contains(0)
    else { return nil }
    return zip(decoded.links, decoded.node.blockSizes).map { DAGRoot(cid: $0.cid, size: $1, tsize: $0.tsize) }
  }

  /// The height of a balanced tree: the nodes on its left edge above the leaf.
  private mutating func height(of root: DAGRoot) async throws -> Int {
    var subtree = root
    for height in 0...FileReader.maximumDepth {
      if try await isLeaf(subtree.cid) { return height }
      subtree = try await children(of: subtree)[0]
    }
    throw Self.mismatch(root.cid)
  }

  private func isLeaf(_ cid: CID) async throws -> Bool {
    guard profile.hasFormOfLeaf(cid) else { return false }
    guard !profile.rawLeaves else { return true }
    // Only its bytes tell a leaf in dag-pb from an inner node.
    let block = try await source.block(cid)
    return (try? UnixFSBlock(block))?.links.isEmpty == true
  }

  private static func mismatch(_ cid: CID) -> UnixFSError {
    UnixFSError(.shapeMismatch, "the base is of another layout", cid: cid)
  }
}
