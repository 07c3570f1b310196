import Glibc
import Synchronization
import UnixFS

/// Bytes of a changed file that are not blocks yet, each where the file's ``SpoolLayout`` places it.
///
/// Written with `write(2)`, so that they survive the process; the ``SpoolFolder`` makes them survive a loss of power.
/// Open as long as someone holds a reference; the name is taken away some time after ``retire()``.
final class SpoolFile: Sendable {
  let inode: InodeNumber
  private let descriptor: CInt
  private let folder: SpoolFolder
  /// Whether the folder knows that there are bytes which are not on the disk.
  private let isNoted = Atomic(false)
  private let synchronized: Atomic<Bool>
  private let synchronizationCount = Atomic<UInt64>(0)

  /// Takes an open file, which is closed with the last reference.
  init(_ inode: InodeNumber, _ descriptor: CInt, in folder: SpoolFolder, wasSynchronized: Bool) {
    self.inode = inode
    self.descriptor = descriptor
    self.folder = folder
    synchronized = Atomic(wasSynchronized)
  }

  deinit {
    close(descriptor)
  }

  /// Whether the tree on the disk may speak of the file.
  var wasSynchronized: Bool { synchronized.load(ordering: .relaxed) }

  /// How many synchronizations with bytes of the file have begun.
  var synchronizations: UInt64 { synchronizationCount.load(ordering: .relaxed) }

  /// The file's length in bytes.
  var size: UInt64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? UInt64(clamping: status.st_size) : 0
  }

  /// Writes all of `bytes` at an offset.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(FileSystemError) {
    // After the bytes, or a synchronization under way would take the note and miss them.
    defer { if !isNoted.exchange(true, ordering: .sequentiallyConsistent) { folder.noteWritten(self) } }
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

  /// Says that a synchronization begins that includes the file.
  func noteSynchronization() {
    synchronized.store(true, ordering: .relaxed)
    synchronizationCount.add(1, ordering: .relaxed)
    isNoted.store(false, ordering: .sequentiallyConsistent)
  }

  /// Returns when the bytes are on the disk: 0, or the errno of what failed.
  func synchronize() -> Int32 {
    fdatasync(descriptor) == 0 ? 0 : errno
  }

  /// Says that nothing in memory needs the file any more. Its space comes back when nothing on the disk does either.
  func retire() {
    folder.retire(self)
  }
}
