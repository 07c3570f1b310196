public import Multiformats

/// A part of a file that is of one piece.
public struct LeafSpan: Sendable {
  /// The bytes of the file.
  public var range: Range<UInt64>
  /// The raw leaf whose bytes they are, from its first to its last; nil for bytes in nodes of dag-pb.
  public var cid: CID?
}

extension FileReader {
  /// The leaves that hold any of the bytes in `range`, in order. Inner nodes are read, leaves are not.
  ///
  /// - Throws: As ``read(at:into:)``.
  public func leaves(in range: Range<UInt64>) async throws -> [LeafSpan] {
    guard let rootNode else { return [LeafSpan(range: 0..<size, cid: root)] }
    var spans: [LeafSpan] = []
    var pending = [(node: rootNode, start: UInt64(0), depth: 0)]
    while let (node, start, depth) = pending.popLast() {
      guard depth < Self.maximumDepth else { throw tooDeep }
      let own = start..<start + UInt64(node.data.count)
      if own.overlaps(range) { spans.append(LeafSpan(range: own, cid: nil)) }
      guard range.upperBound > own.upperBound else { continue }
      // Nodes come off the list in reverse, so raw leaves behind one wait for their turn with it.
      var index = node.index(of: max(range.lowerBound, own.upperBound) - start)
      while index < node.count {
        let child = node.child(index)
        let bytes = start + child.range.lowerBound..<start + child.range.upperBound
        guard bytes.lowerBound < range.upperBound else { break }
        index += 1
        // Nodes over nothing are passed over: a few of them may name each other more often than anyone can follow.
        guard !bytes.isEmpty else { continue }
        if child.cid.codec == .raw {
          spans.append(LeafSpan(range: bytes, cid: child.cid))
        } else {
          pending.append((try await self.child(child), bytes.lowerBound, depth + 1))
        }
      }
    }
    return spans.sorted { $0.range.lowerBound < $1.range.lowerBound }
  }

  /// The first byte at or after `offset` that is in a leaf of zeros, or that is in none; nil where there is no such one.
  /// Subtrees that occur many times are searched once, so that a petabyte of nothing is searched in no time.
  ///
  /// - Parameters:
  ///   - isZeros: Whether this is the CID of a leaf of so many zeros.
  ///   - leafSize: No leaf has more bytes: children of at most so many are not looked into.
  /// - Throws: As ``read(at:into:)``.
  public func firstByte(
    at offset: UInt64, inZeros wanted: Bool, leafSize: UInt64, isZeros: (CID, UInt64) -> Bool
  ) async throws -> UInt64? {
    guard offset < size else { return nil }
    guard let rootNode else { return isZeros(root, size) == wanted ? offset : nil }
    var searched: Set<CID> = []
    return try await firstByte(
      at: offset, in: rootNode, of: root, depth: 0, inZeros: wanted, leafSize: leafSize, isZeros: isZeros,
      &searched)
  }

  private func firstByte(
    at offset: UInt64, in node: FileNode, of cid: CID, depth: Int, inZeros wanted: Bool, leafSize: UInt64,
    isZeros: (CID, UInt64) -> Bool, _ searched: inout Set<CID>
  ) async throws -> UInt64? {
    guard depth < Self.maximumDepth else { throw tooDeep }
    if offset < UInt64(node.data.count), !wanted { return offset }
    var index = node.index(of: max(offset, UInt64(node.data.count)))
    while index < node.count {
      let child = node.child(index)
      index += 1
      let start = max(offset, child.range.lowerBound)
      guard start < child.range.upperBound else { continue }
      let length = child.range.upperBound - child.range.lowerBound
      if child.cid.codec == .raw || length <= leafSize {
        if isZeros(child.cid, length) == wanted { return start }
        continue
      }
      if start == child.range.lowerBound, searched.contains(child.cid) { continue }
      let found = try await firstByte(
        at: start - child.range.lowerBound, in: self.child(child), of: child.cid, depth: depth + 1, inZeros: wanted,
        leafSize: leafSize, isZeros: isZeros, &searched)
      if let found { return child.range.lowerBound + found }
    }
    if offset == 0 { searched.insert(cid) }
    return nil
  }

  /// The node of a child, which must have the size that its parent says.
  func child(_ child: (cid: CID, range: Range<UInt64>)) async throws -> FileNode {
    let node = try await node(child.cid)
    let expected = child.range.upperBound - child.range.lowerBound
    guard node.size == expected else {
      throw UnixFSError(.malformed, "\(node.size) bytes, its parent says \(expected)", cid: child.cid)
    }
    return node
  }

  var tooDeep: UnixFSError {
    UnixFSError(.tooDeep, "a file deeper than \(Self.maximumDepth) nodes", cid: root)
  }
}
