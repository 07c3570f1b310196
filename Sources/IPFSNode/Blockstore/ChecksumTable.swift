import Synchronization

/// Checksums on their way to the database. Bounded: what does not fit is forgotten, and found again when the block is
/// next verified.
///
/// The lock guards both fields.
final class ChecksumTable: Sendable {
  /// The most bytes of checksums that wait to be written: those of 8 GiB of blocks.
  private static let maximumPendingBytes = 8 << 20

  private struct Pending {
    var values: [[UInt8]: [UInt32]] = [:]
    var bytes = 0
  }

  private let database: NodeDatabase
  private let pending = Mutex(Pending())

  init(database: NodeDatabase) {
    self.database = database
  }

  /// Notes the checksums of a block's verified bytes.
  func record(_ checksums: PageChecksums, for multihash: [UInt8]) {
    pending.withLock { pending in
      let cost = checksums.values.count * 4 + multihash.count + 64
      guard pending.bytes + cost <= Self.maximumPendingBytes else { return }
      if pending.values.updateValue(checksums.values, forKey: multihash) == nil { pending.bytes += cost }
    }
  }

  /// The checksums of a block of `size` bytes, if they are known.
  func checksums(for multihash: [UInt8], size: Int) -> PageChecksums? {
    let waiting = pending.withLock { $0.values[multihash] }
    // A database that cannot answer costs a verification of the whole block, not the read.
    guard let values = waiting ?? (try? database.checksums(of: multihash)) else { return nil }
    return PageChecksums(recorded: values, size: size)
  }

  /// Forgets the checksums of blocks that were removed. Where the database cannot, they stay: they do no harm.
  func forget(_ multihashes: [[UInt8]]) {
    pending.withLock { pending in
      for multihash in multihashes {
        if let pages = pending.values.removeValue(forKey: multihash) {
          pending.bytes -= pages.count * 4 + multihash.count + 64
        }
      }
    }
    try? database.removeChecksums(of: multihashes)
  }

  /// Writes what waits to the database.
  func save() throws(NodeError) {
    // In the order of the index, so that a transaction changes few of its pages.
    let saved = pending.withLock { pending in pending.values.map { (multihash: $0.key, pages: $0.value) } }
      .sorted { $0.multihash.lexicographicallyPrecedes($1.multihash) }
    // Short transactions: changes of the tree wait for them.
    for start in stride(from: 0, to: saved.count, by: 64) {
      try database.save(checksums: saved[start..<min(start + 64, saved.count)])
    }
    pending.withLock { pending in
      for (multihash, pages) in saved where pending.values[multihash] == pages {
        pending.values[multihash] = nil
        pending.bytes -= pages.count * 4 + multihash.count + 64
      }
    }
  }
}
