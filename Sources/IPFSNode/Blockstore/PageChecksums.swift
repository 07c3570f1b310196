import CISAL

/// CRC32C checksums of a block's pages. They find bytes that rot on the disk, at a tenth of what hashing the whole
/// block for every small read would cost; what may enter the store is still decided by the hash alone.
struct PageChecksums: Sendable, Hashable {
  /// Bytes of a block that one checksum covers; the last page may be shorter.
  static let pageSize = 4096

  /// One checksum a page, in order.
  let values: [UInt32]

  /// Checksums that were recorded before; nil if they are not as many as a block of `size` bytes has pages.
  init?(recorded values: [UInt32], size: Int) {
    guard values.count == (size + Self.pageSize - 1) / Self.pageSize else { return nil }
    self.values = values
  }

  /// The checksums of bytes that were verified.
  init(of data: UnsafeRawBufferPointer) {
    values = stride(from: 0, to: data.count, by: Self.pageSize).map { start in
      Self.checksum(UnsafeRawBufferPointer(rebasing: data[start..<min(start + Self.pageSize, data.count)]))
    }
  }

  /// Whether whole pages, the first of which is number `first`, are as they were.
  func verify(_ pages: UnsafeRawBufferPointer, from first: Int) -> Bool {
    var page = first
    for start in stride(from: 0, to: pages.count, by: Self.pageSize) {
      let bytes = UnsafeRawBufferPointer(rebasing: pages[start..<min(start + Self.pageSize, pages.count)])
      guard page < values.count, Self.checksum(bytes) == values[page] else { return false }
      page += 1
    }
    return true
  }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    // ISA-L's header forgets `const`: it only reads.
    crc32_iscsi(
      UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress), Int32(bytes.count), ~0)
  }
}
