import IPLD
import Synchronization
import UnixFS

extension OpenFile {
  private enum Plan {
    /// Nothing differs from the base: so many bytes, by this reader.
    case base(FileReader, count: Int)
    /// These extents; what was in memory is in the caller's buffer already.
    case extents([ExtentMap.Extent], SpoolFile?, FileReader?, count: Int)
    /// The base's reader has to be made first.
    case needsReader(DAGRoot)
    /// A chunk in the range is being stored.
    case busy
  }

  /// Reads bytes from an offset. Returns how many: fewer than asked for only at the file's end.
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) async throws(FileSystemError) -> Int {
    while true {
      let (plan, version) = plan(offset, buffer)
      do throws(FileSystemError) {
        if let count = try await carryOut(plan, at: offset, into: buffer) { return count }
      } catch {
        // What was read may have been replaced meanwhile, and collected.
        guard error.code == .corrupt, version != state.withLock({ Self.version(of: $0) }) else { throw error }
      }
    }
  }

  /// Changes with whatever a plan is made of.
  static func version(of state: borrowing State) -> UInt64 { state.version &+ state.baseVersion }

  /// Reads by a plan. Returns nil where another one has to be made.
  private func carryOut(
    _ plan: Plan, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
  ) async throws(FileSystemError) -> Int? {
    switch plan {
    case .base(let reader, let count):
      do {
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
        guard try await reader.read(at: offset, into: target) == count else {
          throw FileSystemError(.corrupt, "a file shorter than its size")
        }
        return count
      } catch { throw FileSystemError(error) }
    case .extents(let extents, let spool, let reader, let count):
      for extent in extents {
        let start = Int(extent.range.lowerBound - offset)
        let end = Int(extent.range.upperBound - offset)
        try await ContentSnapshot.read(
          extent, into: UnsafeMutableRawBufferPointer(rebasing: buffer[start..<end]), spool: spool,
          reader: reader, source: volume)
      }
      return count
    case .needsReader(let root):
      _ = try await reader(of: root)
    case .busy:
      let touched = chunks(of: offset..<offset + UInt64(buffer.count))
      await wait { !Self.isSealing($0, touched) }
    }
    return nil
  }

  /// Decides where the bytes come from, and copies those that are in memory.
  private func plan(_ offset: UInt64, _ buffer: UnsafeMutableRawBufferPointer) -> (Plan, version: UInt64) {
    state.withLock { state in (plan(offset, buffer, &state), Self.version(of: state)) }
  }

  private func plan(_ offset: UInt64, _ buffer: UnsafeMutableRawBufferPointer, _ state: inout State) -> Plan {
    guard offset < state.size, !buffer.isEmpty else { return .extents([], nil, nil, count: 0) }
    let count = Int(min(UInt64(buffer.count), state.size - offset))
    let range = offset..<offset + UInt64(count)
    if Self.isSealing(state, chunks(of: range)) { return .busy }
    if let base = state.base, offset < state.map.baseLimit, state.reader == nil { return .needsReader(base) }
    if state.map.extents.isEmpty, state.buffers.isEmpty, range.upperBound <= state.map.baseLimit,
      let reader = state.reader
    {
      return .base(reader, count: count)
    }
    var extents = state.map.extents(in: range)
    if !state.buffers.isEmpty {
      for held in copyBuffered(range, into: buffer, state) { extents = Self.subtract(held, from: extents) }
    }
    return .extents(extents, state.spool, state.reader, count: count)
  }

  /// Copies what of a range is in chunk buffers; returns which parts that was.
  private func copyBuffered(
    _ range: Range<UInt64>, into buffer: UnsafeMutableRawBufferPointer, _ state: borrowing State
  ) -> [Range<UInt64>] {
    var held: [Range<UInt64>] = []
    for index in chunks(of: range) {
      guard let chunk = state.buffers[index] else { continue }
      let start = index * UInt64(chunkSize)
      for part in chunk.valid {
        let bytes = (start + UInt64(part.lowerBound)..<start + UInt64(part.upperBound)).clamped(to: range)
        guard !bytes.isEmpty else { continue }
        let target = Int(bytes.lowerBound - range.lowerBound)
        UnsafeMutableRawBufferPointer(rebasing: buffer[target..<target + bytes.count])
          .copyMemory(from: chunk.bytes(Int(bytes.lowerBound - start)..<Int(bytes.upperBound - start)))
        held.append(bytes)
      }
    }
    return held
  }

  private static func subtract(
    _ held: Range<UInt64>, from extents: [ExtentMap.Extent]
  ) -> [ExtentMap.Extent] {
    extents.flatMap { extent -> [ExtentMap.Extent] in
      guard extent.range.overlaps(held) else { return [extent] }
      var rest: [ExtentMap.Extent] = []
      if extent.range.lowerBound < held.lowerBound {
        rest.append(.init(range: extent.range.lowerBound..<held.lowerBound, source: extent.source))
      }
      if extent.range.upperBound > held.upperBound {
        rest.append(.init(range: held.upperBound..<extent.range.upperBound, source: extent.source))
      }
      return rest
    }
  }

  /// The reader of a base, which is kept while that is the base.
  func reader(of root: DAGRoot) async throws(FileSystemError) -> FileReader {
    if let reader = state.withLock({ $0.base == root ? $0.reader : nil }) { return reader }
    let reader: FileReader
    do { reader = try await FileReader(root, source: volume) } catch { throw FileSystemError(error) }
    state.withLock { state in
      if state.base == root { state.reader = reader }
    }
    return reader
  }
}
