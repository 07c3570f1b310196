import Fuse
import Glibc
import IPFSFileSystem
import IPFSNode
import Logging
import Synchronization

/// An open node that is mounted: from the mounting to the commit of what was written at the end.
///
/// The lock guards the phase and what there is by then.
final class NodeMount: Sendable {
  private struct State {
    var phase = MountStatus.Phase.starting
    var failure: String?
    var isStopRequested = false
    /// Whether it could be used.
    var wasReady = false
    var fileSystem: FileSystem?
    var session: Session?
  }

  /// How it was asked for.
  let options: MountOptions
  private let node: Node
  private let logger: Logger
  private let started = ContinuousClock.now
  private let state = Mutex(State())

  /// Prepares a mount of a node, which stays the caller's to close; nothing is mounted yet.
  init(_ options: MountOptions, of node: Node, logger: Logger) {
    self.options = options
    self.node = node
    self.logger = logger
  }

  /// Mounts, serves until the end, and commits what was written.
  ///
  /// - Parameters:
  ///   - onReady: Called once, when the mount can be used.
  ///   - beforeCommit: Called once, when nothing is mounted any more.
  /// - Throws: Where nothing was mounted, or where not everything could be committed at the end.
  func run(
    onReady: @escaping @Sendable () -> Void, beforeCommit: () async -> Void = {}
  ) async throws(CommandError) {
    let fileSystem: FileSystem
    do throws(FileSystemError) {
      fileSystem = try await FileSystem(
        volume: NodeVolume(node), logger: logger,
        contentAccess: options.servesContentToAll ? .everyone : .owner(getuid()))
    } catch {
      let failure = CommandError(.repo, "cannot use the repo \(node.repo.path): \(error)")
      await beforeCommit()
      end(failure)
      throw failure
    }
    // Kept here: the tree does not keep it.
    let observer = MountObserver(fileSystem)
    node.tree.attach(observer: observer)
    var failure: CommandError?
    do throws(CommandError) { try await serve(fileSystem, onReady) } catch { failure = error }
    state.withLock { $0.phase = .draining }
    await beforeCommit()
    do throws(FileSystemError) {
      try await fileSystem.shutDown()
    } catch {
      failure = CommandError(.data, "not everything could be committed; it is kept for the next mount: \(error)")
    }
    node.tree.attach(observer: nil)
    do {
      // Before anybody is told that it has ended: a node that is not closed now may lose power first.
      try await node.tree.sync()
    } catch {
      failure = failure ?? CommandError(.data, "what was written may not survive a loss of power: \(error)")
    }
    end(failure)
    if let failure { throw failure }
  }

  private func serve(
    _ fileSystem: FileSystem, _ onReady: @escaping @Sendable () -> Void
  ) async throws(CommandError) {
    let session = makeSession(fileSystem)
    let isStopRequested = state.withLock { state in
      state.fileSystem = fileSystem
      state.session = session
      return state.isStopRequested
    }
    if isStopRequested { session.stop() }
    do throws(FuseError) { try session.mount(at: options.absoluteMountPoint) } catch { throw CommandError(error) }
    fileSystem.attach(KernelNotifier(notifications: session.notifications))
    let end = await session.run { [self] in
      state.withLock { state in
        state.wasReady = true
        if state.phase == .starting { state.phase = .mounted }
      }
      onReady()
    }
    if case .failed(let error) = end { throw CommandError(.system, "the FUSE device failed: \(error)") }
    guard phase != .starting else {
      throw CommandError(.system, "stopped before \(options.absoluteMountPoint) could be used")
    }
  }

  private func makeSession(_ fileSystem: FileSystem) -> Session {
    var configuration = SessionConfiguration()
    configuration.source = MountedNode.source(of: node.repo.path)
    configuration.subtype = MountService.subtype
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

  private func end(_ failure: CommandError?) {
    // Before it could be used, whoever asked for the mount is told.
    if let failure, state.withLock({ $0.wasReady }) {
      logger.error("the mount did not end cleanly", metadata: ["error": "\(failure)"])
    }
    state.withLock { state in
      state.phase = .ended
      state.failure = failure?.description
      // A process that outlives the mount would go on counting what was open among what is in use.
      state.fileSystem = nil
      state.session = nil
    }
  }

  /// Begins to end the mount, wherever else it was mounted since. Returns at once.
  func stop() {
    let session = state.withLock { state in
      state.isStopRequested = true
      if state.phase == .mounted { state.phase = .draining }
      return state.session
    }
    session?.stop()
  }

  /// What the user is told once it can be used.
  var readyLine: String { "mounted the embedded node in \(node.repo.path) at \(options.absoluteMountPoint)" }

  /// What it is about.
  var phase: MountStatus.Phase { state.withLock { $0.phase } }

  /// A place where all of it is mounted; nil where there is none.
  var mountPoint: String? { state.withLock { $0.session }?.mountPoint }

  /// How it stands.
  var status: MountStatus {
    let now = state.withLock { $0 }
    let counts = now.fileSystem?.counts ?? (0, 0)
    let statistics = node.statistics
    return MountStatus(
      phase: now.phase, mountPoint: now.session?.mountPoint ?? options.absoluteMountPoint, repo: node.repo.path,
      pid: getpid(), uptime: (ContinuousClock.now - started) / .seconds(1), knownNodes: counts.0, openFiles: counts.1,
      blocksWritten: statistics.blocksWritten, bytesWritten: statistics.blockBytesWritten,
      directoryBlocksEncoded: statistics.directoryBlocksEncoded, failure: now.failure)
  }

  /// Why the same file system cannot be mounted with other options, too; nil where it can. What the kernel keeps of a
  /// file system holds for all its places.
  func conflict(with other: MountOptions) -> String? {
    if other.allowsOther != options.allowsOther { return "allow_other" }
    if other.servesContentToAll != options.servesContentToAll { return "ipfs=" }
    if other.cachesWrites != options.cachesWrites { return "writeback=" }
    for option in ["sync", "dirsync"] where other.kernelOptions.contains(option) {
      if !options.kernelOptions.contains(option) { return option }
    }
    if options.isReadOnly, !other.isReadOnly { return "ro" }
    return nil
  }
}

extension CommandError {
  /// As a command says that something could not be mounted.
  init(_ error: FuseError) {
    let exitCode: ExitCode =
      switch error.code {
      case .deviceMissing, .systemCallFailed: .system
      case .invalidOptions: .usage
      default: .mount
      }
    self.init(exitCode, error.description)
  }
}
