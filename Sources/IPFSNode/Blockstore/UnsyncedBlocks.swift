import CLinux
import Glibc

/// Blocks that were stored since the last sync.
struct UnsyncedBlocks {
  /// From here on the whole file system is synced at once: on ext4 every `fdatasync` of a new file commits the file
  /// system's journal.
  private static let maximumCount = 64

  private var blocks: Set<BlockPath> = []
  private var hasNewFolders = false
  /// There were more than are remembered.
  private var hasMore = false

  mutating func insert(_ block: BlockPath, inNewFolder: Bool) {
    if inNewFolder { hasNewFolders = true }
    if blocks.count < Self.maximumCount {
      blocks.insert(block)
    } else {
      hasMore = true
    }
  }

  /// Takes back what could not be synced.
  mutating func merge(_ other: UnsyncedBlocks) {
    for block in other.blocks { insert(block, inNewFolder: false) }
    hasNewFolders = hasNewFolders || other.hasNewFolders
    hasMore = hasMore || other.hasMore
  }

  /// Brings the blocks to the disk: bytes, names, and folders' names.
  func sync(in folder: Int32, _ path: String) throws(NodeError) {
    if hasMore {
      guard syncfs(folder) == 0 else { throw .system("syncfs", path) }
      return
    }
    for block in blocks {
      try Self.sync(block.path, O_RDONLY, in: folder)
    }
    for name in Set(blocks.map(\.folder)) {
      try Self.sync(name, O_RDONLY | O_DIRECTORY, in: folder)
    }
    if hasNewFolders {
      guard fsync(folder) == 0 else { throw .system("fsync", path) }
    }
  }

  private static func sync(_ name: String, _ flags: Int32, in folder: Int32) throws(NodeError) {
    let file = openat(folder, name, flags | O_CLOEXEC)
    // A block that is not there is about to be stored, or was taken away.
    if file < 0, errno == ENOENT { return }
    guard file >= 0 else { throw .system("open", name) }
    defer { close(file) }
    guard fsync(file) == 0 else { throw .system("fsync", name) }
  }
}
