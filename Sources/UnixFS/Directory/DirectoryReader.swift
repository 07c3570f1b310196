public import IPLD
public import Multiformats

/// Reads directories, of one block or sharded.
///
/// A shard is trusted no further than its names: each one must hash to the slot it is found in, and no shard but the
/// root may be empty. So the work is bounded by the entries there are, whatever the links say.
public struct DirectoryReader: Sendable {
  private let source: any BlockSource

  /// A reader of directories whose blocks come from `source`.
  public init(source: any BlockSource) {
    self.source = source
  }

  /// All entries: of one block in the order of its links, of a sharded directory in the order of their names' hashes.
  ///
  /// - Throws: ``UnixFSError``, or what the source throws.
  public func list(_ directory: CID) async throws -> [DirectoryEntry] {
    var entries: [DirectoryEntry] = []
    try await forEachEntry(of: directory) { entries.append($0) }
    return entries
  }

  /// Visits all entries in the order of ``list(_:)``, with a shard a level in memory.
  ///
  /// - Throws: As ``list(_:)``, and what `visit` throws.
  public func forEachEntry(of directory: CID, _ visit: (DirectoryEntry) async throws -> Void) async throws {
    switch try await contents(of: directory) {
    case .basic(let links):
      for link in links { try await visit(DirectoryEntry(link)) }
    case .sharded(let shard):
      try await walk(shard, cid: directory, path: 0, pathLength: 0, visit)
    }
  }

  /// The entry of a name; nil if the directory has none.
  ///
  /// - Throws: ``UnixFSError``, or what the source throws.
  public func lookup(_ name: EntryName, in directory: CID) async throws -> DirectoryEntry? {
    switch try await contents(of: directory) {
    case .basic(let links):
      return links.first { $0.name == name.bytes }.map(DirectoryEntry.init)
    case .sharded(var shard):
      let hash = HAMTHash(name)
      var level = 0
      while let slot = hash.slot(level: level, fanout: shard.fanout), let child = shard.child(in: slot) {
        switch child {
        case .entry(let entry):
          return entry.name == name ? entry : nil
        case .shard(let cid, _):
          shard = try await loadShard(cid, fanout: shard.fanout)
          level += 1
        }
      }
      return nil
    }
  }

  /// The two forms of a directory.
  enum Contents {
    case basic([DAGPBNode.Link])
    case sharded(HAMTShard)
  }

  /// The root of a directory.
  func contents(of directory: CID) async throws -> Contents {
    let block = try UnixFSBlock(try await source.block(directory))
    switch block.node.kind {
    case .directory: return .basic(block.links)
    case .hamtShard: return .sharded(try shard(block, cid: directory))
    default: throw UnixFSError(.wrongKind, "a node of kind \(block.node.kind) is no directory", cid: directory)
    }
  }

  /// A shard below the root.
  func loadShard(_ cid: CID, fanout: Int) async throws -> HAMTShard {
    let block = try UnixFSBlock(try await source.block(cid))
    guard block.node.kind == .hamtShard else {
      throw UnixFSError(.malformed, "a node of kind \(block.node.kind) below a shard", cid: cid)
    }
    let shard = try shard(block, cid: cid)
    guard shard.fanout == fanout, !shard.children.isEmpty else {
      throw UnixFSError(.malformed, "a shard that is empty, or of another width than its parent", cid: cid)
    }
    return shard
  }

  private func shard(_ block: UnixFSBlock, cid: CID) throws(UnixFSError) -> HAMTShard {
    do {
      return try HAMTShard(block)
    } catch {
      throw error.at(cid)
    }
  }

  /// Visits the entries of a shard and those below it. `path` is the slots that lead to it, `pathLength` bits.
  private func walk(
    _ shard: HAMTShard, cid: CID, path: UInt64, pathLength: Int, _ visit: (DirectoryEntry) async throws -> Void
  ) async throws {
    let width = shard.fanout.trailingZeroBitCount
    let length = pathLength + width
    for (slot, child) in shard.children {
      let place = path << width | UInt64(slot)
      switch child {
      case .entry(let entry):
        guard HAMTHash(entry.name).prefix(length) == place else {
          throw UnixFSError(.malformed, "the entry \"\(entry.name)\" is not in the slot of its hash", cid: cid)
        }
        try await visit(entry)
      case .shard(let child, _):
        guard length + width <= UInt64.bitWidth else {
          throw UnixFSError(.tooDeep, "more levels of shards than a hash has bits", cid: child)
        }
        let next = try await loadShard(child, fanout: shard.fanout)
        try await walk(next, cid: child, path: place, pathLength: length, visit)
      }
    }
  }
}
