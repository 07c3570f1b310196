import Foundation
import Glibc
public import Logging
import Synchronization
public import UnixFS

/// An IPFS node in this process: offline, durable, on one machine.
///
/// ```
///   Node ── tree: MFS ──────────▶ NodeDatabase (journal, nodes)
///        └─ blockstore: Blockstore ──▶ blocks/ (files), NodeDatabase (checksums)
/// ```
public final class Node: Sendable {
  /// How a node is opened.
  public struct Options: Sendable {
    /// How long to wait for another process that is about to let go of the repo, in seconds.
    public var lockPatience: Double
    /// Import options that take the place of those in the repo's configuration.
    public var profile: ImportProfile?
    /// Single import options that take the place of those, for as long as the node is open.
    public var importOptions: ImportOptions
    /// Where errors go that no caller sees.
    public var logger: Logger
    /// Whether garbage is removed unasked when there is much of it. On a full disk it always is.
    public var collectsGarbage = true

    /// Options; by default nothing is waited for and the repo's configuration holds.
    public init(
      lockPatience: Double = 0, profile: ImportProfile? = nil, importOptions: ImportOptions = ImportOptions(),
      logger: Logger = Logger(label: "swipfs.node")
    ) {
      self.lockPatience = lockPatience
      self.profile = profile
      self.importOptions = importOptions
      self.logger = logger
    }
  }

  /// The node's folder.
  public let repo: Repo
  /// The node's blocks.
  public let blockstore: Blockstore
  /// The node's file tree.
  public let tree: MFS
  /// What is kept though no file refers to it.
  public let pins: Pins
  /// Removes what nothing refers to.
  public let collector: Collector
  /// The tree by paths.
  public let files: FilesService
  /// How files and directories become DAGs.
  public let profile: ImportProfile
  /// The repo's configuration.
  public let configuration: ConfigurationFile
  /// The key pairs of names, beside the node's own.
  public let keystore: Keystore
  /// What names point to.
  public let names: Names
  /// The node's own key pair, once somebody has asked for it.
  let knownIdentity = Mutex<Identity?>(nil)
  let database: NodeDatabase
  private let counters: NodeCounters
  private let lock: RepoLock

  /// Opens the repo, and makes one where the folder is empty or not there. What a process that was killed left in the
  /// journal is brought into the tables first.
  ///
  /// - Parameters:
  ///   - path: The repo's folder.
  ///   - options: How to open it.
  /// - Throws: `locked`, `newerRepo`, `unusableRepo`, `corrupt`, `noSpace`, `inputOutput`.
  public static func open(
    path: String = Repo.defaultPath(), options: Options = Options()
  ) throws(NodeError) -> Node {
    try Node(Repo(path: path), options)
  }

  private init(_ repo: Repo, _ options: Options) throws(NodeError) {
    self.repo = repo
    try repo.makeFolder()
    lock = try RepoLock(path: repo.lock, patience: options.lockPatience)
    try repo.prepare()
    let settings = try NodeConfiguration(path: repo.configuration)
    profile = try settings.profile(over: options.profile, with: options.importOptions)
    configuration = ConfigurationFile(repo)
    keystore = Keystore(folder: repo.keystore)
    counters = NodeCounters()
    database = try NodeDatabase(path: repo.database)
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let time = Timestamp(seconds: Int64(now.tv_sec), nanoseconds: UInt32(now.tv_nsec))
    let replay = try Self.recover(repo, database, at: time.seconds, options.logger)
    let reserve = SpaceReserve(path: repo.reserve)
    let space = SpaceDemand()
    let estimate = GarbageEstimate(try database.garbageEstimate())
    blockstore = try Blockstore(
      path: repo.blocks, database: database, reserve: reserve, space: space, estimate: estimate, counters: counters)
    tree = try MFS(
      database: database, blockstore: blockstore, profile: profile, counters: counters, reserve: reserve, space: space,
      estimate: estimate,
      newRoot: Attributes(mode: 0o755, uid: getuid(), gid: getgid(), mtime: time, ctime: time),
      nextInode: replay.nextInode, logger: options.logger)
    pins = Pins(
      database: database, blockstore: blockstore, estimate: estimate, space: space, reserve: reserve)
    names = Names(database: database, reserve: reserve, space: space)
    collector = Collector(
      blockstore: blockstore, tree: tree, database: database, estimate: estimate, reserve: reserve,
      logger: options.logger)
    files = FilesService(tree: tree, blockstore: blockstore, collector: collector, profile: profile)
    space.connect { [weak collector] in collector?.makeSpaceNow() ?? false }
    if options.collectsGarbage {
      tree.onCheckpoint.withLock { $0 = { [weak collector] in collector?.collectIfUseful() } }
    }
    // The names of the database, its log and the rest; from now on syncing their content is enough.
    try Repo.syncFolder(repo.path)
    // Above all that a process uses the repo: from now on it may leave what is not whole.
    try database.sync()
  }

  /// Makes the tree of what the last process left.
  private static func recover(
    _ repo: Repo, _ database: NodeDatabase, at time: Int64, _ logger: Logger
  ) throws(NodeError) -> NodeDatabase.Replay {
    let boot = MachineStart.current()
    let end = try database.lastEnd(boot: boot)
    // What a killed process wrote is there, but the table of nodes may only have what is on the disk.
    if end == .killed { try repo.syncFileSystem() }
    let replay = try database.replayJournal(after: end, boot: boot, at: time)
    if end == .powerLoss {
      logger.notice(
        "the machine stopped while the repo was in use: the tree is as it was last synced",
        metadata: ["changes undone": "\(replay.undone)", "repo": "\(repo.path)"])
    }
    return replay
  }

  /// What the node did since it was opened.
  public var statistics: NodeStatistics { counters.values }

  /// Builds the tree's DAG, brings everything to the disk, and lets go of the repo. No call may be made on the node
  /// after this one; it must not be made twice.
  ///
  /// The repo is let go of in any case: an error tells that the DAG or the last checkpoint is missing, which the next
  /// one to open the repo makes up for.
  ///
  /// - Throws: ``NodeError``.
  public func close() async throws {
    defer { lock.release() }
    await offload { self.collector.close() }
    var failure: (any Error)?
    do {
      try await tree.commit()
      try await tree.sync()
    } catch {
      failure = error
    }
    do {
      try await tree.close()
      try database.endRun()
    } catch {
      failure = failure ?? error
    }
    try database.close()
    if let failure { throw failure }
  }
}
