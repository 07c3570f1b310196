import Glibc
public import IPLD
public import Multiformats
import Synchronization

extension Blockstore {
  /// The whole block, verified by its hash.
  ///
  /// - Throws: `notFound`, `corrupt`, `unsupported`, `inputOutput`.
  public func block(_ cid: CID) throws(BlockError) -> Block {
    if let data = cid.inlineData { return Block(unchecked: cid, data: Array(data)) }
    let (file, size) = try openFile(cid)
    defer { close(file) }
    return Block(unchecked: cid, data: try verifiedBytes(of: file, size: size, cid))
  }

  /// Fills `buffer` with the block's bytes from `offset`, which are verified: by the hash in a block of up to 16 KiB,
  /// by the checksums of their 4 KiB pages in a larger one.
  ///
  /// - Throws: `notFound`, `corrupt`, `outOfRange`, `unsupported`, `inputOutput`.
  public func read(_ cid: CID, at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(BlockError) {
    if let data = cid.inlineData {
      try Self.checkRange(offset, buffer.count, in: data.count, cid)
      return buffer.copyBytes(from: data.dropFirst(offset).prefix(buffer.count))
    }
    let block = try openBlock(cid)
    try Self.checkRange(offset, buffer.count, in: block.size, cid)
    guard let checksums = block.checksums else {
      let bytes = try verifiedBytes(of: block.file, size: block.size, cid)
      return buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
    }
    try readPages(of: block, checksums, at: offset, into: buffer, cid)
  }

  private static func checkRange(_ offset: Int, _ count: Int, in size: Int, _ cid: CID) throws(BlockError) {
    guard offset >= 0, offset <= size, count <= size - offset else {
      throw BlockError(.outOfRange, cid, "block \(cid) has \(size) bytes, \(count) at \(offset) were asked for")
    }
  }

  private func readPages(
    of block: OpenBlock, _ checksums: PageChecksums, at offset: Int, into buffer: UnsafeMutableRawBufferPointer,
    _ cid: CID
  ) throws(BlockError) {
    let page = PageChecksums.pageSize
    let end = offset + buffer.count
    if offset % page == 0, end % page == 0 || end == block.size {
      try Self.fill(buffer, from: block.file, at: offset, cid)
      if checksums.verify(UnsafeRawBufferPointer(buffer), from: offset / page) { return }
    } else {
      let start = offset / page * page
      let stop = min((end + page - 1) / page * page, block.size)
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: stop - start, alignment: page)
      defer { bytes.deallocate() }
      try Self.fill(bytes, from: block.file, at: start, cid)
      if checksums.verify(UnsafeRawBufferPointer(bytes), from: start / page) {
        return buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset - start..<end - start]))
      }
    }
    // Either the block or the record of its checksums rotted; the hash knows which.
    openBlocks.withLock { $0.remove(cid) }
    let bytes = try verifiedBytes(of: block.file, size: block.size, cid)
    buffer.copyBytes(from: bytes[offset..<end])
  }

  /// The block's file from the cache, or opened. The whole of a large block is verified if its checksums are unknown.
  private func openBlock(_ cid: CID) throws(BlockError) -> OpenBlock {
    if let block = openBlocks.withLock({ $0.find(cid) }) { return block }
    let (file, size) = try openFile(cid)
    var pages: PageChecksums?
    if size > Self.maximumWholeVerification {
      let multihash = Array(cid.multihashBytes)
      pages = checksums.checksums(for: multihash, size: size)
      if pages == nil {
        do {
          pages = try verifiedBytes(of: file, size: size, cid).withUnsafeBytes(PageChecksums.init(of:))
        } catch {
          close(file)
          throw error
        }
      }
    }
    let block = OpenBlock(file: file, size: size, checksums: pages)
    openBlocks.withLock { $0.insert(block, for: cid) }
    return block
  }

  private func openFile(_ cid: CID) throws(BlockError) -> (file: Int32, size: Int) {
    let file = openat(folder, BlockPath(multihash: cid.multihashBytes).path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw errno == ENOENT ? .notFound(cid) : .system("open", cid) }
    var status = stat()
    guard fstat(file, &status) == 0 else {
      let error = BlockError.system("stat", cid)
      close(file)
      throw error
    }
    return (file, Int(status.st_size))
  }

  /// All of the block's bytes, verified by its hash; the checksums of a large block are recorded on the way.
  private func verifiedBytes(of file: Int32, size: Int, _ cid: CID) throws(BlockError) -> [UInt8] {
    let block: Block
    do {
      block = try Block(verifying: cid, data: try Self.bytes(of: file, size: size, cid))
    } catch {
      if error.code == .corrupt { noteDamage(cid) }
      throw error
    }
    if size > Self.maximumWholeVerification {
      checksums.record(block.data.withUnsafeBytes(PageChecksums.init(of:)), for: Array(cid.multihashBytes))
    }
    return block.data
  }

  /// Remembers that the block's file must be replaced when the block is next put. What is forgotten in a flood of
  /// damage, or cannot be written down, is found again by the next read.
  private func noteDamage(_ cid: CID) {
    // What a power cut may have left is compared in any case, by its time.
    if !isSuspect(cid) {
      let time = timespec(tv_sec: Self.damageTime, tv_nsec: 0)
      utimensat(folder, BlockPath(multihash: cid.multihashBytes).path, [time, time], 0)
    }
    damaged.withLock { damaged in
      if damaged.count < 4096 { damaged.insert(Array(cid.multihashBytes)) }
    }
  }

  private static func bytes(of file: Int32, size: Int, _ cid: CID) throws(BlockError) -> [UInt8] {
    var failure: BlockError?
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      do throws(BlockError) {
        try fill(
          UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<size]), from: file, at: 0,
          cid)
        count = size
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }

  private static func fill(
    _ buffer: UnsafeMutableRawBufferPointer, from file: Int32, at offset: Int, _ cid: CID
  ) throws(BlockError) {
    var done = 0
    while done < buffer.count {
      let count = pread(file, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .system("read", cid) }
      // The file became shorter than it was when it was opened: somebody damaged it.
      guard count > 0 else { throw .corrupt(cid) }
      done += count
    }
  }
}
