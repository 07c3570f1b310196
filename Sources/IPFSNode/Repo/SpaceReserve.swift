import Glibc
import Synchronization

/// A file of no content that is deleted when the disk is full, so that the journal can still note what frees space:
/// removing, renaming and truncating.
///
/// The lock guards whether the file is there. While it is not, blocks may not take the space that it left.
final class SpaceReserve: Sendable {
  private let path: String
  private let size: UInt64
  private let isHeld = Mutex(false)

  /// Sets aside up to 64 MiB, less on a small volume, if there is room for it.
  init(path: String) {
    self.path = path
    var volume = statvfs()
    let total = statvfs(path.withoutLastComponent, &volume) == 0 ? UInt64(volume.f_blocks) * UInt64(volume.f_frsize) : 0
    size = min(64 << 20, total / 16)
    restore()
  }

  /// Gives the space to the journal. Returns whether there was any to give.
  func release() -> Bool {
    isHeld.withLock { isHeld in
      defer { isHeld = false }
      return isHeld && unlink(path) == 0
    }
  }

  /// Sets the space aside again once there is twice as much.
  func restore() {
    isHeld.withLock { isHeld in
      guard !isHeld, size > 0 else { return }
      var status = stat()
      if stat(path, &status) == 0, UInt64(status.st_blocks) * 512 >= size {
        isHeld = true
        return
      }
      guard free > 2 * size else { return }
      let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      guard file >= 0 else { return }
      defer { close(file) }
      isHeld = posix_fallocate(file, 0, off_t(size)) == 0
      if !isHeld { unlink(path) }
    }
  }

  /// Whether a block of `count` bytes may be stored: always, but for the space that the journal was given.
  func admitsBlock(of count: Int) -> Bool {
    isHeld.withLock { $0 } || size == 0 || free > size + UInt64(count)
  }

  /// Whether less than a twentieth of the volume is free.
  var isSpaceScarce: Bool {
    var volume = statvfs()
    guard statvfs(path.withoutLastComponent, &volume) == 0 else { return false }
    return UInt64(volume.f_bavail) < UInt64(volume.f_blocks) / 20
  }

  private var free: UInt64 {
    var volume = statvfs()
    guard statvfs(path.withoutLastComponent, &volume) == 0 else { return 0 }
    return UInt64(volume.f_bavail) * UInt64(volume.f_frsize)
  }
}

extension String {
  /// The path of the folder that the file of this path is in.
  fileprivate var withoutLastComponent: String {
    lastIndex(of: "/").map { String(self[..<$0]) } ?? "."
  }
}
