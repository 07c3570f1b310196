import CLinux
import Glibc
public import IPLD
public import Multiformats
import Synchronization

/// The node's blocks, each a file in go-ds-flatfs format, which a Kubo can read.
///
/// A block is written under a temporary name and renamed, so that a file of a block's name is whole unless the machine
/// lost power before ``sync()``. All calls may be made from any thread and block it; they do not suspend.
///
/// Locks: each guards the value it holds, none is held while another is taken, and none during input or output but
/// `syncing`, whose purpose that is.
public final class Blockstore: BlockStore {
  /// The disk begins at once to write blocks from this size on, where that is asked for.
  private static let promptlyWritten = 256 << 10
  /// Blocks from this size on are written past the page cache, where that is asked for.
  private static let directlyWritten = 1 << 20
  /// What the memory and the length of such a write are multiples of.
  package static let directAlignment = 4096
  /// Blocks up to this size are verified by their hash on each read, larger ones by the checksums of their pages.
  static let maximumWholeVerification = 16 << 10
  /// The time of a file that was found damaged, in seconds: so the next process knows that it must be replaced, too.
  static let damageTime = 0

  let path: String
  /// The folder `blocks/`.
  let folder: Int32
  let checksums: ChecksumTable
  let openBlocks = Mutex(OpenBlocks(capacity: 256))
  /// Multihashes of blocks whose file was found damaged: the next `put` replaces it.
  let damaged = Mutex<Set<[UInt8]>>([])
  /// Blocks that a collection must spare because they may not be linked yet.
  let young = YoungBlocks()
  private let reserve: SpaceReserve
  private let space: SpaceDemand
  private let estimate: GarbageEstimate
  private let counters: NodeCounters
  private let unsynced = Mutex(UnsyncedBlocks())
  private let syncing = Mutex(())
  private let temporaryNumber = Atomic<UInt64>(0)
  private let suspectTime: Mutex<SuspectTime?>

  /// Opens the folder and removes what an earlier process left half-written.
  init(
    path: String, database: NodeDatabase, reserve: SpaceReserve, space: SpaceDemand, estimate: GarbageEstimate,
    counters: NodeCounters
  ) throws(NodeError) {
    self.path = path
    self.reserve = reserve
    self.space = space
    self.estimate = estimate
    self.counters = counters
    checksums = ChecksumTable(database: database)
    suspectTime = Mutex(try database.suspectTime())
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw .system("open", path) }
    try FolderListing.forEachName(in: "\(path)/\(BlockPath.temporaryFolder)") { name throws(NodeError) in
      unlinkat(folder, "\(BlockPath.temporaryFolder)/\(name)", 0)
    }
  }

  deinit {
    close(folder)
  }

  /// Whether the block is here. Its bytes are not looked at.
  public func has(_ cid: CID) -> Bool {
    (try? size(cid)) != nil
  }

  /// The block's bytes in number.
  ///
  /// - Throws: `notFound`, `inputOutput`.
  public func size(_ cid: CID) throws(BlockError) -> Int {
    if let data = cid.inlineData { return data.count }
    var status = stat()
    guard fstatat(folder, BlockPath(multihash: cid.multihashBytes).path, &status, 0) == 0 else {
      throw errno == ENOENT ? .notFound(cid) : .system("stat", cid)
    }
    return Int(status.st_size)
  }

  /// Begins a lease: blocks that are stored, or found stored, until it ends are kept even if nothing links them. Hold
  /// one from before the first `put` until what links the blocks is in the tree, among the pins, or registered with the
  /// collector.
  public func beginLease() -> BlockLease {
    BlockLease(young: young, generation: young.beginLease())
  }

  /// Stores a block, unless it is here already. It survives the process once this returns, and the machine after the
  /// next ``sync()``. On a full disk garbage is removed first; no lock may be held that a collection takes.
  ///
  /// - Throws: `noSpace`, `inputOutput`; nothing is left of the block then.
  public func put(_ cid: CID, _ data: UnsafeRawBufferPointer) throws(BlockError) {
    try put(cid, data, pastCache: false)
  }

  /// Stores a block as ``put(_:_:)`` does. A large one does not come into the page cache if its memory is aligned to
  /// ``directAlignment``: for one of many, which would push out what is in use. Suspends while the disk writes.
  package func putPastCache(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws(BlockError) {
    guard data.count >= Self.directlyWritten else { return try put(cid, data) }
    // The caller keeps it until this returns.
    nonisolated(unsafe) let data = data
    try await offload { () throws(BlockError) in try self.put(cid, data, pastCache: true) }
  }

  private func put(_ cid: CID, _ data: UnsafeRawBufferPointer, pastCache: Bool) throws(BlockError) {
    guard cid.inlineData == nil else { return }
    // Twice: the first may wait for a collection that began before there was garbage.
    var attemptsLeft = 2
    while true {
      do {
        return try putNow(cid, data, pastCache: pastCache)
      } catch {
        guard error.code == .noSpace, attemptsLeft > 0, space.makeSpace() else { throw error }
        attemptsLeft -= 1
      }
    }
  }

  private func putNow(_ cid: CID, _ data: UnsafeRawBufferPointer, pastCache: Bool) throws(BlockError) {
    // Before looking whether it is here: a collection that has not seen this has removed it by then.
    young.insert(BlockKey(cid))
    let multihash = Array(cid.multihashBytes)
    let block = BlockPath(multihash: multihash)
    if isStored(block, data, multihash: multihash) {
      // Whoever stored it may not have synced it yet.
      unsynced.withLock { $0.insert(block, inNewFolder: false) }
      counters.countFoundBlock()
      return
    }
    guard reserve.admitsBlock(of: data.count) else {
      throw BlockError(.noSpace, cid, "no space left to store block \(cid)")
    }
    // First: its bytes are in the processor's cache, where they were just hashed.
    let pages = data.count > Self.maximumWholeVerification ? PageChecksums(of: data) : nil
    let temporary = "\(BlockPath.temporaryFolder)/\(temporaryNumber.add(1, ordering: .relaxed).newValue)"
    do {
      try write(data, to: temporary, pastCache: pastCache, cid)
      try rename(temporary, to: block, cid)
    } catch {
      unlinkat(folder, temporary, 0)
      throw error
    }
    counters.countBlock(bytes: data.count)
    estimate.noteStored(bytes: data.count)
    if let pages { checksums.record(pages, for: multihash) }
  }

  /// Whether the block's file is there as it must be. One of another size is what a power cut left of it; one that was
  /// written shortly before a power cut may have lost bytes and kept its size.
  private func isStored(_ block: BlockPath, _ data: UnsafeRawBufferPointer, multihash: [UInt8]) -> Bool {
    var status = stat()
    guard fstatat(folder, block.path, &status, 0) == 0, status.st_size == data.count,
      !damaged.withLock({ $0.contains(multihash) })
    else { return false }
    guard isSuspect(status) || status.st_mtim.tv_sec == Self.damageTime, !holds(block, data) else { return true }
    // Whoever has the file open must not go on reading it once it is replaced.
    damaged.withLock { _ = $0.insert(multihash) }
    return false
  }

  private func isSuspect(_ status: stat) -> Bool {
    suspectTime.withLock { $0?.contains(Int64(status.st_mtim.tv_sec)) } ?? false
  }

  /// Whether the block's file was written shortly before a power cut.
  func isSuspect(_ cid: CID) -> Bool {
    var status = stat()
    return fstatat(folder, BlockPath(multihash: cid.multihashBytes).path, &status, 0) == 0 && isSuspect(status)
  }

  /// Says that every block that is stored was checked.
  func clearSuspectTime() {
    suspectTime.withLock { $0 = nil }
  }

  /// Takes a damaged block's file away, unless somebody stored the block anew meanwhile. Returns whether it did.
  @discardableResult
  package func removeDamaged(_ cid: CID) -> Bool {
    let path = BlockPath(multihash: cid.multihashBytes).path
    let isRemoved = young.removeUnlessYoung(BlockKey(cid)) {
      (try? block(cid)) == nil && unlinkat(folder, path, 0) == 0
    }
    if isRemoved { openBlocks.withLock { $0.remove(cid) } }
    return isRemoved
  }

  /// Whether the block's file has these bytes.
  private func holds(_ block: BlockPath, _ data: UnsafeRawBufferPointer) -> Bool {
    let file = openat(folder, block.path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: min(max(data.count, 1), 64 << 10), alignment: 16)
    defer { buffer.deallocate() }
    var done = 0
    while done < data.count {
      let count = pread(file, buffer.baseAddress, min(buffer.count, data.count - done), off_t(done))
      guard count > 0, let found = buffer.baseAddress, let wanted = data.baseAddress,
        memcmp(found, wanted + done, count) == 0
      else { return false }
      done += count
    }
    return true
  }

  private func write(
    _ data: UnsafeRawBufferPointer, to temporary: String, pastCache: Bool, _ cid: CID
  ) throws(BlockError) {
    let file = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system("open", cid) }
    defer { close(file) }
    let isAligned = (UInt(bitPattern: data.baseAddress) | UInt(data.count)) % UInt(Self.directAlignment) == 0
    var isDirect = pastCache && isAligned
    // Not every file system can do it.
    if isDirect { isDirect = fcntl(file, F_SETFL, swipfs_O_DIRECT) == 0 }
    var rest = data
    while !rest.isEmpty {
      let count = Glibc.write(file, rest.baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EINVAL, isDirect {
        // Some say so only now, and none goes on from anywhere.
        isDirect = false
        guard fcntl(file, F_SETFL, 0) == 0 else { throw .system("fcntl", cid) }
        continue
      }
      guard count > 0 else { throw .system("write", cid) }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  private func rename(_ temporary: String, to block: BlockPath, _ cid: CID) throws(BlockError) {
    var madeFolder = false
    if renameat(folder, temporary, folder, block.path) != 0 {
      guard errno == ENOENT else { throw .system("rename", cid) }
      guard mkdirat(folder, block.folder, 0o700) == 0 || errno == EEXIST else { throw .system("mkdir", cid) }
      madeFolder = true
      guard renameat(folder, temporary, folder, block.path) == 0 else { throw .system("rename", cid) }
    }
    unsynced.withLock { $0.insert(block, inNewFolder: madeFolder) }
    // A file that is replaced was damaged; nobody may go on reading it.
    let wasDamaged = damaged.withLock { $0.remove(Array(cid.multihashBytes)) != nil }
    if wasDamaged { openBlocks.withLock { $0.remove(cid) } }
  }

  /// Has the disk begin to write a block that is stored, so that a ``sync()`` soon after it need not wait for all at once.
  /// Does nothing for small blocks, which cost more to look for than they take.
  package func beginWriting(_ cid: CID, length: Int) {
    guard length >= Self.promptlyWritten, cid.inlineData == nil else { return }
    let file = openat(folder, BlockPath(multihash: cid.multihashBytes).path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    // SYNC_FILE_RANGE_WRITE: only begins. What it cannot do, the sync does.
    _ = sync_file_range(file, 0, 0, 2)
    close(file)
  }

  /// Makes every block stored so far survive a power cut. Blocks the calling thread for as long as the disk takes.
  ///
  /// - Throws: `noSpace`, `inputOutput`; the blocks remain to be synced then.
  func syncNow() throws(NodeError) {
    // One at a time: a caller whose blocks another one is syncing has to wait for that.
    try syncing.withLock { _ throws(NodeError) in
      let blocks = unsynced.withLock { unsynced in
        defer { unsynced = UnsyncedBlocks() }
        return unsynced
      }
      do throws(NodeError) {
        try blocks.sync(in: folder, path)
      } catch {
        unsynced.withLock { $0.merge(blocks) }
        throw error
      }
    }
  }

  /// Makes every block stored so far survive a power cut.
  ///
  /// - Throws: ``NodeError``; the blocks remain to be synced then.
  public func sync() async throws {
    try await offload { () throws(NodeError) in try self.syncNow() }
  }
}

extension BlockError {
  /// The error of a system call on a block's file that failed just now, by `errno`.
  static func system(_ call: String, _ cid: CID) -> BlockError {
    let number = errno
    let code: Code = number == ENOSPC || number == EDQUOT ? .noSpace : .inputOutput
    return BlockError(code, cid, "\(call) of block \(cid): \(String(cString: strerror(number)))")
  }
}
