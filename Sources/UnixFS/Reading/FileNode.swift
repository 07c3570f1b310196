internal import IPLD
internal import Multiformats

/// A decoded node of a file, in the form that reading needs: compact, and searched by offset.
///
/// ```
///   the node's bytes    │ data │ child 0 │ child 1 │ …
///   starts              0      start 0   start 1
/// ```
final class FileNode: Sendable {
  /// Bytes of the file in the node itself; they come before its children's.
  let data: [UInt8]
  /// Where each child's bytes end, from the node's first byte.
  private let ends: [UInt64]
  /// The children's CIDs, one after the other: a thousand arrays would take twice the memory.
  private let cidBytes: [UInt8]
  /// Where each child's CID ends in `cidBytes`.
  private let cidEnds: [UInt32]

  /// Reads a node of a file out of its block.
  ///
  /// - Throws: `malformed` where links, block sizes and file size do not agree, `wrongKind`, `unsupported`.
  init(_ block: Block) throws(UnixFSError) {
    let decoded = try UnixFSBlock(block)
    let node = decoded.node
    guard node.kind == .file || node.kind == .raw else {
      throw UnixFSError(.wrongKind, "a node of kind \(node.kind) is no file", cid: block.cid)
    }
    guard node.blockSizes.count == decoded.links.count else {
      throw UnixFSError(
        .malformed, "\(node.blockSizes.count) block sizes for \(decoded.links.count) links", cid: block.cid)
    }
    do {
      // Says that the sums below cannot overflow.
      _ = try node.contentSize()
    } catch {
      throw error.at(block.cid)
    }
    data = node.data ?? []
    var ends: [UInt64] = []
    var cidBytes: [UInt8] = []
    var cidEnds: [UInt32] = []
    ends.reserveCapacity(decoded.links.count)
    cidEnds.reserveCapacity(decoded.links.count)
    cidBytes.reserveCapacity(decoded.links.reduce(0) { $0 + $1.cid.bytes.count })
    var end = UInt64(data.count)
    for (link, size) in zip(decoded.links, node.blockSizes) {
      end += size
      ends.append(end)
      cidBytes.append(contentsOf: link.cid.bytes)
      cidEnds.append(UInt32(clamping: cidBytes.count))
    }
    self.ends = ends
    self.cidBytes = cidBytes
    self.cidEnds = cidEnds
  }

  /// Bytes of the file in the node and below it.
  var size: UInt64 { ends.last ?? UInt64(data.count) }

  /// Bytes of memory that the node takes, about.
  var footprint: Int { data.count + cidBytes.count + ends.count * 12 + 128 }

  /// The child that holds the byte at `offset`, and the range of its bytes.
  ///
  /// - Precondition: `offset` is not in ``data``, and below ``size``.
  func child(at offset: UInt64) -> (cid: CID, range: Range<UInt64>) { child(index(of: offset)) }

  /// How many children there are.
  var count: Int { ends.count }

  /// The number of the child that holds the byte at `offset`, which is not in ``data``; beyond the last child for an
  /// offset beyond ``size``.
  func index(of offset: UInt64) -> Int {
    var low = 0
    var high = ends.count
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// A child by its number, and the range of its bytes.
  func child(_ index: Int) -> (cid: CID, range: Range<UInt64>) {
    let cidStart = index == 0 ? 0 : Int(cidEnds[index - 1])
    let start = index == 0 ? UInt64(data.count) : ends[index - 1]
    return (CID(checked: Array(cidBytes[cidStart..<Int(cidEnds[index])])), start..<ends[index])
  }
}

/// Decoded nodes by CID, bounded by bytes.
///
/// Two generations: what is used moves to the young one; when that has half of the bytes, the old one is dropped and
/// it becomes the old one. So each operation costs the same however many nodes there are.
struct FileNodeCache {
  private let limit: Int
  private var young: [CID: FileNode] = [:]
  private var old: [CID: FileNode] = [:]
  private var youngBytes = 0

  /// An empty cache of at most `limit` bytes, and the node used last.
  init(limit: Int) {
    self.limit = limit
  }

  /// The node of a block, if it is here.
  mutating func node(_ cid: CID) -> FileNode? {
    if let node = young[cid] { return node }
    guard let node = old[cid] else { return nil }
    insert(node, for: cid)
    return node
  }

  /// Keeps a node.
  mutating func insert(_ node: FileNode, for cid: CID) {
    if young.updateValue(node, forKey: cid) == nil { youngBytes += node.footprint }
    guard youngBytes > limit / 2 else { return }
    old = young
    young = [:]
    youngBytes = 0
  }
}
