import Glibc
import MountTestSupport
import Multiformats
import TestSupport
import UnixFS

/// Imports a local directory, as `ipfs add -r` does.
struct ImportedTree {
  let profile: ImportProfile
  private let store = MemoryBlockStore()

  init(profile: ImportProfile) {
    self.profile = profile
  }

  /// The DAG of a path and all below it.
  func root(of path: String) async throws -> DAGRoot {
    let status = try MountTestSupport.status(path)
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      var entries: [DirectoryEntry] = []
      for name in try names(in: path) {
        let root = try await root(of: "\(path)/\(String(decoding: name, as: UTF8.self))")
        entries.append(DirectoryEntry(name: EntryName(bytes: name), cid: root.cid, tsize: root.tsize))
      }
      return try await DirectoryWriter(profile: profile, store: store).build(entries).root
    case S_IFLNK:
      let side = CallSide(root: path)
      return try await Symlink.store(side.target(of: ""), profile: profile, to: store)
    default: return try await importFile(read(path), profile: profile, to: store)
    }
  }
}
