internal import IPLD

/// The trickle layout: a node has leaves first, then subtrees that get deeper, four of each depth.
///
/// ```
///   root              leaf … leaf │ 1 1 1 1 │ 2 2 2 2 │ 3 3 3 3 │ …       `maxFileLinks` leaves, then subtrees
///   subtree depth 1   leaf … leaf                                          by their depth
///   subtree depth 3   leaf … leaf │ 1 1 1 1 │ 2 2 2 2
/// ```
///
/// The root is always a node, also over one leaf or none. Builds a DAG from its leaves in order, holding the unfinished
/// nodes on the way from the root.
struct TrickleBuilder: LayoutBuilder {
  /// Subtrees of one depth under a node.
  static let repeats = 4

  private struct Node {
    var children: [DAGRoot] = []
    /// Subtrees below are less deep.
    let depth: Int
  }

  private var nodes: NodeEncoder
  private var path = [Node(depth: .max)]

  init(_ nodes: NodeEncoder) {
    self.nodes = nodes
  }

  var encodedNodes: Int { nodes.encodedNodes }

  /// The depth of a node's child; 0 for a leaf.
  static func depth(ofChild index: Int, links: Int) -> Int {
    index < links ? 0 : (index - links) / repeats + 1
  }

  /// The leaves of a full subtree of a depth: each depth has five times those of the one before.
  static func span(_ depth: Int, links: Int) -> UInt64 {
    guard depth > 0 else { return 1 }
    var span = UInt64(links)
    for _ in 1..<depth {
      let (product, overflow) = span.multipliedReportingOverflow(by: UInt64(repeats) + 1)
      if overflow { return .max }
      span = product
    }
    return span
  }

  private var links: Int { nodes.profile.maxFileLinks }

  /// Writes the nodes that are full; returns the depth of the next child.
  private mutating func nextDepth() async throws -> Int {
    while true {
      let node = path[path.count - 1]
      let depth = Self.depth(ofChild: node.children.count, links: links)
      if depth < node.depth { return depth }
      try await close()
    }
  }

  private mutating func close() async throws {
    let node = try await nodes.store(path.removeLast().children)
    path[path.count - 1].children.append(node)
  }

  mutating func append(_ leaf: DAGRoot) async throws {
    let depth = try await nextDepth()
    if depth > 0 { path.append(Node(depth: depth)) }
    path[path.count - 1].children.append(leaf)
  }

  mutating func accepts(place depth: Int) async throws -> Bool {
    try await nextDepth() == depth
  }

  mutating func append(subtree: DAGRoot, place depth: Int) async throws {
    path[path.count - 1].children.append(subtree)
  }

  /// One leaf many times: identical subtrees are encoded once.
  mutating func append(_ leaf: DAGRoot, count: UInt64) async throws {
    var rest = count
    var subtrees = [leaf]
    while rest > 0 {
      let depth = try await nextDepth()
      let span = Self.span(depth, links: links)
      guard depth > 0, span <= rest else {
        try await append(leaf)
        rest -= 1
        continue
      }
      while subtrees.count <= depth {
        let deeper = subtrees.dropFirst().flatMap { Array(repeating: $0, count: Self.repeats) }
        subtrees.append(try await nodes.store(Array(repeating: leaf, count: links) + deeper))
      }
      path[path.count - 1].children.append(subtrees[depth])
      rest -= span
    }
  }

  mutating func finish(metadata: UnixFSMetadata?) async throws -> DAGRoot {
    while path.count > 1 { try await close() }
    return try await nodes.store(path[0].children, metadata: metadata)
  }
}
