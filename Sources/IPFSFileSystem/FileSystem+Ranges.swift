import Synchronization
import UnixFS

/// What `fallocate` does with a range of a file.
public enum Allocation: Sendable, Hashable {
  /// Makes sure of space for it. Nothing is set aside: the call fails where less is free.
  case reserve
  /// Makes a hole of it.
  case punch
  /// Makes it read as zeros, which is a hole too.
  case zero
}

extension FileSystem {
  /// Reserves, punches or zeroes a range of an open file; durable as a write is.
  ///
  /// - Parameters:
  ///   - keepsSize: Whether the file does not grow to the range's end.
  ///   - clearsPrivileges: Whether setuid and setgid must go: the caller may not keep them.
  /// - Throws: `noSpace` where so many bytes are not free, `fileTooLarge`.
  public func allocate(
    _ node: NodeID, _ range: Range<UInt64>, _ allocation: Allocation, keepsSize: Bool, clearsPrivileges: Bool
  ) async throws(FileSystemError) {
    guard range.upperBound <= UInt64(Int64.max) else { throw FileSystemError(.fileTooLarge) }
    let inode = InodeTable.inode(of: node)
    let file = try openFile(inode)
    switch allocation {
    case .reserve:
      let capacity = try await volume.capacity()
      let (free, overflow) = capacity.availableBlocks.multipliedReportingOverflow(by: capacity.blockSize)
      guard overflow || range.upperBound - range.lowerBound <= free else { throw FileSystemError(.noSpace) }
      try await file.extend(to: keepsSize ? 0 : range.upperBound, times: .now)
    case .punch, .zero:
      try await reporting("fallocate", inode) { () async throws(FileSystemError) in
        try await file.punch(range, extends: allocation == .zero && !keepsSize, times: .now)
      }
    }
    idle.noteChange()
    if clearsPrivileges { try await clearPrivileges(of: inode) }
  }

  /// The first byte at or after an offset of an open file that is data, or in a hole. Holes that were made are found,
  /// and chunks of zeros; the file's end counts as one.
  ///
  /// - Throws: `noSuchOffset` at or beyond the end, and where no data follows.
  public func seek(
    _ node: NodeID, _ target: SeekTarget, from offset: UInt64
  ) async throws(FileSystemError) -> UInt64 {
    let inode = InodeTable.inode(of: node)
    let file = try openFile(inode)
    // What the kernel has not written yet is data too.
    if file.state.withLock({ $0.writers > 0 }) { await kernelCache?.writeBack(node) }
    return try await reporting("lseek", inode) { () async throws(FileSystemError) in
      try await file.seek(target, from: offset, zeroLeaves)
    }
  }

  /// Copies bytes from one open file to another, or within one, by sharing leaves. The kernel has written back what it
  /// had of both. Returns how many bytes were copied: fewer than asked for at the source's end, and where much had to
  /// be copied as bytes.
  ///
  /// - Parameter clearsPrivileges: Whether setuid and setgid must go: the caller may not keep them.
  /// - Throws: `invalidArgument` for parts of one file that overlap, `fileTooLarge`, and what reading and writing throw.
  public func copy(
    _ source: NodeID, at offset: UInt64, to destination: NodeID, at newOffset: UInt64, length: UInt64,
    clearsPrivileges: Bool
  ) async throws(FileSystemError) -> UInt64 {
    let (inode, target) = (InodeTable.inode(of: source), InodeTable.inode(of: destination))
    let (from, to) = (try openFile(inode), try openFile(target))
    let limit = UInt64(Int64.max)
    guard offset <= limit, newOffset <= limit, length <= limit - newOffset else { throw FileSystemError(.fileTooLarge) }
    let range = offset..<max(offset, min(offset + length, from.state.withLock { $0.size }))
    let count = range.upperBound - range.lowerBound
    if inode == target, range.overlaps(newOffset..<newOffset + count) { throw FileSystemError(.invalidArgument) }
    guard count > 0 else { return 0 }
    let copied = try await reporting("copy_file_range", inode) { () async throws(FileSystemError) in
      try await from.copy(range, to: to, at: newOffset, times: .now)
    }
    idle.noteChange()
    if clearsPrivileges { try await clearPrivileges(of: target) }
    return copied
  }

  /// Takes setuid and setgid from a file, as a write by somebody does who may not keep them.
  func clearPrivileges(of inode: InodeNumber) async throws(FileSystemError) {
    var change = NodeChange()
    try await clearPrivileges(in: &change, of: inode)
    if !change.isEmpty { try await volume.update(inode, change) }
  }
}
