import IPLD
public import Logging
import Multiformats
import Synchronization
public import UnixFS

/// What the kernel caches of a file system, as far as the file system must reach it.
public protocol KernelCache: Sendable {
  /// Makes the kernel forget the name, so that the next use of it looks it up. Does not wait.
  func forget(_ name: EntryName, in directory: NodeID)

  /// As ``forget(_:in:)``, and returns when that is done, or after a while if somebody keeps the directory locked. Not
  /// for an operation on the directory itself, which the kernel keeps locked.
  func forgetNow(_ name: EntryName, in directory: NodeID) async

  /// Makes the kernel ask for a directory's attributes the next time they are used.
  func forgetAttributes(of node: NodeID) async

  /// Returns when pages of the file that the kernel has not written yet have been written.
  func writeBack(_ node: NodeID) async
}

extension KernelCache {
  /// Makes the kernel forget the name some time.
  public func forgetNow(_ name: EntryName, in directory: NodeID) async { forget(name, in: directory) }

  /// Does nothing: for a cache that keeps none.
  public func forgetAttributes(of node: NodeID) async {}
}

/// A POSIX file system over a ``Volume``: all semantics, nothing of FUSE.
///
/// Calls may come from any thread at once. A call suspends only where the volume does, or where two writes overlap.
/// Every failure is a ``FileSystemError``; failures of the store are logged once, with CID and path.
public final class FileSystem: Sendable {
  let volume: any Volume
  let inodes: InodeTable
  /// What was asked of it, and how long that took.
  public let operations = OperationCounters()
  let contentAccess: ContentAccess
  let files: OpenFileTable
  let directories = DirectoryTable()
  let zeroLeaves: ZeroLeaves
  let idle: IdleCommitter
  let logger: Logger
  private let kernel = Mutex<(any KernelCache)?>(nil)

  /// Memory for chunks that are being written, in bytes, for all files together.
  public static let writeBufferLimit = 48 << 20

  /// Opens the file system of a volume: files that a crash left without a DAG get theirs in the background, and spool
  /// files that nothing refers to are removed.
  ///
  /// - Parameter idleDelay: How long a file, or the whole tree, is left alone before its DAG is built unasked.
  public init(
    volume base: any Volume, logger: Logger, idleDelay: Duration = .seconds(1), contentAccess: ContentAccess = .everyone
  ) async throws(FileSystemError) {
    let inodes = InodeTable()
    let counters = operations
    let volume = ContentNamespace(
      over: base, access: contentAccess, isKnown: { inodes.knows($0) },
      text: { Self.statisticsText(counters, base, inodes) })
    self.inodes = inodes
    self.volume = volume
    self.contentAccess = contentAccess
    self.logger = logger
    zeroLeaves = ZeroLeaves(profile: volume.profile)
    let pool = ChunkPool(chunkSize: OpenFile.bufferSize(volume.profile), limit: Self.writeBufferLimit)
    let spools = SpoolFolder(path: volume.spoolDirectory)
    volume.attach(spools)
    files = OpenFileTable(volume: volume, pool: pool, spools: spools)
    idle = IdleCommitter(files: files, volume: volume, delay: idleDelay, logger: logger)
    volume.addRoots { [weak files] in files?.roots }
    let left = try await volume.uncommittedFiles()
    for record in left {
      do throws(FileSystemError) {
        let file = try await files.acquire(record.inode)
        files.release(record.inode)
        if file.hasLostSpool { throw OpenFile.lostSpool }
      } catch {
        await report("a file that was being written cannot be recovered whole", record.inode, error)
      }
    }
    spools.removeStrays(except: Set(left.map(\.inode)))
    idle.noteChange()
  }

  /// Connects the kernel's cache, once there is one.
  public func attach(_ cache: any KernelCache) {
    kernel.withLock { $0 = cache }
  }

  var kernelCache: (any KernelCache)? { kernel.withLock { $0 } }

  /// Builds and records everything that is still to be built. No call may come afterwards.
  public func shutDown() async throws(FileSystemError) {
    await idle.stop()
    for inode in files.inodes(where: { $0.failure != nil }) { await files.existing(inode)?.rollBackAtEnd() }
    try await idle.commitFiles(unchangedFor: nil)
    try await volume.commit()
    // Nobody can come back to what has no name.
    for inode in inodes.known { await volume.forget(inode) }
  }

  /// Nodes the kernel knows and files that are open or uncommitted.
  public var counts: (nodes: Int, files: Int) { (inodes.count, files.count) }

  /// What `.stats` shows: a name and a number a line.
  private static func statisticsText(
    _ operations: OperationCounters, _ volume: any Volume, _ inodes: InodeTable
  ) -> String {
    var lines = operations.values.flatMap {
      ["operations.\($0.name).count \($0.count)", "operations.\($0.name).mean_ns \($0.meanNanoseconds)"]
    }
    lines.append("bytes.read \(operations.bytesRead.load(ordering: .relaxed))")
    lines.append("bytes.written \(operations.bytesWritten.load(ordering: .relaxed))")
    lines.append("nodes.known \(inodes.count)")
    lines += volume.statistics.map { "\($0.name) \($0.value)" }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Whether a node shows something else each time it is looked up, so that nobody may remember it.
  public func isVolatile(_ node: NodeID) -> Bool { ContentNamespace.isVolatile(InodeTable.inode(of: node)) }

  /// Whether names may come to a directory without anyone making them: those that are not there must not be remembered.
  public func gainsNames(_ node: NodeID) -> Bool { ContentNamespace.holds(InodeTable.inode(of: node)) }

  /// Runs a call on a node's content and logs what the store did wrong.
  func reporting<Result>(
    _ operation: StaticString, _ inode: InodeNumber, _ body: () async throws(FileSystemError) -> Result
  ) async throws(FileSystemError) -> Result {
    do throws(FileSystemError) {
      return try await body()
    } catch {
      if error.code == .corrupt || error.code == .inputOutput {
        await report("\(operation) failed", inode, error)
      }
      throw error
    }
  }

  /// Logs a failure with the block and the path it is about.
  func report(_ message: Logger.Message, _ inode: InodeNumber, _ error: FileSystemError) async {
    let metadata = await volume.metadata(of: error, inode)
    logger.error(message, metadata: metadata)
  }

  /// The status of a node whose record `read` returns, with what is not yet on the volume.
  func status(
    reading read: () async throws(FileSystemError) -> NodeRecord
  ) async throws(FileSystemError) -> NodeStatus {
    while true {
      let departures = files.departures
      let status = status(try await read())
      // A file that was closed in between is in a later record.
      if status.kind != .file || files.departures == departures { return status }
    }
  }

  /// The status of a node by its record, with what is not yet on the volume.
  func status(_ record: NodeRecord) -> NodeStatus {
    var status = NodeStatus(record, node: inodes.node(of: record.inode))
    guard record.kind == .file else { return status }
    files.existing(record.inode)?.overlay(on: &status)
    status.allocated = status.size
    // How many of its chunks are zeros would take a walk through its DAG.
    if status.size > UInt64(max(volume.profile.chunkSize, 4096)) { status.allocated -= 512 }
    return status
  }
}

extension Volume {
  /// What a log line says of a failure: the block and the path it is about.
  func metadata(of error: FileSystemError, _ inode: InodeNumber) async -> Logger.Metadata {
    let path = await path(of: inode)
    return ["cid": "\(error.cid?.description ?? "-")", "path": "\(path)", "error": "\(error.message)"]
  }

  /// Where a node is, for the log.
  private func path(of inode: InodeNumber) async -> String {
    var names: [String] = []
    var current = inode
    while current != NodeRecord.root, names.count < 256 {
      guard let record = try? await record(of: current), record.parent != 0 else {
        return "(unlinked inode \(inode))"
      }
      names.append(record.name.description)
      current = record.parent
    }
    return "/" + names.reversed().joined(separator: "/")
  }
}
