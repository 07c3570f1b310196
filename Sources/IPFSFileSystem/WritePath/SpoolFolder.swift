import Foundation
import Glibc
import Synchronization
package import UnixFS

/// The folder of the spool files: knows which of them are not on the disk yet, and which the tree in memory does not
/// need any more though the one on the disk may.
///
/// A spool file goes only when what takes its place survives a loss of power. One that never was part of a
/// synchronization is part of no tree on the disk, and goes at once, unless a synchronization is under way: that may
/// make the tree last as it was before the file was retired.
///
/// The lock guards all of the state and is held while files are made and removed, which must not cross. It comes after
/// a file's own.
final class SpoolFolder: SpoolStorage {
  private struct State {
    /// Files with bytes that are not on the disk.
    var unsynchronized: [InodeNumber: SpoolFile] = [:]
    /// Whether a name may not be on the disk.
    var hasNewNames = false
    /// Files that are not needed any more, with the synchronization that has to pass before they go.
    var retired: [InodeNumber: UInt64] = [:]
    /// Counts synchronizations.
    var mark: UInt64 = 0
    /// Whether one is under way: what the tree says since it began may be what the disk says when it has ended.
    var isSynchronizing = false
  }

  private let path: String
  private let state = Mutex(State())

  init(path: String) {
    self.path = path
  }

  private func path(of inode: InodeNumber) -> String { "\(path)/\(SpoolName.name(of: inode))" }

  /// Opens the spool file of a node, made where there is none. One that waits to be removed is used again; what it has
  /// stays, for the tree on the disk may say so.
  func make(for inode: InodeNumber) throws(FileSystemError) -> SpoolFile {
    let file = try state.withLock { state throws(FileSystemError) -> SpoolFile in
      let descriptor = Glibc.open(path(of: inode), O_RDWR | O_CLOEXEC | O_CREAT, 0o600)
      guard descriptor >= 0 else { throw FileSystemError(systemCall: "open spool", errno: errno) }
      let isReused = state.retired.removeValue(forKey: inode) != nil
      if !isReused { state.hasNewNames = true }
      return SpoolFile(inode, descriptor, in: self, wasSynchronized: isReused)
    }
    return file
  }

  /// Opens the spool file that an earlier process left for a node. Nil where there is none, or one that is shorter
  /// than `size`: somebody damaged it.
  func open(leftBy inode: InodeNumber, holding size: UInt64) throws(FileSystemError) -> SpoolFile? {
    let descriptor = Glibc.open(path(of: inode), O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw FileSystemError(systemCall: "open spool", errno: errno)
    }
    let file = SpoolFile(inode, descriptor, in: self, wasSynchronized: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0, UInt64(clamping: status.st_size) >= size else { return nil }
    return file
  }

  /// Says that a file has bytes that are not on the disk.
  func noteWritten(_ file: SpoolFile) {
    state.withLock { $0.unsynchronized[file.inode] = file }
  }

  /// Says that the tree in memory does not need a file any more.
  func retire(_ file: SpoolFile) {
    state.withLock { state in
      if file.wasSynchronized || state.isSynchronizing {
        state.retired[file.inode] = state.mark
      } else {
        state.unsynchronized[file.inode] = nil
        unlink(path(of: file.inode))
      }
    }
  }

  /// Removes what is no spool file of one of these nodes: a process that ended left it.
  func removeStrays(except inodes: Set<InodeNumber>) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where !(SpoolName.inode(of: name).map(inodes.contains) ?? false) {
      try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }

  // MARK: SpoolStorage

  var isSynchronized: Bool {
    state.withLock { $0.unsynchronized.isEmpty && !$0.hasNewNames }
  }

  func mark() -> UInt64 {
    state.withLock { state in
      defer { state.mark += 1 }
      state.isSynchronizing = true
      return state.mark
    }
  }

  func synchronize() -> Int32 {
    let (files, hasNewNames) = state.withLock { state in
      defer {
        state.unsynchronized = [:]
        state.hasNewNames = false
      }
      for file in state.unsynchronized.values { file.noteSynchronization() }
      return (state.unsynchronized, state.hasNewNames)
    }
    var failure: Int32 = 0
    for file in files.values where failure == 0 { failure = file.synchronize() }
    if hasNewNames, failure == 0 { failure = synchronizeNames() }
    if failure != 0 {
      state.withLock { state in
        state.unsynchronized.merge(files) { newer, _ in newer }
        state.hasNewNames = state.hasNewNames || hasNewNames
      }
    }
    return failure
  }

  private func synchronizeNames() -> Int32 {
    let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { return errno }
    defer { close(folder) }
    return fsync(folder) == 0 ? 0 : errno
  }

  func release(through mark: UInt64) {
    state.withLock { state in
      state.isSynchronizing = false
      for (inode, time) in state.retired where time <= mark {
        state.retired[inode] = nil
        unlink(path(of: inode))
      }
    }
  }
}

/// The names of spool files.
package enum SpoolName {
  /// The name of a node's file.
  package static func name(of inode: InodeNumber) -> String { String(inode) }

  /// The node whose file has a name; nil for a name that no node's has.
  package static func inode(of name: String) -> InodeNumber? {
    InodeNumber(name).flatMap { self.name(of: $0).utf8.elementsEqual(name.utf8) ? $0 : nil }
  }
}
