import Glibc
import Synchronization
import UnixFS

extension ExtentMap {
  /// Where the last bytes end that lie in the spool file; nil where none do.
  var spoolEnd: UInt64? { extents.last { $0.source == .spool }?.range.upperBound }
}

/// Bytes of a changed file that are not blocks yet, in a sparse file, each at the offset it has in the changed file.
///
/// Written with `write(2)`, so that they survive the process. Open as long as someone holds a reference; the name is
/// taken away by ``unlink()``.
final class SpoolFile: Sendable {
  /// Where it is.
  let path: String
  private let descriptor: CInt

  private let directory: String
  private let synchronized = Atomic(false)

  /// Makes a new, empty spool file for a node.
  init(newFor inode: InodeNumber, in directory: String) throws(FileSystemError) {
    self.directory = directory
    path = "\(directory)/\(inode)"
    descriptor = open(path, O_RDWR | O_CLOEXEC | O_CREAT | O_TRUNC, 0o600)
    guard descriptor >= 0 else { throw FileSystemError(systemCall: "open spool", errno: errno) }
  }

  /// Opens the spool file that an earlier process left for a node. Nil where there is none, or one that is shorter
  /// than `size`: a loss of power took what nobody had synchronized.
  init?(leftBy inode: InodeNumber, in directory: String, holding size: UInt64) throws(FileSystemError) {
    self.directory = directory
    path = "\(directory)/\(inode)"
    descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw FileSystemError(systemCall: "open spool", errno: errno)
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, UInt64(clamping: status.st_size) >= size else { return nil }
    // Its process may have promised that it survives a loss of power.
    synchronized.store(true, ordering: .relaxed)
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Whether somebody was told that the bytes survive a loss of power. Then they must not go before what takes their
  /// place survives one too.
  var isSynchronized: Bool { synchronized.load(ordering: .relaxed) }

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
    guard !synchronized.exchange(true, ordering: .relaxed) else { return }
    // The first time, its name as well.
    let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(folder) }
    guard folder >= 0, fsync(folder) == 0 else {
      synchronized.store(false, ordering: .relaxed)
      throw FileSystemError(systemCall: "sync spool folder", errno: errno)
    }
  }

  /// Takes the name away; the space comes back when the last reader is done.
  func unlink() {
    _ = path.withCString { Glibc.unlink($0) }
  }
}
