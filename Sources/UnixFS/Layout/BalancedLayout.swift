internal import IPLD
internal import Multiformats

/// The balanced layout: all leaves at one depth, inner nodes full but for those on the right edge.
///
/// ```
///   height 2                    ┌──────────── root ────────────┐
///   height 1           ┌──── node ────┐                 ┌─ node ─┐       at most `maxFileLinks` children each,
///   height 0         leaf …         leaf               leaf    leaf      files of one chunk are their leaf alone
/// ```
enum BalancedLayout {
  /// The form of an inner node over `children`.
  static func node(over children: [DAGRoot]) throws(UnixFSError) -> (node: UnixFSNode, links: [DAGPBNode.Link]) {
    var node = UnixFSNode(kind: .file, blockSizes: children.map(\.size))
    node.fileSize = try node.contentSize()
    return (node, children.map { DAGPBNode.Link(cid: $0.cid, tsize: $0.tsize) })
  }

  /// Encodes and stores an inner node over `children`.
  static func store(
    _ children: [DAGRoot], profile: ImportProfile, to sink: any BlockSink
  ) async throws -> DAGRoot {
    let (node, links) = try node(over: children)
    return try await sink.store(node, links: links, size: node.fileSize ?? 0, version: profile.cidVersion)
  }
}

/// Builds a balanced DAG from its leaves in order, holding one unfinished node a level.
struct BalancedBuilder {
  private let profile: ImportProfile
  private let sink: any BlockSink
  /// The children of the unfinished node of each level, level 0 being the leaves.
  private var levels: [[DAGRoot]] = [[]]

  init(profile: ImportProfile, sink: any BlockSink) {
    self.profile = profile
    self.sink = sink
  }

  /// Adds the next leaf.
  mutating func append(_ leaf: Leaf) async throws {
    try await append(DAGRoot(leaf), level: 0)
  }

  /// A full node is written only when its level goes on: it may turn out to be the root.
  private mutating func append(_ child: DAGRoot, level: Int) async throws {
    if level == levels.count { levels.append([]) }
    if levels[level].count == profile.maxFileLinks {
      let node = try await BalancedLayout.store(levels[level], profile: profile, to: sink)
      levels[level].removeAll(keepingCapacity: true)
      try await append(node, level: level + 1)
    }
    levels[level].append(child)
  }

  /// Writes what is unfinished, and returns the root. At least one leaf must have been added.
  mutating func finish() async throws -> DAGRoot {
    var level = 0
    while level < levels.count - 1 || levels[level].count > 1 {
      let node = try await BalancedLayout.store(levels[level], profile: profile, to: sink)
      try await append(node, level: level + 1)
      level += 1
    }
    return levels[level][0]
  }
}
