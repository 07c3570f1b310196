import CISAL

/// CRC32C checksums of a block's pages. They find bytes that rot on the disk, at a tenth of what hashing the whole
/// block for every small read would cost; what may enter the store is still decided by the hash alone.
package struct PageChecksums: Sendable, Hashable {
  /// Bytes of a block that one checksum covers; the last page may be shorter.
  package static let pageSize = 4096

  /// One checksum a page, in order.
  package let values: [UInt32]

  /// Checksums in the form in which they are stored: four bytes each, the lowest first.
  package static func record(of values: [UInt32]) -> [UInt8] {
    values.map(\.littleEndian).withUnsafeBytes { Array($0) }
  }

  /// Checksums as ``record(of:)`` wrote them; nil for what is no list of them.
  package static func values(of record: UnsafeRawBufferPointer) -> [UInt32]? {
    guard record.count % 4 == 0 else { return nil }
    return stride(from: 0, to: record.count, by: 4).map {
      UInt32(littleEndian: record.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
    }
  }

  /// Checksums that were recorded before; nil if they are not as many as a block of `size` bytes has pages.
  package init?(recorded values: [UInt32], size: Int) {
    guard values.count == (size + Self.pageSize - 1) / Self.pageSize else { return nil }
    self.values = values
  }

  /// The checksums of bytes that were verified.
  package init(of data: UnsafeRawBufferPointer) {
    values = stride(from: 0, to: data.count, by: Self.pageSize).map { start in
      Self.checksum(UnsafeRawBufferPointer(rebasing: data[start..<min(start + Self.pageSize, data.count)]))
    }
  }

  /// Whether whole pages, the first of which is number `first`, are as they were.
  package func verify(_ pages: UnsafeRawBufferPointer, from first: Int) -> Bool {
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
