public import IPLD
public import Multiformats

/// Makes the DAGs of directories, with the CIDs that `ipfs add` gives with the same options.
///
/// A directory whose estimated size is over the profile's threshold is sharded, in both directions: the form depends
/// on the entries alone, not on what the directory was before. (Kubo may leave a HAMT that shrank under the threshold
/// within one session as it is.)
public struct DirectoryWriter: Sendable {
  private let profile: ImportProfile
  private let store: any BlockStore

  /// A writer of directories whose blocks go to `store`.
  public init(profile: ImportProfile, store: any BlockStore) {
    self.profile = profile
    self.store = store
  }

  /// Makes a directory.
  ///
  /// - Parameters:
  ///   - entries: The entries, in any order.
  ///   - metadata: What its root says of the directory.
  /// - Returns: The directory, and how many blocks were encoded.
  /// - Throws: ``UnixFSError`` with `duplicateName`, or `tooDeep` where a HAMT cannot hold two names of one hash; or
  ///   what the store throws.
  public func build(
    _ entries: [DirectoryEntry], metadata: UnixFSMetadata? = nil
  ) async throws -> (root: DAGRoot, encodedNodes: Int) {
    guard profile.sharding.isSharded(entries) else {
      return (try await buildBasic(entries, metadata: metadata), 1)
    }
    let hamt = HAMT(profile: profile, store: store)
    for entry in entries {
      if try await hamt.set(entry) != nil { throw duplicateName(entry.name) }
    }
    return (try await hamt.write(metadata: metadata), hamt.encodedNodes)
  }

  /// Changes a directory.
  ///
  /// Of a HAMT, only the shards on the paths of changed names are loaded and encoded; where it got smaller, others are
  /// loaded until it is known to be over the threshold still.
  ///
  /// - Parameters:
  ///   - base: A directory that this profile built. One of another width or version is built anew.
  ///   - changes: By name, the new entry, or nil to remove it. Removing a name that is not there changes nothing.
  ///   - metadata: What its root says of the directory. Where the base's says something else, there must be changes.
  /// - Returns: The directory, and how many blocks were encoded.
  /// - Throws: As ``build(_:)``; ``UnixFSError`` where the base is no directory, `invalidEdits` where an entry's name
  ///   is not the one it stands under.
  public func update(
    _ base: CID, changes: [EntryName: DirectoryEntry?], metadata: UnixFSMetadata? = nil
  ) async throws -> (root: DAGRoot, encodedNodes: Int) {
    for (name, entry) in changes {
      guard let entry, entry.name != name else { continue }
      throw UnixFSError(.invalidEdits, "the change of \"\(name)\" is an entry named \"\(entry.name)\"")
    }
    let reader = DirectoryReader(source: store)
    let contents = try await reader.contents(of: base)
    guard case .sharded(let shard) = contents, shard.fanout == profile.sharding.fanout,
      base.version == profile.cidVersion
    else {
      let old: [DirectoryEntry]
      if case .basic(let links) = contents {
        old = links.map(DirectoryEntry.init)
      } else {
        old = try await reader.list(base)
      }
      return try await build(
        old.filter { !changes.keys.contains($0.name) } + changes.values.compactMap { $0 }, metadata: metadata)
    }
    let hamt = HAMT(shard, profile: profile, store: store)
    var growth = 0
    for (name, entry) in changes {
      let old: DirectoryEntry?
      if let entry {
        old = try await hamt.set(entry)
        growth += profile.sharding.size(of: entry)
      } else {
        old = try await hamt.remove(name)
      }
      if let old { growth -= profile.sharding.size(of: old) }
    }
    if growth < 0, let entries = try await hamt.entriesOfSmallDirectory() {
      return (try await buildBasic(entries, metadata: metadata), 1)
    }
    return (try await hamt.write(metadata: metadata), hamt.encodedNodes)
  }

  private func buildBasic(
    _ entries: [DirectoryEntry], metadata: UnixFSMetadata?
  ) async throws -> DAGRoot {
    let sorted = entries.sorted { $0.name < $1.name }
    for (entry, next) in zip(sorted, sorted.dropFirst()) where entry.name == next.name {
      throw duplicateName(entry.name)
    }
    var node = UnixFSNode(kind: .directory)
    if let metadata { node.set(metadata) }
    return try await store.store(node, links: sorted.map(\.link), size: 0, profile: profile)
  }

  private func duplicateName(_ name: EntryName) -> UnixFSError {
    UnixFSError(.duplicateName, "two entries are named \"\(name)\"")
  }
}
