/// The number by which the kernel knows a node of the mounted tree.
///
/// A node is born when an operation answers with an ``Entry`` and lives until the kernel has forgotten as many lookups
/// as it was told: see ``FuseOperations/forget(_:)``.
public struct NodeID: RawRepresentable, Hashable, Sendable {
  /// The number; 0 is no node.
  public let rawValue: UInt64

  /// Wraps a number.
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// The directory at the mount point. It needs no lookup.
  public static let root = NodeID(rawValue: 1)
}

/// A number that an operation chose for an open file or directory and that comes back with each use of it.
public struct FileHandle: RawRepresentable, Hashable, Sendable {
  /// The number, of any value.
  public let rawValue: UInt64

  /// Wraps a number.
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }
}

/// A node and how many of its lookups the kernel takes back.
public struct ForgottenNode: Hashable, Sendable {
  /// The node.
  public let node: NodeID
  /// By how much the node's lookup count sinks.
  public let lookups: UInt64

  /// Pairs a node with a number of lookups.
  public init(node: NodeID, lookups: UInt64) {
    self.node = node
    self.lookups = lookups
  }
}
