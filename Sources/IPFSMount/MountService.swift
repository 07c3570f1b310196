import Foundation
import Fuse
import Glibc
import IPFSFileSystem
public import IPFSNode
public import Logging
import Synchronization

/// A mount from its beginning to its end: opens the node, mounts, serves, commits, closes.
///
/// The lock guards the phase and what `status` tells.
public final class MountService: Sendable {
  /// How long a new mount waits for a process that is committing what an earlier mount of the repo wrote.
  static let drainPatience = Duration.seconds(60)

  /// The type in the mount table is `fuse.` and this.
  public static let subtype = "swipfs"

  private struct State {
    var phase = MountStatus.Phase.starting
    var failure: String?
    var isStopRequested = false
    var fileSystem: FileSystem?
    var node: Node?
    var session: Session?
    /// Kept here: the tree does not keep it.
    var observer: MountObserver?
  }

  /// Begins to serve the mounted node to other programs, and returns what ends that.
  public typealias Companion = @Sendable (Node, Logger) async throws -> @Sendable () async -> Void

  private let options: MountOptions
  private let mountPoint: String
  private let logger: Logger
  private let companion: Companion?
  private let started = ContinuousClock.now
  private let state = Mutex(State())

  /// Prepares a mount; nothing is opened yet.
  ///
  /// - Parameters:
  ///   - options: What is mounted, where and how.
  ///   - companion: What serves the node beside the mount.
  public init(_ options: MountOptions, companion: Companion? = nil) throws(CommandError) {
    self.options = options
    self.companion = companion
    mountPoint = MountOptions.absolute(options.mountPoint)
    let log: String?
    if options.logFile == nil, !options.isForeground {
      log = try Self.defaultLog(of: options.repo)
    } else {
      log = options.logFile
    }
    logger = try FileLog.logger(label: "swipfs", file: log, isDebug: options.isDebug)
  }

  /// Mounts and serves until the end.
  ///
  /// - Parameter onReady: Called once, when the mount can be used, with a line for the user.
  /// - Throws: Where nothing was mounted, or where not everything could be committed at the end.
  public func run(onReady: @escaping @Sendable (String) -> Void) async throws(CommandError) {
    try prepareMountPoint()
    let node = try await openNode()
    var opened: ControlServer?
    let control: ControlServer
    let fileSystem: FileSystem
    do {
      control = try ControlServer(
        folder: options.repo, status: { [self] in status() }, unmount: { [self] in stop() })
      opened = control
      fileSystem = try await FileSystem(
        volume: NodeVolume(node), logger: logger,
        contentAccess: options.servesContentToAll ? .everyone : .owner(getuid()))
    } catch {
      opened?.stop()
      try? await node.close()
      throw error as? CommandError ?? CommandError(.repo, "cannot use the repo \(options.repo): \(error)")
    }
    let session = makeSession(fileSystem)
    let observer = MountObserver(fileSystem)
    node.tree.attach(observer: observer)
    let isStopRequested = state.withLock { state in
      state.fileSystem = fileSystem
      state.node = node
      state.session = session
      state.observer = observer
      return state.isStopRequested
    }
    if isStopRequested { session.stop() }
    let endCompanion = await startCompanion(node)
    var failure: CommandError?
    do throws(FuseError) {
      try TerminationSignals.handle { [self] _ in stop() }
      try session.mount(at: mountPoint)
      fileSystem.attach(KernelNotifier(notifications: session.notifications))
      let end = await session.run { [self] in
        state.withLock { if $0.phase == .starting { $0.phase = .mounted } }
        onReady("mounted the embedded node in \(options.repo) at \(mountPoint)")
      }
      if case .failed(let error) = end { failure = CommandError(.system, "the FUSE device failed: \(error)") }
    } catch {
      failure = CommandError(Self.exitCode(of: error), error.description)
    }
    let wasMounted = state.withLock { state in
      defer { state.phase = .draining }
      return state.phase != .starting
    }
    if !wasMounted, failure == nil {
      failure = CommandError(.system, "stopped before \(mountPoint) could be used")
    }
    // First, so that nothing changes the tree any more.
    await endCompanion?()
    failure = await drain(fileSystem, node, control) ?? failure
    state.withLock { state in
      state.phase = .ended
      state.failure = failure?.description
    }
    // Those who wait for the end get its word before the process goes.
    try? await Task.sleep(for: .milliseconds(250))
    if let failure { throw failure }
  }

  /// Begins to end the mount. Returns at once.
  public func stop() {
    let session = state.withLock { state in
      state.isStopRequested = true
      if state.phase == .mounted { state.phase = .draining }
      return state.session
    }
    session?.stop()
  }

  /// How the mount stands.
  public func status() -> MountStatus {
    let now = state.withLock { $0 }
    let counts = now.fileSystem?.counts ?? (0, 0)
    let statistics = now.node?.statistics
    return MountStatus(
      phase: now.phase, mountPoint: mountPoint, repo: options.repo, pid: getpid(),
      uptime: (ContinuousClock.now - started) / .seconds(1), knownNodes: counts.0, openFiles: counts.1,
      blocksWritten: statistics?.blocksWritten ?? 0, bytesWritten: statistics?.blockBytesWritten ?? 0,
      directoryBlocksEncoded: statistics?.directoryBlocksEncoded ?? 0, failure: now.failure)
  }

  // MARK: Parts

  private func prepareMountPoint() throws(CommandError) {
    do throws(FuseError) {
      if try MountPoint.removeStale(at: mountPoint, subtype: Self.subtype) {
        logger.notice("a mount that a killed process left was removed", metadata: ["path": "\(mountPoint)"])
      }
      // Before the repo, whose holder may be the very mount that is there.
      try MountPoint.check(mountPoint)
    } catch {
      throw CommandError(Self.exitCode(of: error), error.description)
    }
  }

  /// Opens the repo. A process that is only committing what an earlier mount wrote is waited for.
  private func openNode() async throws(CommandError) -> Node {
    let deadline = ContinuousClock.now + Self.drainPatience
    while true {
      do throws(NodeError) {
        return try Node.open(
          path: options.repo, options: Node.Options(importOptions: options.importOptions, logger: logger))
      } catch {
        guard case .locked = error.code, ContinuousClock.now < deadline, isHolderEnding else {
          throw CommandError(.repo, error.description)
        }
      }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  private var isHolderEnding: Bool {
    switch ControlClient(repo: options.repo).status()?.phase {
    case .draining, .ended: true
    // Without a word: it is at the very end, or it is not a mount.
    case nil: !FileManager.default.fileExists(atPath: "\(options.repo)/\(ControlSocket.name)")
    case .starting, .mounted: false
    }
  }

  /// A node that others cannot use is still one that can be mounted.
  private func startCompanion(_ node: Node) async -> (@Sendable () async -> Void)? {
    do {
      return try await companion?(node, logger)
    } catch {
      logger.warning("other programs cannot use the mounted node", metadata: ["error": "\(error)"])
      return nil
    }
  }

  private func makeSession(_ fileSystem: FileSystem) -> Session {
    var configuration = SessionConfiguration()
    configuration.source = "swipfs:\(options.repo)"
    configuration.subtype = Self.subtype
    configuration.mountOptions = ["default_permissions"] + options.kernelOptions
    if options.allowsOther { configuration.mountOptions.append("allow_other") }
    if options.isReadOnly { configuration.mountOptions.append("ro") }
    configuration.writebackCache = options.cachesWrites
    configuration.logsRequests = options.isDebug
    configuration.readAheadKiB = 4096
    return Session(
      operations: FuseAdapter(fileSystem, cachesWrites: options.cachesWrites), configuration: configuration,
      logger: logger)
  }

  /// Commits everything and closes the node. Returns what could not be done.
  private func drain(
    _ fileSystem: FileSystem, _ node: Node, _ control: ControlServer
  ) async -> CommandError? {
    var failure: CommandError?
    node.tree.attach(observer: nil)
    do throws(FileSystemError) {
      try await fileSystem.shutDown()
    } catch {
      failure = CommandError(.data, "not everything could be committed; it is kept for the next mount: \(error)")
    }
    // Before the repo is let go of: the next holder puts its own socket there.
    control.stop()
    do {
      try await node.close()
    } catch {
      failure = CommandError(.data, "the repo could not be closed cleanly: \(error)")
    }
    if let failure { logger.error("the mount did not end cleanly", metadata: ["error": "\(failure)"]) }
    return failure
  }

  /// Where the log of a process without standard error goes: beside the repo's own files.
  private static func defaultLog(of repo: String) throws(CommandError) -> String {
    do {
      try FileManager.default.createDirectory(
        atPath: repo, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw CommandError(.repo, "cannot make the repo folder \(repo): \(error.localizedDescription)")
    }
    let log = "\(repo)/log"
    // The log is opened before the repo, and is the first to meet a folder that cannot be used.
    guard access(repo, W_OK | X_OK) == 0 else {
      throw CommandError(.repo, "cannot write to the repo \(repo): \(String(cString: strerror(errno)))")
    }
    return log
  }

  private static func exitCode(of error: FuseError) -> ExitCode {
    switch error.code {
    case .deviceMissing, .systemCallFailed: .system
    case .invalidOptions: .usage
    default: .mount
    }
  }
}
