import Coordination
import IPLD
import Multiformats
import Synchronization
import UnixFS

/// Times of a file's content.
struct FileTimes: Sendable, Hashable {
  /// When it was last modified.
  var mtime: Timestamp
  /// When it or its attributes last changed.
  var ctime: Timestamp

  /// The times of a file that is modified now.
  static var now: FileTimes {
    let now = Timestamp.now
    return FileTimes(mtime: now, ctime: now)
  }
}

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
    /// Which options it was built with (``FileContent/builtBy``).
    var builtBy: UInt64?
    /// What differs from the base.
    var map: ExtentMap
    /// Chunks in memory, by index.
    var buffers: [UInt64: ChunkBuffer] = [:]
    /// Chunks that are being hashed and stored outside the lock.
    var sealing: Set<UInt64> = []
    /// Whether a flush moves what is in memory to the disk. Meanwhile nothing is written or cut, so that what it
    /// journals is the file as it was at one moment.
    var isSpilling = false
    /// Those who wait for `sealing` or `isSpilling` to change.
    var waiting: [CheckedContinuation<Void, Never>] = []
    /// Partial chunks that a flush already stored once: the next flush spools what was appended to them, so that
    /// appending and flushing in turn does not store the chunk again and again.
    var sealedTails: Set<UInt64> = []
    /// Where a content-defined chunker is in the file while that is written in order.
    var stream: ChunkStream?
    /// Leaves that were stored for the next DAG, and how they end.
    var knownChunks: [CID: ChunkEnd] = [:]
    var spool: SpoolFile?
    /// Where bytes go in `spool`.
    var spoolLayout: SpoolLayout
    /// What a flush is about to journal.
    var flushing: ExtentMap?
    /// What was journaled when the spool file was synchronized: what the journal on the disk may say.
    var synchronized: [ExtentMap] = []
    /// How often the spool file had been synchronized when `journaled` was written.
    var synchronizations: UInt64 = 0
    /// What the flush or commit under way reads and links.
    var inUse: ContentSnapshot?
    /// What is being copied elsewhere, by the number of the copy.
    var copied: [UInt64: [CID]] = [:]
    /// Counts copies.
    var copies: UInt64 = 0
    /// Counts how often the base was replaced.
    var baseVersion: UInt64 = 0
    /// Whether anything changed since it was last journaled.
    var isDirty = false
    /// Counts changes, to see whether one came while a DAG was being built.
    var version: UInt64 = 0
    /// The version of `journaled`.
    var journaledVersion: UInt64 = 0
    /// Times that the volume does not know yet.
    var times: FileTimes?
    /// What the volume has: where a failed write falls back to.
    var journaled: FileContent
    /// Why writing failed. Stays until the last handle is closed and the file has fallen back.
    var failure: FileSystemError?
    /// Reads the base.
    var reader: FileReader?
    /// How many handles there are.
    var handles = 0
    /// How many of them may write.
    var writers = 0
    /// Whether it was unlinked: nothing of it needs to be kept.
    var isOrphan = false
    /// When it last changed.
    var lastChange: ContinuousClock.Instant
    /// How often in a row its DAG could not be built, since it last changed.
    var failedCommits = 0

    mutating func noteChange() {
      isDirty = true
      version += 1
      lastChange = .now
      failedCommits = 0
    }

    /// Whether nobody has it open and something is left to be made durable.
    var isLeftDirty: Bool { handles == 0 && isDirty && failure == nil && !isOrphan }

    /// Whether nobody has it open and a failed write has to be taken back.
    var isLeftFailed: Bool { handles == 0 && failure != nil }

    /// Whether the volume has the file as it is, with its DAG.
    var isSettled: Bool { !isDirty && failure == nil && journaled.isCommitted }
  }

  let inode: InodeNumber
  let volume: any Volume
  /// Bytes of a chunk buffer: a chunk where the chunker is a fixed one.
  let chunkSize: Int
  let pool: ChunkPool
  let spools: SpoolFolder
  let journalGate = AsyncGate()
  let state: Mutex<State>

  /// Whether bytes that should be in a spool file are not: they cannot be read, and the DAG cannot be built before
  /// they are overwritten or cut off.
  let hasLostSpool: Bool

  /// Opens the content of a file; a spool file that an earlier process left is taken over.
  init(
    _ record: NodeRecord, volume: any Volume, pool: ChunkPool, spools: SpoolFolder
  ) throws(FileSystemError) {
    guard case .file(let content) = record.content else {
      throw FileSystemError(record.kind == .directory ? .isDirectory : .invalidArgument)
    }
    inode = record.inode
    self.volume = volume
    self.pool = pool
    self.spools = spools
    chunkSize = Self.bufferSize(volume.profile)
    var spool: SpoolFile?
    var hasLostSpool = false
    if let end = content.pending?.spoolEnd {
      spool = try spools.open(leftBy: record.inode, holding: end)
      hasLostSpool = spool == nil
    }
    self.hasLostSpool = hasLostSpool
    state = Mutex(
      State(
        size: content.size, base: content.base, builtBy: content.builtBy,
        map: content.pending ?? ExtentMap(baseSize: content.base?.size ?? 0), spool: spool,
        spoolLayout: SpoolLayout(after: spool?.size ?? 0), journaled: content,
        isOrphan: record.parent == 0, lastChange: .now))
  }

  /// The DAGs and leaves that the file is made of, that a flush under way reads, and that it would fall back to.
  var roots: [CID] {
    state.withLock { state in
      var roots = state.journaled.roots
      roots += FileContent(size: state.size, base: state.base, pending: state.map).roots
      roots += state.copied.values.joined()
      if let use = state.inUse { roots += FileContent(size: use.size, base: use.base, pending: use.map).roots }
      return roots
    }
  }

  /// The chunk's bytes in a file of the given size.
  func range(ofChunk index: UInt64, size: UInt64) -> Range<UInt64> {
    let start = index * UInt64(chunkSize)
    return start..<max(start, min(size, start + UInt64(chunkSize)))
  }

  /// Suspends until a condition is true that chunks being stored, or a flush, keep from being so.
  func wait(until isReady: (borrowing State) -> Bool) async {
    while !state.withLock({ isReady($0) }) {
      await withCheckedContinuation { continuation in
        let isWaiting = state.withLock { state in
          if isReady(state) { return false }
          state.waiting.append(continuation)
          return true
        }
        if !isWaiting { continuation.resume() }
      }
    }
  }

  /// Changes what others wait for, and lets them look again.
  func resumeWaiting(after change: (inout State) -> Void) {
    let waiting = state.withLock { state in
      change(&state)
      defer { state.waiting = [] }
      return state.waiting
    }
    for continuation in waiting { continuation.resume() }
  }

  static func isSealing(_ state: borrowing State, _ chunks: ClosedRange<UInt64>) -> Bool {
    state.sealing.contains { chunks.contains($0) }
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
      if let times = state.times {
        status.attributes.mtime = times.mtime
        status.attributes.ctime = times.ctime
      }
    }
  }

  /// Says that the volume has been told of a change of attributes: times that it will be told are no older.
  func noteAttributeChange(at ctime: Timestamp) {
    state.withLock { state in
      if let times = state.times { state.times?.ctime = max(times.ctime, ctime) }
    }
  }

  /// Gives up what the volume does not have, after a write that failed, once nobody has the file open any more.
  /// Returns whether that was so.
  func rollBackIfClosed() async -> Bool { await rollBack { $0.isLeftFailed } }

  /// Gives up what the volume does not have, after a write that failed, though somebody still has the file open: no
  /// call may come any more.
  func rollBackAtEnd() async { _ = await rollBack { $0.failure != nil } }

  private func rollBack(if condition: (borrowing State) -> Bool) async -> Bool {
    guard state.withLock({ condition($0) }) else { return false }
    return await journalGate.withGate {
      await wait { $0.sealing.isEmpty }
      return rollBackNow(if: condition)
    }
  }

  private func rollBackNow(if condition: (borrowing State) -> Bool) -> Bool {
    state.withLock { state in
      guard condition(state) else { return false }
      let content = state.journaled
      state.failure = nil
      state.buffers = [:]
      state.size = content.size
      state.base = content.base
      state.baseVersion += 1
      state.builtBy = content.builtBy
      state.knownChunks = [:]
      state.stream = nil
      state.map = content.pending ?? ExtentMap(baseSize: content.base?.size ?? 0)
      state.isDirty = false
      state.times = nil
      state.version += 1
      state.journaledVersion = state.version
      Self.dropUnusedSpool(&state)
      return true
    }
  }

  /// Takes the spool file away if the file was unlinked.
  func discardIfOrphan() {
    state.withLock { state in
      guard state.isOrphan else { return }
      Self.dropSpool(&state)
    }
  }

  /// Why bytes cannot be read that were only in a spool file.
  static let lostSpool = FileSystemError(.inputOutput, "bytes that were in a spool file are lost")

  static func dropUnusedSpool(_ state: inout State) {
    if state.spool != nil, !state.map.usesSpool { dropSpool(&state) }
  }

  private static func dropSpool(_ state: inout State) {
    state.spool?.retire()
    state.spool = nil
  }
}
