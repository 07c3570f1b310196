public import IPLD
public import Multiformats

/// What a block says about the file, directory or symbolic link whose root it is.
public struct NodeSummary: Sendable, Hashable {
  /// The root, with a file's size and the cumulative size of the blocks as the block's own links have it.
  public let root: DAGRoot
  /// What it is.
  public let kind: NodeKind
  /// A symbolic link's target.
  public let target: [UInt8]
  /// Permission bits that are stored with it.
  public let mode: UInt16?
  /// The time of modification that is stored with it.
  public let mtime: Timestamp?

  /// Reads the root of a file, directory or link.
  ///
  /// - Throws: ``UnixFSError``: `unsupported` for a codec that is not UnixFS, `wrongKind`, `malformed`.
  public init(_ block: Block) throws(UnixFSError) {
    guard block.cid.codec != .raw else {
      self.init(rawLeaf: block.cid, size: UInt64(block.data.count))
      return
    }
    let decoded = try UnixFSBlock(block)
    let node = decoded.node
    var tsize = UInt64(block.data.count)
    for link in decoded.links {
      let (sum, overflow) = tsize.addingReportingOverflow(link.tsize)
      guard !overflow else { throw UnixFSError(.malformed, "link sizes sum up to more than 64 bits", cid: block.cid) }
      tsize = sum
    }
    let kind: NodeKind
    var size: UInt64 = 0
    switch node.kind {
    case .file, .raw:
      kind = .file
      do { size = try node.contentSize() } catch { throw error.at(block.cid) }
    case .directory, .hamtShard: kind = .directory
    case .symlink: kind = .symlink
    case .metadata: throw UnixFSError(.wrongKind, "a node of metadata alone", cid: block.cid)
    }
    self.init(
      root: DAGRoot(cid: block.cid, size: size, tsize: tsize), kind: kind,
      target: kind == .symlink ? node.data ?? [] : [], mode: node.mode.map { UInt16($0 & 0o7777) }, mtime: node.mtime)
  }

  /// A file of one raw block.
  public init(rawLeaf cid: CID, size: UInt64) {
    self.init(
      root: DAGRoot(cid: cid, size: size, tsize: size), kind: .file, target: [], mode: nil, mtime: nil)
  }

  private init(root: DAGRoot, kind: NodeKind, target: [UInt8], mode: UInt16?, mtime: Timestamp?) {
    self.root = root
    self.kind = kind
    self.target = target
    self.mode = mode
    self.mtime = mtime
  }
}
