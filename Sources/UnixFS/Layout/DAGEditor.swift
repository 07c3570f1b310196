public import IPLD
internal import Multiformats

/// What of a file changed, chunk by chunk.
public struct ChunkEdits: Sendable {
  /// The file's bytes now.
  public var size: UInt64
  /// The DAG that the edits are to; nil for a new file.
  public var base: DAGRoot?
  /// Chunks that are new, with their stored leaves, in ascending order. A last chunk of the base that is cut or grows
  /// is among them.
  public var leaves: [(index: UInt64, leaf: Leaf)]
  /// Chunks that are all zeros, in ascending order.
  public var holes: [Range<UInt64>]

  /// Describes edits. Chunks in neither list are those of the base.
  public init(size: UInt64, base: DAGRoot?, leaves: [(index: UInt64, leaf: Leaf)], holes: [Range<UInt64>]) {
    self.size = size
    self.base = base
    self.leaves = leaves
    self.holes = holes
  }
}

/// Builds the DAG of a changed file at a cost that follows the change.
public enum DAGEditor {
  /// Applies edits to a balanced DAG of chunks of one size. The result is what `ipfs add` builds of the same bytes with the same options.
  ///
  /// Inner nodes on the paths to changed chunks are read and encoded anew; what is beside them is linked as it is.
  /// Zero leaves are stored here, and identical subtrees of zeros encoded once: a hole costs a node a level.
  ///
  /// - Precondition: The profile has a fixed chunker and the balanced layout.
  /// - Returns: The new DAG, and how many blocks were encoded for it.
  /// - Throws: ``UnixFSError``: `shapeMismatch` when the base is not what the profile's layout builds (as far as it
  ///   was read: its left edge and the paths to the changes), `invalidEdits` for edits that contradict themselves; or
  ///   what the store throws.
  public static func rebuild(
    _ edits: ChunkEdits, profile: ImportProfile, store: any BlockStore
  ) async throws -> (root: DAGRoot, encodedNodes: Int) {
    var rebuild = try BalancedRebuild(edits, profile: profile, store: store)
    let root = try await rebuild.root()
    return (root, rebuild.encodedNodes)
  }
}

/// The state of one rebuild: a recursion over the tree that the new size dictates.
///
/// A subtree is named by its height and its first chunk. Each one is taken from the base where it has the same place,
/// range and bytes there; from the subtrees of zeros; or made of its children.
private struct BalancedRebuild {
  private let profile: ImportProfile
  private let store: any BlockStore
  private let leaves: [(index: UInt64, leaf: Leaf)]
  private let holes: [Range<UInt64>]
  private let base: DAGRoot?
  private let shape: BalancedShape
  private let baseShape: BalancedShape
  /// Full subtrees of zeros, by height.
  private var zeros: [DAGRoot] = []
  private var nodes: NodeEncoder
  private var encodedLeaves = 0

  var encodedNodes: Int { nodes.encodedNodes + encodedLeaves }

  init(_ edits: ChunkEdits, profile: ImportProfile, store: any BlockStore) throws(UnixFSError) {
    self.profile = profile
    self.store = store
    nodes = NodeEncoder(profile: profile, sink: store)
    shape = BalancedShape(size: edits.size, profile: profile)
    baseShape = BalancedShape(size: edits.base?.size ?? 0, profile: profile)
    base = edits.base?.size == 0 ? nil : edits.base
    leaves = edits.leaves
    holes = try Self.merged(edits.holes, chunkCount: shape.chunkCount)
    try checkLeaves()
  }

  /// Holes in order, neighbours joined: a subtree is all zeros when one range has it.
  private static func merged(
    _ holes: [Range<UInt64>], chunkCount: UInt64
  ) throws(UnixFSError) -> [Range<UInt64>] {
    var result: [Range<UInt64>] = []
    for hole in holes where !hole.isEmpty {
      guard hole.upperBound <= chunkCount, hole.lowerBound >= result.last?.upperBound ?? 0 else {
        throw UnixFSError(.invalidEdits, "hole of chunks \(hole) is out of order, or beyond \(chunkCount) chunks")
      }
      if let last = result.last, last.upperBound == hole.lowerBound {
        result[result.count - 1] = last.lowerBound..<hole.upperBound
      } else {
        result.append(hole)
      }
    }
    return result
  }

  private func checkLeaves() throws(UnixFSError) {
    var next: UInt64 = 0
    for (index, leaf) in leaves {
      guard index >= next, index < shape.chunkCount, hole(at: index) == nil else {
        throw UnixFSError(.invalidEdits, "leaf \(index) is out of order, beyond the file's end, or in a hole")
      }
      guard UInt64(clamping: leaf.size) == shape.byteCount(of: index..<index + 1), profile.hasFormOfLeaf(leaf.cid)
      else {
        throw UnixFSError(.invalidEdits, "leaf \(index) has not the size or form of its chunk", cid: leaf.cid)
      }
      next = index + 1
    }
  }

  /// The whole file.
  mutating func root() async throws -> DAGRoot {
    guard shape.chunkCount > 0 else { return try await zeroLeaf(size: 0) }
    guard var top = base else { return try await subtree(height: shape.height, start: 0, base: nil) }
    try await checkLeftEdge(of: top)
    guard shape.height <= baseShape.height else {
      return try await subtree(height: shape.height, start: 0, base: nil)
    }
    // Where the file got lower, its new root lies on the base's left edge.
    for height in stride(from: baseShape.height, to: shape.height, by: -1) {
      top = try await baseChildren(of: top, height: height, start: 0)[0]
    }
    return try await subtree(height: shape.height, start: 0, base: top)
  }

  /// The subtree of `height` that begins with chunk `start`; `base` is the base's one there, where it has one.
  private mutating func subtree(height: Int, start: UInt64, base: DAGRoot?) async throws -> DAGRoot {
    let range = shape.range(height: height, start: start)
    let byteCount = shape.byteCount(of: range)
    let isUnchanged = !isEdited(range)
    if let base, isUnchanged, baseShape.range(height: height, start: start) == range, base.size == byteCount {
      return base
    }
    guard height > 0 else { return try await leaf(start, byteCount: byteCount) }
    if hole(at: start)?.upperBound ?? 0 >= range.upperBound, shape.isFull(range, height: height) {
      return try await zeroSubtree(height: height)
    }
    let oldChildren = try await oldChildren(of: base, height: height, start: start)
    let span = shape.span(height: height - 1)
    var children: [DAGRoot] = []
    var next = start
    while next < range.upperBound {
      let old = children.count < oldChildren.count ? oldChildren[children.count] : nil
      children.append(try await subtree(height: height - 1, start: next, base: old))
      next += min(span, range.upperBound - next)
    }
    return try await nodes.store(children)
  }

  /// The base's subtrees below a subtree of the new tree.
  private func oldChildren(of subtree: DAGRoot?, height: Int, start: UInt64) async throws -> [DAGRoot] {
    if let subtree { return try await baseChildren(of: subtree, height: height, start: start) }
    // Where the file got higher, the base's root is the first subtree of its height.
    guard let base, start == 0, height == baseShape.height + 1 else { return [] }
    return [base]
  }

  /// A chunk that is not as in the base.
  private mutating func leaf(_ index: UInt64, byteCount: UInt64) async throws -> DAGRoot {
    let position = firstLeaf(from: index)
    if position < leaves.count, leaves[position].index == index { return DAGRoot(leaves[position].leaf) }
    guard hole(at: index) != nil else {
      throw UnixFSError(.invalidEdits, "chunk \(index) is neither in the edits nor, with its size, in the base")
    }
    return byteCount == UInt64(profile.chunkSize)
      ? try await zeroSubtree(height: 0) : try await zeroLeaf(size: Int(byteCount))
  }

  /// A full subtree of zeros, encoded when it is first needed.
  private mutating func zeroSubtree(height: Int) async throws -> DAGRoot {
    if zeros.isEmpty { zeros.append(try await zeroLeaf(size: profile.chunkSize)) }
    while zeros.count <= height {
      let children = Array(repeating: zeros[zeros.count - 1], count: profile.maxFileLinks)
      zeros.append(try await nodes.store(children))
    }
    return zeros[height]
  }

  private mutating func zeroLeaf(size: Int) async throws -> DAGRoot {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
    defer { bytes.deallocate() }
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    encodedLeaves += 1
    return DAGRoot(try await LeafEncoder.store(UnsafeRawBufferPointer(bytes), profile: profile, to: store))
  }
}

// MARK: - The edits

extension BalancedRebuild {
  /// Whether any chunk of `range` is in the edits.
  private func isEdited(_ range: Range<UInt64>) -> Bool {
    let position = firstLeaf(from: range.lowerBound)
    if position < leaves.count, leaves[position].index < range.upperBound { return true }
    let next = firstHole(endingAfter: range.lowerBound)
    return next < holes.count && holes[next].lowerBound < range.upperBound
  }

  /// The hole that has a chunk.
  private func hole(at index: UInt64) -> Range<UInt64>? {
    let position = firstHole(endingAfter: index)
    return position < holes.count && holes[position].contains(index) ? holes[position] : nil
  }

  private func firstLeaf(from index: UInt64) -> Int {
    Self.partition(leaves.count) { leaves[$0].index < index }
  }

  private func firstHole(endingAfter index: UInt64) -> Int {
    Self.partition(holes.count) { holes[$0].upperBound <= index }
  }

  /// The first of `count` positions that does not lie before what is searched.
  private static func partition(_ count: Int, isBefore: (Int) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if isBefore(middle) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

// MARK: - The base

extension BalancedRebuild {
  /// The children of a subtree of the base.
  ///
  /// - Throws: `shapeMismatch` if its block is not, byte for byte, what the layout encodes at that place.
  private func baseChildren(of subtree: DAGRoot, height: Int, start: UInt64) async throws -> [DAGRoot] {
    let block = try await store.block(subtree.cid)
    let decoded: UnixFSBlock
    do {
      decoded = try UnixFSBlock(block)
    } catch {
      throw UnixFSError(.shapeMismatch, "the base has another form of node", cid: subtree.cid, cause: error)
    }
    let expected = baseShape.childSizes(height: height, start: start)
    let children = zip(decoded.links, expected).map { DAGRoot(cid: $0.cid, size: $1, tsize: $0.tsize) }
    let hasForm = children.allSatisfy { height == 1 ? profile.hasFormOfLeaf($0.cid) : profile.hasFormOfNode($0.cid) }
    let (node, links) = try NodeEncoder.node(over: children)
    guard
      profile.hasFormOfNode(subtree.cid), hasForm, decoded.links.count == expected.count,
      DAGPBNode(links: links, data: node.encoded()).encoded() == block.data
    else {
      throw UnixFSError(.shapeMismatch, "the base is of another layout", cid: subtree.cid)
    }
    return children
  }

  /// Reads the base's left edge, so that a base of another layout is found before any of it is linked.
  private func checkLeftEdge(of root: DAGRoot) async throws {
    var subtree = root
    for height in stride(from: baseShape.height, to: 0, by: -1) {
      subtree = try await baseChildren(of: subtree, height: height, start: 0)[0]
    }
    guard profile.hasFormOfLeaf(subtree.cid) else {
      throw UnixFSError(.shapeMismatch, "the base has leaves of another form", cid: subtree.cid)
    }
    guard !profile.rawLeaves else { return }
    // Only its bytes tell a leaf in dag-pb from an inner node.
    let decoded = try? UnixFSBlock(try await store.block(subtree.cid))
    let data = decoded?.node.data
    guard decoded?.node == UnixFSNode(kind: .file, data: data, fileSize: subtree.size), decoded?.links.isEmpty == true
    else {
      throw UnixFSError(.shapeMismatch, "the base has leaves of another form", cid: subtree.cid)
    }
  }
}
