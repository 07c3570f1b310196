import Foundation
import Fuse
import Glibc
public import IPFSNode
public import Logging
import Synchronization

/// What `mount.swipfs` does, from its beginning to its end: opens the node, mounts, serves, commits, closes. Where
/// another process has the node, it is that one which serves.
///
/// The lock guards the host, and whether the end was asked for.
public final class MountService: Sendable {
  /// How long a new mount waits for a process that has the repo and does not answer: one that recovers what a crash left,
  /// that commits what an earlier mount wrote, or that does something else and ends.
  static let holderPatience = Duration.seconds(60)
  /// How long for a place to be seen that a process says the repo is mounted at.
  private static let placePatience = Duration.seconds(2)

  /// The type in the mount table is `fuse.` and this.
  public static let subtype = "swipfs"

  private struct State {
    /// Whether nothing is there yet that would have to be ended.
    var isOpening = true
    var isStopRequested = false
    var host: MountHost?
  }

  /// Begins to serve the mounted node to other programs, and returns what ends that.
  public typealias Companion = @Sendable (Node, Logger) async throws -> @Sendable () async -> Void

  private let options: MountOptions
  private let logger: Logger
  private let companion: Companion?
  private let state = Mutex(State())

  /// Prepares a mount; nothing is opened yet.
  ///
  /// - Parameters:
  ///   - options: What is mounted, where and how.
  ///   - companion: What serves the node beside the mount.
  public init(_ options: MountOptions, companion: Companion? = nil) throws(CommandError) {
    self.options = options
    self.companion = companion
    let log: String?
    if options.logFile == nil, !options.isForeground {
      log = try Self.defaultLog(of: options.repo)
    } else {
      log = options.logFile
    }
    logger = try FileLog.logger(label: "swipfs", file: log, isDebug: options.isDebug)
  }

  /// Mounts and serves until the end. Where another process serves, this returns when the mount can be used; in the
  /// foreground, when it is unmounted.
  ///
  /// - Parameter onReady: Called once, when the mount can be used, with a line for the user.
  /// - Throws: Where nothing was mounted, or where not everything could be committed at the end.
  public func run(onReady: @escaping @Sendable (String) -> Void) async throws(CommandError) {
    try prepareMountPoint()
    try stopOnSignals()
    switch try await open() {
    case .node(let node):
      try await serve(node, onReady)
    case .mounted(let line):
      onReady(line)
      if options.isForeground { try await waitForUnmount() }
    }
  }

  private func serve(_ node: Node, _ onReady: @escaping @Sendable (String) -> Void) async throws(CommandError) {
    let host: MountHost
    do throws(CommandError) {
      host = try MountHost(node, outlivesMounts: false, logger: logger)
    } catch {
      try? await node.close()
      throw error
    }
    let isStopRequested = state.withLock { state in
      state.host = host
      return state.isStopRequested
    }
    if isStopRequested { host.stop() }
    let endCompanion = await startCompanion(node)
    var failure: CommandError?
    do throws(CommandError) {
      // The others first, so that nothing changes the tree any more while it is committed.
      try await host.mount(options, onReady: onReady) { await endCompanion?() }
    } catch {
      failure = error
    }
    await host.shutDown()
    do {
      try await node.close()
    } catch {
      failure = CommandError(.data, "the repo could not be closed cleanly: \(error)")
      logger.error("the mount did not end cleanly", metadata: ["error": "\(error)"])
    }
    if let failure { throw failure }
  }

  /// Begins to end the mount. Returns at once.
  public func stop() {
    state.withLock { state in
      state.isStopRequested = true
      return state.host
    }?.stop()
  }

  // MARK: Parts

  private func stopOnSignals() throws(CommandError) {
    do throws(FuseError) {
      try TerminationSignals.handle { [self] signal in
        // As it would without a handler: who waits for another process has nothing to end.
        if state.withLock({ $0.isOpening }) { exit(128 + signal) }
        stop()
      }
    } catch {
      throw CommandError(error)
    }
  }

  private func prepareMountPoint() throws(CommandError) {
    do throws(FuseError) {
      if try MountPoint.removeStale(at: options.absoluteMountPoint, subtype: Self.subtype) {
        logger.notice(
          "a mount that a killed process left was removed", metadata: ["path": "\(options.absoluteMountPoint)"])
      }
      // Before the repo, whose holder may be the very mount that is there.
      try MountPoint.check(options.absoluteMountPoint)
    } catch {
      throw CommandError(error)
    }
  }

  private enum Opened {
    case node(Node)
    /// Another process has the node, and it is mounted.
    case mounted(line: String)
  }

  /// Opens the repo, or has the process mount it that has it. One that does not answer is waited for.
  private func open() async throws(CommandError) -> Opened {
    let start = ContinuousClock.now
    while true {
      do throws(NodeError) {
        let node = try Node.open(
          path: options.repo, options: Node.Options(importOptions: options.importOptions, logger: logger))
        state.withLock { $0.isOpening = false }
        return .node(node)
      } catch {
        guard case .locked = error.code else { throw CommandError(.repo, error.description) }
        let waited = ContinuousClock.now - start
        if let line = try await askHolder(waited) { return .mounted(line: line) }
        guard waited < Self.holderPatience else { throw CommandError(.repo, error.description) }
      }
      try? await Task.sleep(for: .milliseconds(100))
    }
  }

  /// Has the process that has the repo mount it. Nil if it does not answer, or ends just now, and is to be asked again.
  ///
  /// - Parameter waited: How long it has been asked so far.
  private func askHolder(_ waited: Duration) async throws(CommandError) -> String? {
    let client = ControlClient(repo: options.repo)
    let options = options
    // The answer may take as long as the end of an earlier mount, which no thread of the pool should wait for.
    let reply = await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: client.mount(options)) }
    }
    if reply != nil { state.withLock { $0.isOpening = false } }
    switch reply {
    case nil: return nil
    case .mounted(let line): return line
    case .refused(let code, let reason): throw CommandError(ExitCode(rawValue: code) ?? .repo, reason)
    case .share(let place):
      do throws(FuseError) {
        try MountPoint.share(
          place, named: try MountedNode.source(at: place, of: options.repo), at: options.absoluteMountPoint,
          subtype: Self.subtype, options: options.kernelOptions + (options.isReadOnly ? ["ro"] : []))
      } catch {
        if error.code == .mountPointMissing, waited < Self.placePatience { return nil }
        throw error.code == .notPermitted
          ? CommandError(.mount, "\(error): a second place for what is mounted takes root") : CommandError(error)
      }
      return "mounted what is mounted at \(place) at \(options.absoluteMountPoint)"
    }
  }

  /// Returns when what another process serves is not mounted any more, which ``stop()`` brings about as well.
  private func waitForUnmount() async throws(CommandError) {
    while let mount = try? MountedNode.find(at: options.absoluteMountPoint) {
      guard !MountPoint.isDisconnected(mount.mountPoint) else {
        throw CommandError(.system, "the process that served \(mount.mountPoint) is gone")
      }
      if state.withLock({ $0.isStopRequested }), try !mount.detachIfShared() {
        if let failure = ControlClient(repo: mount.repo).unmount()?.failure { throw CommandError(.data, failure) }
      }
      try? await Task.sleep(for: .milliseconds(100))
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
}
