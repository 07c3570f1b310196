import IPLD
import Multiformats
import UnixFS

/// A directory that is being added: its entries so far. Used by one task.
final class AddedDirectory {
  private enum Child {
    /// A file or a link that is stored.
    case stored(CID, tsize: UInt64)
    case directory(AddedDirectory)
  }

  /// A directory that was built.
  struct Built {
    /// Its name in the one above it.
    var name = EntryName(bytes: [])
    var root: DAGRoot
    /// The directories in it, in the order of its listing.
    var directories: [Built] = []
  }

  private var children: [EntryName: Child] = [:]
  private let metadata: UnixFSMetadata?
  /// Whether any part was in it.
  var hasParts = false

  init(metadata: UnixFSMetadata?) {
    self.metadata = metadata
  }

  /// The directory at a path in this one, where something is to be put; those on the way that are not there are made.
  ///
  /// - Parameter metadata: What those that are made say of themselves.
  /// - Throws: Where a file is on the way.
  func directory(_ names: ArraySlice<EntryName>, metadata: UnixFSMetadata?) throws(RPCError) -> AddedDirectory {
    var directory = self
    directory.hasParts = true
    for (index, name) in names.enumerated() {
      switch directory.children[name] {
      case .directory(let next): directory = next
      case .stored:
        let path = names.prefix(index + 1).map(\.description).joined(separator: "/")
        throw RPCError("\(path) was not a directory")
      case nil:
        let next = AddedDirectory(metadata: metadata)
        directory.children[name] = .directory(next)
        directory = next
      }
      directory.hasParts = true
    }
    return directory
  }

  /// Adds a directory that has a part of its own; one that is there already stays as it is.
  ///
  /// - Throws: Where there is a file of that name.
  func insertDirectory(_ name: EntryName, metadata: UnixFSMetadata?) throws(RPCError) {
    switch children[name] {
    case .directory: break
    case .stored: throw RPCError("file already exists")
    case nil: children[name] = .directory(AddedDirectory(metadata: metadata))
    }
  }

  /// Adds an entry.
  ///
  /// - Throws: Where there is one of that name.
  func insert(_ root: DAGRoot, as name: EntryName) throws(RPCError) {
    guard children[name] == nil else { throw RPCError("directory already has entry by that name") }
    children[name] = .stored(root.cid, tsize: root.tsize)
  }

  /// Builds the directory, after those in it. Its entries are let go of.
  ///
  /// - Parameters:
  ///   - profile: How it is built.
  ///   - below: How those in it are.
  ///   - keepsEmpty: Whether directories in it that no part was in are kept.
  ///   - store: Where blocks go.
  func build(
    profile: ImportProfile, below: ImportProfile, keepsEmpty: Bool, store: any BlockStore
  ) async throws -> Built {
    var entries: [DirectoryEntry] = []
    entries.reserveCapacity(children.count)
    var directories: [Built] = []
    let children = self.children
    self.children = [:]
    for (name, child) in children {
      switch child {
      case .stored(let cid, let tsize): entries.append(DirectoryEntry(name: name, cid: cid, tsize: tsize))
      case .directory(let directory):
        guard keepsEmpty || directory.hasParts else { continue }
        var built = try await directory.build(profile: below, below: below, keepsEmpty: keepsEmpty, store: store)
        entries.append(DirectoryEntry(name: name, cid: built.root.cid, tsize: built.root.tsize))
        built.name = name
        directories.append(built)
      }
    }
    if profile.sharding.isSharded(entries) {
      directories.sort { HAMTHash($0.name).value < HAMTHash($1.name).value }
    } else {
      directories.sort { $0.name < $1.name }
    }
    try Task.checkCancellation()
    let root = try await DirectoryWriter(profile: profile, store: store).build(entries, metadata: metadata).root
    return Built(root: root, directories: directories)
  }
}
