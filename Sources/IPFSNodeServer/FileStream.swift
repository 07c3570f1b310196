import IPFSNode
import IPLD
import Multiformats
import NIOCore
import UnixFS

/// The bytes of a file, read ahead of whoever sends them.
///
/// ```
///   leaves ─▶ pieces of 512 KiB ─▶ tasks: read, verify ─▶ in order ─▶ sent
/// ```
///
/// Raw leaves are read straight into what is sent.
struct FileStream {
  private let reader: FileReader
  private let store: Blockstore

  /// Bytes of a piece.
  private static let pieceSize: UInt64 = 512 << 10
  /// Pieces that are read before they are sent.
  private static let window = 3
  /// Bytes whose leaves are looked up at a time: leaves that are nodes are read for that, and stay in the reader's cache
  /// until their bytes are wanted.
  private static let stretch: UInt64 = 1 << 20

  init(_ reader: FileReader, _ store: Blockstore) {
    self.reader = reader
    self.store = store
  }

  /// Reads a range of the file and hands it on, in order.
  ///
  /// - Throws: What reading and `send` throw.
  func forEachPiece(of range: Range<UInt64>, _ send: (ByteBuffer) async throws -> Void) async throws {
    guard UInt64(range.count) > Self.pieceSize else {
      guard !range.isEmpty else { return }
      return try await send(try await piece(range, try await reader.leaves(in: range)[...]))
    }
    try await withThrowingTaskGroup(of: (index: Int, bytes: ByteBuffer).self) { group in
      var early: [Int: ByteBuffer] = [:]
      var started = 0
      var sent = 0
      func sendNext() async throws {
        while early[sent] == nil, let next = try await group.next() { early[next.index] = next.bytes }
        guard let bytes = early.removeValue(forKey: sent) else { return }
        sent += 1
        try await send(bytes)
      }
      for start in stride(from: range.lowerBound, to: range.upperBound, by: Int(Self.stretch)) {
        let stretch = start..<min(start + Self.stretch, range.upperBound)
        var leaves = try await reader.leaves(in: stretch)[...]
        var place = stretch.lowerBound
        while place < stretch.upperBound {
          try Task.checkCancellation()
          let piece = place..<min(place + Self.pieceSize, stretch.upperBound)
          leaves = leaves.drop { $0.range.upperBound <= piece.lowerBound }
          let own = leaves.prefix { $0.range.lowerBound < piece.upperBound }
          if started - sent == Self.window { try await sendNext() }
          let index = started
          group.addTask { (index, try await self.piece(piece, own)) }
          started += 1
          place = piece.upperBound
        }
      }
      while sent < started { try await sendNext() }
    }
  }

  /// Reads a piece that these leaves are of.
  private func piece(_ range: Range<UInt64>, _ leaves: ArraySlice<LeafSpan>) async throws -> ByteBuffer {
    var bytes = ByteBufferAllocator().buffer(capacity: range.count)
    var place = range.lowerBound
    for leaf in leaves {
      let part = leaf.range.clamped(to: range)
      guard !part.isEmpty, part.lowerBound == place else { continue }
      if let cid = leaf.cid {
        let offset = part.lowerBound - leaf.range.lowerBound
        guard let offset = Int(exactly: offset) else { throw BlockError.corrupt(cid) }
        try bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: part.count) { memory in
          try store.read(
            cid, at: offset, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<part.count]))
          return part.count
        }
      } else {
        try await appendNodeBytes(part, to: &bytes)
      }
      place = part.upperBound
    }
    guard place == range.upperBound else {
      throw UnixFSError(.malformed, "a file without the bytes from \(place) on", cid: reader.root)
    }
    return bytes
  }

  /// Reads bytes that are in nodes.
  private func appendNodeBytes(_ range: Range<UInt64>, to bytes: inout ByteBuffer) async throws {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 16)
    defer { memory.deallocate() }
    guard try await reader.read(at: range.lowerBound, into: memory) == range.count else {
      throw UnixFSError(.malformed, "a file that ends before its size", cid: reader.root)
    }
    bytes.writeBytes(UnsafeRawBufferPointer(memory))
  }
}
