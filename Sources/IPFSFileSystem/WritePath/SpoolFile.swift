#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import UnixFS

/// Bytes of a changed file that are not blocks yet, in a sparse file, each at the offset it has in the changed file.
///
/// Written with `write(2)`, so that they survive the process. Open as long as someone holds a reference; the name is
/// taken away by ``unlink()``.
final class SpoolFile: Sendable {
  /// Where it is.
  let path: String
  private let descriptor: CInt

  /// Opens the spool file of a node: a new, empty one, or the one that was left behind.
  init(of inode: InodeNumber, in directory: String, isNew: Bool) throws(FileSystemError) {
    path = "\(directory)/\(inode)"
    descriptor = open(path, O_RDWR | O_CLOEXEC | (isNew ? O_CREAT | O_TRUNC : 0), 0o600)
    guard descriptor >= 0 else { throw FileSystemError(systemCall: "open spool", errno: errno) }
  }

  deinit { close(descriptor) }

  /// Writes all of `bytes` at an offset.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileSystemError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(
        descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset) + off_t(done))
      if count < 0 {
        if errno == EINTR { continue }
        throw FileSystemError(systemCall: "write spool", errno: errno)
      }
      done += count
    }
  }

  /// Fills `buffer` from an offset.
  func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(FileSystemError) {
    var done = 0
    while done < buffer.count {
      let count = pread(
        descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset) + off_t(done))
      if count < 0 {
        if errno == EINTR { continue }
        throw FileSystemError(systemCall: "read spool", errno: errno)
      }
      guard count > 0 else { throw FileSystemError(.inputOutput, "spool file is shorter than its extents") }
      done += count
    }
  }

  /// Returns when the bytes are on the disk.
  func synchronize() throws(FileSystemError) {
    guard fdatasync(descriptor) == 0 else { throw FileSystemError(systemCall: "sync spool", errno: errno) }
  }

  /// Takes the name away; the space comes back when the last reader is done.
  func unlink() {
    _ = path.withCString { Glibc.unlink($0) }
  }
}
