internal import IPLD
internal import Multiformats

/// A sharded directory while it is changed: shards are loaded when a change leads through them.
///
/// The tree does not depend on the order of changes: a slot has a shard exactly where two names or more share it.
///
/// Not `Sendable`, and not to be used by two tasks at once: it lives within one call of ``DirectoryWriter``.
final class HAMT {
  private enum Child {
    case entry(DirectoryEntry)
    /// A shard that nothing has changed.
    case stored(cid: CID, tsize: UInt64)
    case shard(Shard)
  }

  /// A shard in memory.
  private final class Shard {
    var children: [(slot: Int, child: Child)] = []
    /// The block it was loaded from, nil once it differs.
    var stored: (cid: CID, tsize: UInt64)?

    func position(of slot: Int) -> (index: Int, isTaken: Bool) {
      HAMTShard.position(of: slot, count: children.count) { children[$0].slot }
    }
  }

  private let profile: ImportProfile
  private let store: any BlockStore
  private let root: Shard
  /// Blocks encoded by ``write()``.
  private(set) var encodedNodes = 0

  /// A directory without entries.
  init(profile: ImportProfile, store: any BlockStore) {
    self.profile = profile
    self.store = store
    root = Shard()
  }

  /// A stored directory, of the profile's width.
  init(_ root: HAMTShard, profile: ImportProfile, store: any BlockStore) {
    self.profile = profile
    self.store = store
    self.root = Self.shard(root)
  }

  private static func shard(_ shard: HAMTShard) -> Shard {
    let result = Shard()
    result.children = shard.children.map { slot, child in
      switch child {
      case .entry(let entry): (slot, .entry(entry))
      case .shard(let cid, let tsize): (slot, .stored(cid: cid, tsize: tsize))
      }
    }
    return result
  }

  /// Adds an entry or replaces the one of its name, which is returned.
  func set(_ entry: DirectoryEntry) async throws -> DirectoryEntry? {
    try await set(entry, hash: HAMTHash(entry.name), in: root, level: 0)
  }

  private func set(
    _ entry: DirectoryEntry, hash: HAMTHash, in shard: Shard, level: Int
  ) async throws -> DirectoryEntry? {
    let slot = try slot(hash, level: level)
    let (index, isTaken) = shard.position(of: slot)
    guard isTaken else {
      shard.children.insert((slot, .entry(entry)), at: index)
      shard.stored = nil
      return nil
    }
    switch shard.children[index].child {
    case .entry(let old) where old.name == entry.name:
      if old != entry {
        shard.children[index].child = .entry(entry)
        shard.stored = nil
      }
      return old
    case .entry(let other):
      // Two names in one slot: both move a level down.
      let below = Shard()
      _ = try await set(other, hash: HAMTHash(other.name), in: below, level: level + 1)
      _ = try await set(entry, hash: hash, in: below, level: level + 1)
      shard.children[index].child = .shard(below)
      shard.stored = nil
      return nil
    case .stored, .shard:
      let below = try await load(index, of: shard)
      let old = try await set(entry, hash: hash, in: below, level: level + 1)
      if below.stored == nil { shard.stored = nil }
      return old
    }
  }

  /// Removes the entry of a name, which is returned if there was one.
  func remove(_ name: EntryName) async throws -> DirectoryEntry? {
    try await remove(name, hash: HAMTHash(name), from: root, level: 0)
  }

  private func remove(
    _ name: EntryName, hash: HAMTHash, from shard: Shard, level: Int
  ) async throws -> DirectoryEntry? {
    let (index, isTaken) = shard.position(of: try slot(hash, level: level))
    guard isTaken else { return nil }
    if case .entry(let old) = shard.children[index].child {
      guard old.name == name else { return nil }
      shard.children.remove(at: index)
      shard.stored = nil
      return old
    }
    let below = try await load(index, of: shard)
    guard let old = try await remove(name, hash: hash, from: below, level: level + 1) else { return nil }
    shard.stored = nil
    // A shard of one entry gives way to that entry.
    if below.children.isEmpty {
      shard.children.remove(at: index)
    } else if below.children.count == 1, case .entry = below.children[0].child {
      shard.children[index].child = below.children[0].child
    }
    return old
  }

  private func slot(_ hash: HAMTHash, level: Int) throws(UnixFSError) -> Int {
    guard let slot = hash.slot(level: level, fanout: profile.sharding.fanout) else {
      throw UnixFSError(.tooDeep, "two names have one hash: no HAMT can hold both")
    }
    return slot
  }

  /// The shard at a position that holds no entry.
  private func load(_ index: Int, of parent: Shard) async throws -> Shard {
    switch parent.children[index].child {
    case .shard(let shard): return shard
    case .stored(let cid, let tsize):
      let shard = Self.shard(
        try await DirectoryReader(source: store).loadShard(cid, fanout: profile.sharding.fanout))
      shard.stored = (cid, tsize)
      parent.children[index].child = .shard(shard)
      return shard
    case .entry: preconditionFailure("an entry is no shard")
    }
  }

  /// All entries, if together they are few enough to stay in one block; nil as soon as they are not.
  ///
  /// Loads no more shards than it takes to know that, so the cost follows the threshold and not the directory.
  func entriesOfSmallDirectory() async throws -> [DirectoryEntry]? {
    var entries: [DirectoryEntry] = []
    var size = profile.sharding.emptySize
    let isSmall = try await collect(root, level: 0, into: &entries, size: &size)
    return isSmall ? entries : nil
  }

  private func collect(
    _ shard: Shard, level: Int, into entries: inout [DirectoryEntry], size: inout Int
  ) async throws -> Bool {
    for index in shard.children.indices {
      if case .entry(let entry) = shard.children[index].child {
        size += profile.sharding.size(of: entry)
        entries.append(entry)
        if profile.sharding.isSharded(size: size, links: entries.count) { return false }
        continue
      }
      guard (level + 2) * profile.sharding.fanout.trailingZeroBitCount <= UInt64.bitWidth else {
        throw UnixFSError(.tooDeep, "more levels of shards than a hash has bits")
      }
      let below = try await load(index, of: shard)
      guard try await collect(below, level: level + 1, into: &entries, size: &size) else { return false }
    }
    return true
  }

  /// Encodes and stores the shards that differ from what is stored, and returns the directory.
  func write(metadata: UnixFSMetadata? = nil) async throws -> DAGRoot {
    let root = try await write(root, metadata: metadata)
    return DAGRoot(cid: root.cid, size: 0, tsize: root.tsize)
  }

  private func write(
    _ shard: Shard, metadata: UnixFSMetadata? = nil
  ) async throws -> (cid: CID, tsize: UInt64) {
    if let stored = shard.stored { return stored }
    var children: [(slot: Int, child: HAMTShard.Child)] = []
    children.reserveCapacity(shard.children.count)
    for (slot, child) in shard.children {
      switch child {
      case .entry(let entry): children.append((slot, .entry(entry)))
      case .stored(let cid, let tsize): children.append((slot, .shard(cid: cid, tsize: tsize)))
      case .shard(let below):
        let (cid, tsize) = try await write(below)
        children.append((slot, .shard(cid: cid, tsize: tsize)))
      }
    }
    var (node, links) = HAMTShard(fanout: profile.sharding.fanout, children: children).encoded()
    if let metadata { node.set(metadata) }
    let root = try await store.store(node, links: links, size: 0, profile: profile)
    encodedNodes += 1
    shard.stored = (root.cid, root.tsize)
    return (root.cid, root.tsize)
  }
}
