public import IPLD
public import Multiformats
internal import Synchronization

/// Reads any range of a file's DAG: raw, balanced, trickle or mixed.
///
/// Inner nodes are decoded once and cached within a bound; raw leaves are read by the source straight into the
/// caller's memory. Where the nodes are cached, reading does not suspend unless the source does.
///
/// The cache has a lock, which is never held while the source is asked.
public final class FileReader: Sendable {
  /// The deepest DAG that is read. A balanced one of 2⁶⁴ bytes with two links a node is not deeper.
  public static let maximumDepth = 64

  /// Bytes of decoded nodes that a reader keeps: some ninety of 1024 links.
  private static let cacheLimit = 4 << 20

  /// The root block.
  public let root: CID
  /// The file's bytes.
  public let size: UInt64
  private let source: any BlockSource
  /// The decoded root; nil where the root is a raw leaf.
  let rootNode: FileNode?
  private let cache = Mutex(FileNodeCache(limit: cacheLimit))

  /// Opens a file by its root, which is read. A raw root is read whole, since only that says its size.
  ///
  /// - Throws: ``UnixFSError`` if the root is no file, or what the source throws.
  public convenience init(root: CID, source: any BlockSource) async throws {
    try self.init(await source.block(root), source: source)
  }

  /// Opens a file by its root block.
  ///
  /// - Throws: If it is no file's.
  public init(_ block: Block, source: any BlockSource) throws(UnixFSError) {
    root = block.cid
    self.source = source
    if block.cid.codec == .raw {
      rootNode = nil
      size = UInt64(block.data.count)
    } else {
      let node = try FileNode(block)
      rootNode = node
      size = node.size
    }
  }

  /// Opens a file whose size is known. A raw root is not read.
  ///
  /// - Throws: As above, and `malformed` if the root is of another size.
  public init(_ root: DAGRoot, source: any BlockSource) async throws {
    self.root = root.cid
    self.source = source
    size = root.size
    if root.cid.codec == .raw {
      rootNode = nil
    } else {
      let node = try await FileNode(source.block(root.cid))
      guard node.size == root.size else {
        throw UnixFSError(.malformed, "a file of \(node.size) bytes, expected \(root.size)", cid: root.cid)
      }
      rootNode = node
    }
  }

  /// Fills `buffer` from `offset` on.
  ///
  /// - Parameters:
  ///   - offset: Any offset, beyond the end too.
  ///   - buffer: Valid until the call returns.
  /// - Returns: The bytes read: fewer than asked for at the file's end only.
  /// - Throws: ``UnixFSError`` where a node contradicts its parent, or what the source throws.
  public func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) async throws -> Int {
    guard offset < size else { return 0 }
    let count = Int(min(UInt64(buffer.count), size - offset))
    var done = 0
    while done < count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done..<count])
      done += try await readWithinLeaf(at: offset + UInt64(done), into: rest)
    }
    return count
  }

  /// Fills `buffer` as far as the leaf at `offset` reaches; at least one byte, for the file has one there.
  private func readWithinLeaf(
    at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) async throws -> Int {
    guard var node = rootNode else {
      try await source.read(root, at: try leafOffset(offset, in: root), into: buffer)
      return buffer.count
    }
    // From here on from the node's first byte.
    var offset = offset
    for _ in 0..<Self.maximumDepth {
      if offset < UInt64(node.data.count) {
        return copy(node.data[Int(offset)...], into: buffer)
      }
      let (cid, range) = node.child(at: offset)
      if cid.codec == .raw {
        let count = Int(min(UInt64(buffer.count), range.upperBound - offset))
        try await source.read(
          cid, at: try leafOffset(offset - range.lowerBound, in: cid),
          into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<count]))
        return count
      }
      node = try await child((cid, range))
      offset -= range.lowerBound
    }
    throw tooDeep
  }

  func node(_ cid: CID) async throws -> FileNode {
    if let node = cache.withLock({ $0.node(cid) }) { return node }
    let node = try await FileNode(source.block(cid))
    cache.withLock { $0.insert(node, for: cid) }
    return node
  }

  /// The size of a leaf is its parent's word: an offset in it may be no offset in memory.
  private func leafOffset(_ offset: UInt64, in cid: CID) throws(UnixFSError) -> Int {
    guard let result = Int(exactly: offset) else {
      throw UnixFSError(.malformed, "a leaf of more than 2^63 bytes", cid: cid)
    }
    return result
  }

  private func copy(_ bytes: ArraySlice<UInt8>, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(bytes.count, buffer.count)
    bytes.prefix(count).withUnsafeBytes { buffer.copyMemory(from: $0) }
    return count
  }
}
