public import Multiformats

/// A DAG that holds a file or a directory.
public struct DAGRoot: Hashable, Sendable {
  /// The root block.
  public var cid: CID
  /// A file's bytes; 0 for a directory.
  public var size: UInt64
  /// The cumulative size of the DAG's encoded blocks, shared ones counted each time: a link's Tsize.
  public var tsize: UInt64

  /// Names a DAG.
  public init(cid: CID, size: UInt64, tsize: UInt64) {
    self.cid = cid
    self.size = size
    self.tsize = tsize
  }
}

/// One chunk of a file, stored as a block.
public struct Leaf: Hashable, Sendable {
  /// The leaf's block.
  public var cid: CID
  /// Bytes of the file in it.
  public var size: Int
  /// Bytes of the encoded block.
  public var tsize: Int

  /// Names a leaf.
  public init(cid: CID, size: Int, tsize: Int) {
    self.cid = cid
    self.size = size
    self.tsize = tsize
  }
}

/// What a regular file consists of, as far as it has been made durable.
///
/// A committed file is its DAG alone. A file that was flushed but whose DAG has not been built yet has in addition
/// an extent map over that DAG, parts of which lie in a spool file.
public struct FileContent: Hashable, Sendable {
  /// The file's size in bytes.
  public var size: UInt64
  /// The last DAG that was built, nil before the first one.
  public var base: DAGRoot?
  /// Which options `base` was built with (``ImportProfile/fingerprint``), where its leaves are to be linked unread and
  /// its form does not tell; nil where nobody knows.
  public var builtBy: UInt64?
  /// What differs from `base`; nil when `base` is the whole truth.
  public var pending: ExtentMap?

  /// Makes a content of its parts.
  public init(size: UInt64, base: DAGRoot?, builtBy: UInt64? = nil, pending: ExtentMap?) {
    self.size = size
    self.base = base
    self.builtBy = builtBy
    self.pending = pending
  }

  /// A file whose DAG is built.
  public init(_ root: DAGRoot, builtBy: UInt64? = nil) {
    self.init(size: root.size, base: root, builtBy: builtBy, pending: nil)
  }

  /// A new file: empty, and no DAG yet (the empty file's CID is asked for rarely and costs a block).
  public static let empty = FileContent(size: 0, base: nil, pending: nil)

  /// Whether the DAG at `base` is all of it. A new, empty file has none and counts as committed.
  public var isCommitted: Bool { pending == nil && (base != nil || size == 0) }
}
