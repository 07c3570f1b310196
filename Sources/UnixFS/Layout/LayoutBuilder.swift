internal import IPLD
internal import Multiformats

/// Puts leaves under nodes, in the order of the file.
///
/// A subtree is named by its place: the height in the balanced layout, the depth in the trickle layout; 0 is a leaf.
protocol LayoutBuilder {
  /// Blocks that were encoded so far.
  var encodedNodes: Int { get }

  /// Adds the next leaf.
  mutating func append(_ leaf: DAGRoot) async throws

  /// Adds one leaf many times, at a cost that does not follow the count.
  mutating func append(_ leaf: DAGRoot, count: UInt64) async throws

  /// Whether a subtree of a place can come next.
  mutating func accepts(place: Int) async throws -> Bool

  /// Adds a subtree that is accepted: one that has all leaves it can have, or the last of the file.
  mutating func append(subtree: DAGRoot, place: Int) async throws

  /// Writes what is unfinished, and returns the root, which gets the metadata.
  mutating func finish(metadata: UnixFSMetadata?) async throws -> DAGRoot
}

extension ImportProfile {
  /// A builder of the profile's layout.
  func builder(to sink: any BlockSink) -> any LayoutBuilder {
    let nodes = NodeEncoder(profile: self, sink: sink)
    return switch layout {
    case .balanced: BalancedBuilder(nodes)
    case .trickle: TrickleBuilder(nodes)
    }
  }
}

/// Encodes inner nodes of files.
struct NodeEncoder {
  let profile: ImportProfile
  private let sink: any BlockSink
  private(set) var encodedNodes = 0

  init(profile: ImportProfile, sink: any BlockSink) {
    self.profile = profile
    self.sink = sink
  }

  /// The form of an inner node over `children`.
  static func node(over children: [DAGRoot]) throws(UnixFSError) -> (node: UnixFSNode, links: [DAGPBNode.Link]) {
    var node = UnixFSNode(kind: .file, blockSizes: children.map(\.size))
    node.fileSize = try node.contentSize()
    return (node, children.map { DAGPBNode.Link(cid: $0.cid, tsize: $0.tsize) })
  }

  /// Encodes and stores an inner node over `children`.
  mutating func store(_ children: [DAGRoot], metadata: UnixFSMetadata? = nil) async throws -> DAGRoot {
    var (node, links) = try Self.node(over: children)
    if let metadata { node.set(metadata) }
    encodedNodes += 1
    return try await sink.store(node, links: links, size: node.fileSize ?? 0, profile: profile)
  }
}
