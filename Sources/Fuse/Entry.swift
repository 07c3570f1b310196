internal import CFuse3

/// What a name in a directory leads to. Each entry that reaches the kernel counts as one lookup of its node.
public struct Entry: Hashable, Sendable {
  /// The node, or `NodeID(rawValue: 0)` for a name that is known not to exist.
  public var node: NodeID
  /// Distinguishes nodes that have the same number one after the other. Stays 0 where numbers are never used again.
  public var generation: UInt64
  /// The node's attributes.
  public var attributes: FileAttributes
  /// For how many seconds the kernel may believe that the name leads to this node.
  public var entryTimeout: Double
  /// For how many seconds the kernel may believe the attributes.
  public var attributesTimeout: Double

  /// Makes an entry; timeouts are in seconds.
  public init(
    node: NodeID, generation: UInt64 = 0, attributes: FileAttributes, entryTimeout: Double, attributesTimeout: Double
  ) {
    self.node = node
    self.generation = generation
    self.attributes = attributes
    self.entryTimeout = entryTimeout
    self.attributesTimeout = attributesTimeout
  }

  /// The answer that a name does not exist, believed for so many seconds. Counts as no lookup.
  public static func absent(timeout: Double) -> Entry {
    let epoch = FileTime(seconds: 0, nanoseconds: 0)
    return Entry(
      node: NodeID(rawValue: 0),
      attributes: FileAttributes(inode: 0, mode: 0, accessTime: epoch, modificationTime: epoch, changeTime: epoch),
      entryTimeout: timeout, attributesTimeout: 0)
  }
}

/// A node's attributes and for how long the kernel may believe them.
public struct NodeAttributes: Hashable, Sendable {
  /// The attributes.
  public var attributes: FileAttributes
  /// Their validity in seconds.
  public var timeout: Double

  /// Pairs attributes with a validity in seconds.
  public init(_ attributes: FileAttributes, timeout: Double) {
    self.attributes = attributes
    self.timeout = timeout
  }
}

/// The answer to ``FuseOperations/create(_:in:mode:flags:_:)``: the new entry and the file, open.
public struct CreatedFile: Hashable, Sendable {
  /// The new entry, which counts as a lookup.
  public var entry: Entry
  /// The open file.
  public var file: OpenFile

  /// Pairs an entry with its open file.
  public init(entry: Entry, file: OpenFile) {
    self.entry = entry
    self.file = file
  }
}

extension Entry {
  var parameters: fuse_entry_param {
    var result = fuse_entry_param()
    result.ino = node.rawValue
    result.generation = generation
    result.attr = attributes.stat
    result.attr_timeout = attributesTimeout
    result.entry_timeout = entryTimeout
    return result
  }
}
