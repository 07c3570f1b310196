import Multiformats
import Synchronization
import UnixFS

/// The files that are open or not yet settled, by inode.
///
/// The lock guards the dictionary and is taken before a file's own.
final class OpenFileTable: Sendable {
  private struct Slot {
    var file: OpenFile
    /// Handles and calls that use it.
    var users: Int
  }

  private struct State {
    var slots: [InodeNumber: Slot] = [:]
    /// Counts files that left the table or were unlinked: a record read before that may be out of date.
    var departures: UInt64 = 0
  }

  private let state = Mutex(State())
  private let volume: any Volume
  private let pool: ChunkPool
  private let spools: SpoolFolder

  init(volume: any Volume, pool: ChunkPool, spools: SpoolFolder) {
    self.volume = volume
    self.pool = pool
    self.spools = spools
  }

  var count: Int { state.withLock { $0.slots.count } }

  /// Files that left the table or were unlinked so far. While it stays, a record together with what ``existing(_:)``
  /// has on top of it is one moment's.
  var departures: UInt64 { state.withLock { $0.departures } }

  /// The file, if it is open or not settled.
  func existing(_ inode: InodeNumber) -> OpenFile? {
    state.withLock { $0.slots[inode]?.file }
  }

  /// The file of an inode, with one user more. Ends with ``release(_:)``.
  func acquire(_ inode: InodeNumber) async throws(FileSystemError) -> OpenFile {
    while true {
      if let file = acquireExisting(inode) { return file }
      let departures = departures
      let record = try await volume.record(of: inode)
      if let file = try acquire(record, departures: departures) { return file }
    }
  }

  /// The open file of an inode, with one user more; nil if it is not in the table.
  func acquireExisting(_ inode: InodeNumber) -> OpenFile? {
    state.withLock { state in
      guard let slot = state.slots[inode] else { return nil }
      state.slots[inode] = Slot(file: slot.file, users: slot.users + 1)
      return slot.file
    }
  }

  private func acquire(_ record: NodeRecord, departures: UInt64) throws(FileSystemError) -> OpenFile? {
    try state.withLock { state throws(FileSystemError) -> OpenFile? in
      if let slot = state.slots[record.inode] {
        state.slots[record.inode] = Slot(file: slot.file, users: slot.users + 1)
        return slot.file
      }
      guard state.departures == departures else { return nil }
      let file = try OpenFile(record, volume: volume, pool: pool, spools: spools)
      // Its last user left after it was unlinked, and its bytes went with it. The kernel looks the name up again.
      if record.parent == 0, file.hasLostSpool { throw FileSystemError(.stale, "the file was unlinked") }
      state.slots[record.inode] = Slot(file: file, users: 1)
      return file
    }
  }

  /// Takes one user back. A file that nobody uses and that is settled leaves the table.
  func release(_ inode: InodeNumber) {
    state.withLock { state in
      guard let slot = state.slots[inode] else { return }
      state.slots[inode] = Slot(file: slot.file, users: max(0, slot.users - 1))
      Self.removeIfDone(inode, &state)
    }
  }

  /// Says that a file was unlinked.
  func becameOrphan(_ inode: InodeNumber) {
    state.withLock { state in
      // Whoever is opening it has read that it has a name.
      state.departures += 1
      state.slots[inode]?.file.state.withLock { $0.isOrphan = true }
      Self.removeIfDone(inode, &state)
    }
  }

  private static func removeIfDone(_ inode: InodeNumber, _ state: inout State) {
    guard let slot = state.slots[inode], slot.users == 0 else { return }
    guard slot.file.state.withLock({ $0.isSettled || $0.isOrphan }) else { return }
    state.slots[inode] = nil
    state.departures += 1
    slot.file.discardIfOrphan()
  }

  /// The files of which `condition` is true, by inode.
  func inodes(where condition: (borrowing OpenFile.State) -> Bool) -> [InodeNumber] {
    state.withLock { state in
      state.slots.compactMap { inode, slot in
        slot.file.state.withLock { condition($0) } ? inode : nil
      }
    }
  }

  /// The DAGs and leaves that the files are made of. Asked twice, for a copy may end between the look at the file that it
  /// goes to and the one at the file that it comes from.
  var roots: [CID] {
    state.withLock { state in (0..<2).flatMap { _ in state.slots.values.flatMap { $0.file.roots } } }
  }

  /// Files that have to be committed.
  var unsettled: [InodeNumber] { inodes { !$0.isSettled && !$0.isOrphan } }
}
