import IPLD
import Multiformats
import Synchronization
import UnixFS

/// A regular file that is open, or whose DAG has not been built yet: one an inode, shared by all its handles.
///
/// ```
///   newest   chunk buffers   memory, until the chunk is whole or the file is flushed
///            extent map      stored leaves, ranges of the spool file, holes
///   oldest   base            the last DAG that was built
/// ```
///
/// Lock order: the table of open files before `state`. `state` is never held over a suspension; `journalGate` is, and
/// is taken before `state`.
final class OpenFile: Sendable {
  /// Pieces of at least so many bytes are worth a chunk buffer; smaller ones that do not begin a chunk are random
  /// writes and go to the spool file.
  static let smallestBufferedPiece = 64 << 10

  struct State {
    /// The file's size in bytes, all writes included.
    var size: UInt64
    /// The last DAG that was built.
    var base: DAGRoot?
    /// What differs from the base.
    var map: ExtentMap
    /// Chunks in memory, by index.
    var buffers: [UInt64: ChunkBuffer] = [:]
    /// Chunks that are being hashed and stored outside the lock.
    var sealing: Set<UInt64> = []
    /// Those who wait for `sealing` to change.
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// Partial chunks that a flush already stored once: the next flush spools what was appended to them, so that
    /// appending and flushing in turn does not store the chunk again and again.
    var sealedTails: Set<UInt64> = []
    var spool: SpoolFile?
    /// Whether anything changed since it was last journaled.
    var isDirty = false
    /// Counts changes, to see whether one came while a DAG was being built.
    var version: UInt64 = 0
    /// When the content last changed, where the volume does not know it yet.
    var mtime: Timestamp?
    /// What the volume has: where a failed write falls back to.
    var journaled: FileContent
    /// Why writing failed. Stays until the last handle is closed and the file has fallen back.
    var failure: FileSystemError?
    /// Reads the base.
    var reader: FileReader?
    /// How many handles may write.
    var writers = 0
    /// Whether it was unlinked: nothing of it needs to be kept.
    var isOrphan = false
    /// When it last changed.
    var lastChange: ContinuousClock.Instant

    mutating func noteChange() {
      isDirty = true
      version += 1
      lastChange = .now
    }

    /// Whether the volume has the file as it is, with its DAG.
    var isSettled: Bool { !isDirty && failure == nil && journaled.isCommitted }
  }

  let inode: InodeNumber
  let volume: any Volume
  let chunkSize: Int
  let pool: ChunkPool
  let journalGate = AsyncGate()
  let state: Mutex<State>

  /// Opens the content of a file; a spool file that an earlier process left is taken over.
  init(_ record: NodeRecord, volume: any Volume, pool: ChunkPool) throws(FileSystemError) {
    guard case .file(let content) = record.content else {
      throw FileSystemError(record.kind == .directory ? .isDirectory : .invalidArgument)
    }
    inode = record.inode
    self.volume = volume
    self.pool = pool
    chunkSize = volume.profile.chunkSize
    var spool: SpoolFile?
    if let pending = content.pending, pending.usesSpool {
      spool = try SpoolFile(of: record.inode, in: volume.spoolDirectory, isNew: false)
    }
    state = Mutex(
      State(
        size: content.size, base: content.base,
        map: content.pending ?? ExtentMap(baseSize: content.base?.size ?? 0), spool: spool, journaled: content,
        isOrphan: record.parent == 0, lastChange: .now))
  }

  /// The chunk's bytes in a file of the given size.
  func range(ofChunk index: UInt64, size: UInt64) -> Range<UInt64> {
    let start = index * UInt64(chunkSize)
    return start..<max(start, min(size, start + UInt64(chunkSize)))
  }

  /// Suspends until no chunk of the indexes given, or none at all, is being stored.
  func waitForSealing(of chunks: ClosedRange<UInt64>? = nil) async {
    while true {
      let isBusy = state.withLock { Self.isSealing($0, chunks) }
      guard isBusy else { return }
      await withCheckedContinuation { continuation in
        let isBusy = state.withLock { state in
          let isBusy = Self.isSealing(state, chunks)
          if isBusy { state.waiting.append(continuation) }
          return isBusy
        }
        if !isBusy { continuation.resume() }
      }
    }
  }

  static func isSealing(_ state: borrowing State, _ chunks: ClosedRange<UInt64>?) -> Bool {
    guard !state.sealing.isEmpty else { return false }
    guard let chunks else { return true }
    return state.sealing.contains { chunks.contains($0) }
  }

  /// Chunks that a range of bytes touches.
  func chunks(of range: Range<UInt64>) -> ClosedRange<UInt64> {
    let last = range.isEmpty ? range.lowerBound : range.upperBound - 1
    return range.lowerBound / UInt64(chunkSize)...last / UInt64(chunkSize)
  }

  /// Size and time as they are before the volume knows them.
  func overlay(on status: inout NodeStatus) {
    state.withLock { state in
      status.size = state.size
      if let mtime = state.mtime {
        status.attributes.mtime = mtime
        status.attributes.ctime = max(status.attributes.ctime, mtime)
      }
    }
  }

  /// Gives up what the volume does not have, after a write that failed. Returns whether there was such a failure.
  func rollBack() -> Bool {
    state.withLock { state in
      guard state.failure != nil else { return false }
      let content = state.journaled
      state.failure = nil
      state.buffers = [:]
      state.size = content.size
      state.base = content.base
      state.map = content.pending ?? ExtentMap(baseSize: content.base?.size ?? 0)
      state.isDirty = false
      state.mtime = nil
      state.version += 1
      Self.dropUnusedSpool(&state)
      return true
    }
  }

  /// Says that the file was unlinked.
  func becomeOrphan() {
    state.withLock { $0.isOrphan = true }
  }

  /// Takes the spool file away if the file was unlinked.
  func discardIfOrphan() {
    state.withLock { state in
      guard state.isOrphan else { return }
      state.spool?.unlink()
      state.spool = nil
    }
  }

  static func dropUnusedSpool(_ state: inout State) {
    guard let spool = state.spool, !state.map.usesSpool else { return }
    spool.unlink()
    state.spool = nil
  }
}
