import Glibc

extension Node {
  /// What the store holds.
  public struct Storage: Sendable, Hashable, Codable {
    /// Blocks.
    public var blocks = 0
    /// Their bytes.
    public var bytes: UInt64 = 0
    /// Bytes that nothing refers to, as far as that is known without looking.
    public var estimatedGarbage: UInt64 = 0
    /// Bytes of the database.
    public var databaseBytes: UInt64 = 0
    /// Pins.
    public var pins = 0
    /// Bytes that are free on the repo's volume.
    public var freeBytes: UInt64 = 0
  }

  /// Counts what the store holds.
  ///
  /// - Throws: `inputOutput`.
  public func storage() async throws(NodeError) -> Storage {
    try await offload { () throws(NodeError) in
      var storage = Storage()
      do {
        try self.blockstore.forEachBlock { cid in
          // One that goes meanwhile is not counted.
          guard let size = try? self.blockstore.size(cid) else { return }
          storage.blocks += 1
          storage.bytes += UInt64(size)
        }
      } catch {
        throw NodeError(.inputOutput, "cannot list the blocks", cause: error)
      }
      storage.estimatedGarbage = self.collector.estimatedGarbage
      for name in [self.repo.database, "\(self.repo.database)-wal"] {
        var status = stat()
        if stat(name, &status) == 0 { storage.databaseBytes += UInt64(clamping: status.st_size) }
      }
      storage.pins = try self.database.pinCount()
      var volume = statvfs()
      if statvfs(self.repo.path, &volume) == 0 { storage.freeBytes = UInt64(volume.f_bavail) * UInt64(volume.f_frsize) }
      return storage
    }
  }
}
