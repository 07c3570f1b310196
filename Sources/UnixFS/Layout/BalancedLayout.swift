internal import IPLD
internal import Multiformats

/// The balanced layout: all leaves at one depth, inner nodes full but for those on the right edge.
///
/// ```
///   height 2                    ┌──────────── root ────────────┐
///   height 1           ┌──── node ────┐                 ┌─ node ─┐       at most `maxFileLinks` children each,
///   height 0         leaf …         leaf               leaf    leaf      files of one chunk are their leaf alone
/// ```
///
/// Builds a DAG from its leaves in order, holding one unfinished node a level.
struct BalancedBuilder: LayoutBuilder {
  private var nodes: NodeEncoder
  /// The children of the unfinished node of each level, level 0 being the leaves.
  private var levels: [[DAGRoot]] = [[]]
  /// Leaves so far.
  private var leafCount: UInt64 = 0

  init(_ nodes: NodeEncoder) {
    self.nodes = nodes
  }

  var encodedNodes: Int { nodes.encodedNodes }

  /// The leaves of a full subtree of a height.
  static func span(_ height: Int, links: Int) -> UInt64 {
    var span: UInt64 = 1
    for _ in 0..<height {
      let (product, overflow) = span.multipliedReportingOverflow(by: UInt64(links))
      if overflow { return .max }
      span = product
    }
    return span
  }

  private func span(_ height: Int) -> UInt64 { Self.span(height, links: nodes.profile.maxFileLinks) }

  mutating func append(_ leaf: DAGRoot) async throws {
    try await append(leaf, level: 0)
    leafCount += 1
  }

  mutating func accepts(place: Int) async throws -> Bool {
    leafCount.isMultiple(of: span(place))
  }

  /// A subtree of some height, full or the file's last.
  mutating func append(subtree: DAGRoot, place height: Int) async throws {
    // Full nodes below may still wait for what follows them.
    for level in 0..<min(height, levels.count) where !levels[level].isEmpty {
      try await close(level)
    }
    try await append(subtree, level: height)
    leafCount = leafCount.addingReportingOverflow(span(height)).partialValue
  }

  /// One leaf many times: identical subtrees are encoded once.
  mutating func append(_ leaf: DAGRoot, count: UInt64) async throws {
    var rest = count
    var subtrees = [leaf]
    while rest > 0 {
      var height = 0
      while span(height + 1) <= rest, leafCount.isMultiple(of: span(height + 1)) { height += 1 }
      while subtrees.count <= height {
        let children = Array(repeating: subtrees[subtrees.count - 1], count: nodes.profile.maxFileLinks)
        subtrees.append(try await nodes.store(children))
      }
      if height == 0 { try await append(leaf) } else { try await append(subtree: subtrees[height], place: height) }
      rest -= span(height)
    }
  }

  /// A full node is written only when its level goes on: it may turn out to be the root.
  private mutating func append(_ child: DAGRoot, level: Int) async throws {
    while level >= levels.count { levels.append([]) }
    if levels[level].count == nodes.profile.maxFileLinks { try await close(level) }
    levels[level].append(child)
  }

  /// Writes the node of a level, and makes it a child of the next.
  private mutating func close(_ level: Int, metadata: UnixFSMetadata? = nil) async throws {
    let node = try await nodes.store(levels[level], metadata: metadata)
    levels[level].removeAll(keepingCapacity: true)
    try await append(node, level: level + 1)
  }

  /// At least one leaf must have been added; a root that is a leaf stays as it is.
  mutating func finish(metadata: UnixFSMetadata?) async throws -> DAGRoot {
    var level = 0
    while level < levels.count - 1 || levels[level].count > 1 {
      let isRoot = level == levels.count - 1
      if !levels[level].isEmpty { try await close(level, metadata: isRoot ? metadata : nil) }
      level += 1
    }
    return levels[level][0]
  }
}
