import Glibc
import IPLD
import Multiformats

extension Blockstore {
  /// Visits every block that is stored, in no order. Its CID is given as a raw block's of version 1: the store keeps
  /// multihashes, as Kubo's does.
  ///
  /// - Throws: What `body` throws, and `inputOutput` where a folder cannot be read.
  func forEachBlock(_ body: (CID) throws -> Void) throws {
    try FolderListing.forEachName(in: path) { folderName in
      guard !folderName.hasPrefix("."), folderName != "SHARDING" else { return }
      try FolderListing.forEachName(in: "\(path)/\(folderName)") { name in
        guard let multihash = BlockPath.multihash(ofFile: name) else { return }
        try body(try CID(version: .v1, codec: .raw, multihash: multihash))
      }
    }
  }
}

/// The names in a folder.
enum FolderListing {
  /// Visits the names but `.` and `..`; something that is no folder has none.
  static func forEachName<E: Error>(in path: String, _ body: (String) throws(E) -> Void) throws(E) {
    guard let folder = opendir(path) else { return }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { try body(name) }
    }
  }
}
