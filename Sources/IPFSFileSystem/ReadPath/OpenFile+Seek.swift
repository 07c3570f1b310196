import IPLD
import Multiformats
import Synchronization
import UnixFS

/// What `lseek` looks for.
public enum SeekTarget: Sendable, Hashable {
  /// `SEEK_DATA`: a byte that is in no hole.
  case data
  /// `SEEK_HOLE`: a byte in a hole; the file's end counts as one.
  case hole
}

extension OpenFile {
  /// How far a search looks at first; each step looks twice as far.
  private static let firstWindow: UInt64 = 16 << 20

  /// The first byte at or after an offset that is data, or in a hole. Chunks of zeros in the base count as holes.
  ///
  /// - Throws: `noSuchOffset` at or beyond the end, and where there is no data behind the offset.
  func seek(
    _ target: SeekTarget, from offset: UInt64, _ zeroLeaves: ZeroLeaves
  ) async throws(FileSystemError) -> UInt64 {
    let zeros = try await zeros(zeroLeaves)
    var position = offset
    var window = Self.firstWindow
    while true {
      let (size, base, extents) = await whenStored { state in
        let end = min(state.size, position.addingReportingOverflow(window).overflow ? .max : position + window)
        let extents = position < end ? Self.layers(position..<end, state, chunkSize: UInt64(chunkSize)) : []
        return (state.size, state.base, extents)
      }
      guard offset < size else { throw FileSystemError(.noSuchOffset) }
      guard position < size else { break }
      for extent in extents {
        switch extent.source {
        case .hole: if target == .hole { return extent.range.lowerBound }
        case .leaf, .spool: if target == .data { return extent.range.lowerBound }
        case .base:
          guard let base else { continue }
          let found = try await seek(target, in: extent.range, of: base, zeros)
          if let found { return found }
        }
      }
      position = extents.last?.range.upperBound ?? size
      window = window > UInt64.max / 2 ? .max : window * 2
    }
    guard target == .hole else { throw FileSystemError(.noSuchOffset) }
    return state.withLock { max(offset, $0.size) }
  }

  /// Looks at the layers at a moment when no chunk is on its way from one to another.
  func whenStored<Result>(_ body: (borrowing State) -> Result) async -> Result {
    while true {
      let result = state.withLock { $0.sealing.isEmpty ? body($0) : nil }
      if let result { return result }
      await wait { $0.sealing.isEmpty }
    }
  }

  /// The layers of a range; what is in memory counts as spooled.
  static func layers(
    _ range: Range<UInt64>, _ state: borrowing State, chunkSize: UInt64
  ) -> [ExtentMap.Extent] {
    var map = state.map
    for (index, buffer) in state.buffers {
      let start = index * chunkSize
      for part in buffer.valid {
        let bytes = (start + UInt64(part.lowerBound)..<start + UInt64(part.upperBound)).clamped(to: range)
        map.set(bytes, .spool(origin: 0))
      }
    }
    return map.extents(in: range)
  }

  private func seek(
    _ target: SeekTarget, in range: Range<UInt64>, of base: DAGRoot, _ zeros: [UInt64: CID]
  ) async throws(FileSystemError) -> UInt64? {
    let found: UInt64?
    do {
      found = try await reader(of: base).firstByte(
        at: range.lowerBound, inZeros: target == .hole,
        // Where leaves are raw, a node of few bytes is an inner one on the right edge.
        leafSize: volume.profile.rawLeaves ? 0 : UInt64(volume.profile.chunker.maximumChunkSize)
      ) { cid, size in zeros[size] == cid }
    } catch { throw FileSystemError(error) }
    guard let found, found < range.upperBound else { return nil }
    return found
  }

  /// The leaves of zeros that the base may have, by size: a whole chunk, and the file's last one. (Where content says
  /// where chunks end, the last one of zeros may have any size, and counts as data.)
  private func zeros(_ zeroLeaves: ZeroLeaves) async throws(FileSystemError) -> [UInt64: CID] {
    let base = state.withLock { $0.base }
    guard let base else { return [:] }
    var leaves: [UInt64: CID] = [:]
    let whole = UInt64(volume.profile.chunker.zeroChunkSize)
    for size in isStreaming ? [whole] : [whole, base.size % whole] where size > 0 && size <= base.size {
      do { leaves[size] = try await zeroLeaves.leaf(of: Int(size)) } catch { throw FileSystemError(error) }
    }
    return leaves
  }
}
