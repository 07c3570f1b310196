import IPLD
import Multiformats
import Synchronization
import UnixFS

extension OpenFile {
  /// What a part of a file is copied as.
  private enum CopiedPart {
    /// Extents at their offsets in the source: leaves and holes.
    case extents([ExtentMap.Extent])
    /// A range of the base.
    case base(Range<UInt64>, DAGRoot)
    /// Bytes: in memory, or in the spool file.
    case bytes(Range<UInt64>)

    /// The blocks that it shares.
    var roots: [CID] {
      switch self {
      case .extents(let extents):
        extents.compactMap { if case .leaf(let leaf, _) = $0.source { leaf.cid } else { nil } }
      case .base(_, let root): [root.cid]
      case .bytes: []
      }
    }
  }

  /// Copies so many bytes at most in one call where leaves cannot be shared; the caller asks again.
  private static let mostCopiedBytes: UInt64 = 64 << 20

  /// Copies a range to another place, in this file or another, by sharing leaves; only what is not stored as leaves
  /// is copied as bytes. Returns how many bytes that was, from the range's beginning on.
  func copy(
    _ range: Range<UInt64>, to file: OpenFile, at offset: UInt64, times: FileTimes
  ) async throws(FileSystemError) -> UInt64 {
    let (parts, number) = await beginCopy(of: range)
    defer { state.withLock { _ = $0.copied.removeValue(forKey: number) } }
    var left = Self.mostCopiedBytes
    var done = range.lowerBound
    do throws(FileSystemError) {
      for part in parts {
        switch part {
        case .extents(let extents):
          try await file.place(extents.map { $0.moved(from: range.lowerBound, to: offset) }, times: times)
          done = extents.last?.range.upperBound ?? done
        case .base(let part, let root):
          done = try await copyBase(part, of: root, to: file, at: offset &- range.lowerBound, times, &left)
          if done < part.upperBound { return done - range.lowerBound }
        case .bytes(let part):
          done = try await copyBytes(part, to: file, at: offset &- range.lowerBound, times, &left)
          if done < part.upperBound { return done - range.lowerBound }
        }
      }
    } catch {
      // What was copied counts; the next call meets the failure again.
      guard done > range.lowerBound else { throw error }
    }
    return done - range.lowerBound
  }

  /// What a range is to be copied as. It is kept, though this file may change, until its number is taken back.
  private func beginCopy(of range: Range<UInt64>) async -> (parts: [CopiedPart], number: UInt64) {
    while true {
      let (parts, version) = await whenStored { state in
        (Self.parts(of: range, state, chunkSize: UInt64(chunkSize)), Self.version(of: state))
      }
      let number = state.withLock { state -> UInt64? in
        guard Self.version(of: state) == version else { return nil }
        state.copies += 1
        state.copied[state.copies] = parts.flatMap(\.roots)
        return state.copies
      }
      if let number { return (parts, number) }
    }
  }

  private static func parts(
    of range: Range<UInt64>, _ state: borrowing State, chunkSize: UInt64
  ) -> [CopiedPart] {
    var parts: [CopiedPart] = []
    for extent in layers(range.clamped(to: 0..<state.size), state, chunkSize: chunkSize) {
      switch (extent.source, parts.last, state.base) {
      case (.base, _, let base?): parts.append(.base(extent.range, base))
      case (.base, _, nil): break
      case (.spool, .bytes(let before)?, _):
        parts[parts.count - 1] = .bytes(before.lowerBound..<extent.range.upperBound)
      case (.spool, _, _): parts.append(.bytes(extent.range))
      case (.leaf, .extents(let before)?, _), (.hole, .extents(let before)?, _):
        parts[parts.count - 1] = .extents(before + [extent])
      case (.leaf, _, _), (.hole, _, _): parts.append(.extents([extent]))
      }
    }
    return parts
  }

  /// Copies a range of a base; `shift` is added to offsets, modulo 2⁶⁴. Returns how far that went.
  private func copyBase(
    _ range: Range<UInt64>, of root: DAGRoot, to file: OpenFile, at shift: UInt64, _ times: FileTimes,
    _ left: inout UInt64
  ) async throws(FileSystemError) -> UInt64 {
    let reader = try await reader(of: root)
    if shift == 0, try await file.place(range, of: root, reader, times: times) { return range.upperBound }
    let spans: [LeafSpan]
    do { spans = try await reader.leaves(in: range) } catch { throw FileSystemError(error) }
    var extents: [ExtentMap.Extent] = []
    var done = range.lowerBound
    for span in spans {
      let part = span.range.clamped(to: range)
      if let cid = span.cid, isOwnForm(cid), let size = Int(exactly: span.range.upperBound - span.range.lowerBound) {
        let leaf = Leaf(cid: cid, size: size, tsize: size)
        let origin = Int64(bitPattern: span.range.lowerBound &+ shift)
        let target = part.lowerBound &+ shift..<part.upperBound &+ shift
        extents.append(ExtentMap.Extent(range: target, source: .leaf(leaf, origin: origin)))
        continue
      }
      try await file.place(extents, times: times)
      extents = []
      done = try await copyBytes(part, to: file, at: shift, times, &left)
      if done < part.upperBound { return done }
    }
    if !extents.isEmpty { try await file.place(extents, times: times) }
    return range.upperBound
  }

  /// Whether a leaf is one that this volume would make.
  private func isOwnForm(_ cid: CID) -> Bool {
    volume.profile.rawLeaves && volume.profile.hasFormOfLeaf(cid)
  }

  /// Copies bytes; `shift` is added to offsets, modulo 2⁶⁴. Returns how far that went.
  private func copyBytes(
    _ range: Range<UInt64>, to file: OpenFile, at shift: UInt64, _ times: FileTimes, _ left: inout UInt64
  ) async throws(FileSystemError) -> UInt64 {
    var position = range.lowerBound
    while position < range.upperBound, left > 0 {
      let count = Int(min(range.upperBound - position, left, 1 << 20))
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 4096)
      defer { buffer.deallocate() }
      let read = try await self.read(at: position, into: buffer)
      // Cut meanwhile.
      guard read > 0 else { break }
      let bytes = Array(UnsafeRawBufferPointer(rebasing: buffer[..<read]))
      try await file.write(OwnedPayload(bytes), at: position &+ shift, times: times)
      position += UInt64(read)
      left -= UInt64(read)
    }
    return position
  }
}

extension ExtentMap.Extent {
  /// The extent as it is at another place, by as much further on as `end` is from `start`.
  fileprivate func moved(from start: UInt64, to end: UInt64) -> Self {
    let shift = end &- start
    var moved = self
    moved.range = range.lowerBound &+ shift..<range.upperBound &+ shift
    if case .leaf(let leaf, let origin) = source {
      moved.source = .leaf(leaf, origin: origin &+ Int64(bitPattern: shift))
    }
    return moved
  }
}
