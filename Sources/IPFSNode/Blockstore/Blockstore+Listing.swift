import Glibc
package import IPLD
package import Multiformats

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

/// Blocks in groups, of which one at a time is in memory.
extension Blockstore {
  /// The names of the groups that there are.
  package func groups() async -> [String] {
    await offload {
      var names: [String] = []
      FolderListing.forEachName(in: self.path) { name in
        if !name.hasPrefix("."), name != "SHARDING" { names.append(name) }
      }
      return names.sorted()
    }
  }

  /// The blocks of a group, in no order, named as raw blocks.
  package func blocks(inGroup group: String) async -> [CID] {
    await offload {
      var cids: [CID] = []
      FolderListing.forEachName(in: "\(self.path)/\(group)") { name in
        guard let multihash = BlockPath.multihash(ofFile: name),
          let cid = try? CID(version: .v1, codec: .raw, multihash: multihash)
        else { return }
        cids.append(cid)
      }
      return cids
    }
  }

  /// Checks blocks against their hashes. Returns what is wrong with each; nothing where it is sound, or has gone.
  package func check(_ cids: [CID]) async -> [BlockError?] {
    await offload {
      cids.map { cid -> BlockError? in
        do throws(BlockError) {
          _ = try self.block(cid)
          return nil
        } catch {
          return error.code == .notFound ? nil : error
        }
      }
    }
  }
}

/// The names in a folder.
enum FolderListing {
  /// Where a name begins in a `dirent`.
  private static let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19

  /// Visits the names but `.` and `..`; something that is no folder has none.
  static func forEachName<E: Error>(in path: String, _ body: (String) throws(E) -> Void) throws(E) {
    guard let folder = opendir(path) else { return }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      // Not through the field itself: a record may be shorter than the field's 256 bytes, and what lies behind the last
      // one belongs to others; an access in place may copy all of them, and write them back.
      let name = String(cString: UnsafeRawPointer(entry).advanced(by: nameOffset).assumingMemoryBound(to: CChar.self))
      if name != ".", name != ".." { try body(name) }
    }
  }
}
