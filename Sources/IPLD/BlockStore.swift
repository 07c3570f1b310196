public import Multiformats

/// Where blocks come from.
public protocol BlockSource: Sendable {
  /// A whole block, verified against its hash before it is returned.
  ///
  /// - Throws: ``BlockError``.
  func block(_ cid: CID) async throws -> Block

  /// Fills `buffer` with the block's bytes from `offset`. The bytes are checked, by the hash of the whole block or by
  /// checksums that were recorded when it was verified.
  ///
  /// - Throws: ``BlockError``; `outOfRange` where the block is too short to fill the buffer.
  func read(_ cid: CID, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) async throws
}

extension BlockSource {
  /// Reads the whole block and copies from it.
  public func read(_ cid: CID, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) async throws {
    let data = try await block(cid).data
    guard offset >= 0, offset <= data.count, buffer.count <= data.count - offset else {
      throw BlockError(
        .outOfRange, cid, "block \(cid) has \(data.count) bytes, \(buffer.count) at \(offset) were asked for")
    }
    data.withUnsafeBytes { bytes in
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + buffer.count]))
    }
  }
}

/// Where blocks go.
public protocol BlockSink: Sendable {
  /// Stores a block whose name the caller computed from these very bytes.
  ///
  /// - Throws: ``BlockError``.
  func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws
}

/// Where blocks go and come from.
public typealias BlockStore = BlockSource & BlockSink

extension BlockSink {
  /// Stores an array's bytes. They are copied once, because an array lends its storage to synchronous calls alone:
  /// for nodes, not for leaves.
  public func put(_ cid: CID, _ data: [UInt8]) async throws {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 1)
    defer { copy.deallocate() }
    copy.copyBytes(from: data)
    try await put(cid, UnsafeRawBufferPointer(copy))
  }
}
