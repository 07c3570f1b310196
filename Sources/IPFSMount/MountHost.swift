import Glibc
public import IPFSNode
public import Logging
import Synchronization
import UnixFS

/// What a process that has a repo does for the programs that want it mounted: it mounts it, shows them how that stands,
/// and ends it. They reach it over the socket `REPO/control`.
///
/// The lock guards what is mounted, and the server while it listens.
public final class MountHost: Sendable {
  private struct State {
    var mount: NodeMount?
    /// The end of `mount`.
    var end: Task<Void, Never>?
    var isEnding = false
    var control: ControlServer?
  }

  private let node: Node
  private let outlivesMounts: Bool
  private let logger: Logger
  private let state = Mutex(State())

  /// Begins to listen in the node's repo. The node stays the caller's to close, after ``shutDown()``.
  ///
  /// - Parameters:
  ///   - outlivesMounts: Whether the process goes on when nothing is mounted any more.
  ///   - logger: Where errors go that no caller sees.
  /// - Throws: Where the socket cannot be made.
  public init(_ node: Node, outlivesMounts: Bool, logger: Logger) throws(CommandError) {
    self.node = node
    self.outlivesMounts = outlivesMounts
    self.logger = logger
    let server = try ControlServer(
      folder: node.repo.path, status: { self.status }, unmount: { self.stop() }, mount: { await self.answer($0, $1) })
    state.withLock { $0.control = server }
  }

  /// Mounts the node and serves it until the end.
  ///
  /// - Parameters:
  ///   - options: How.
  ///   - onReady: Called once, when the mount can be used, with a line for the user.
  ///   - beforeCommit: Called once, when nothing is mounted any more.
  /// - Throws: As ``NodeMount/run(onReady:beforeCommit:)``.
  func mount(
    _ options: MountOptions, onReady: @escaping @Sendable (String) -> Void, beforeCommit: () async -> Void
  ) async throws(CommandError) {
    let mount = NodeMount(options, of: node, logger: logger)
    let isEnding = state.withLock { state in
      state.mount = mount
      return state.isEnding
    }
    if isEnding { mount.stop() }
    try await mount.run(onReady: { onReady(mount.readyLine) }, beforeCommit: beforeCommit)
  }

  /// Begins to end what is mounted, and returns at once what tells how that goes.
  @discardableResult
  func stop() -> @Sendable () -> MountStatus {
    let mount = state.withLock { state in
      if !outlivesMounts { state.isEnding = true }
      return state.mount
    }
    mount?.stop()
    return { self.status(of: mount) }
  }

  /// Ends what is mounted, tells it to those who wait for that, and stops to listen.
  public func shutDown() async {
    let (mount, end) = state.withLock { state in
      state.isEnding = true
      return (state.mount, state.end)
    }
    mount?.stop()
    await end?.value
    // Before the repo is let go of: the next holder puts its own socket there.
    let control = state.withLock { $0.control.take() }
    control?.stop()
    await control?.waitForThoseWhoWait()
  }

  /// How what is mounted stands, or was at its end.
  var status: MountStatus { status(of: state.withLock { $0.mount }) }

  private func status(of mount: NodeMount?) -> MountStatus {
    var status =
      mount?.status
      ?? MountStatus(
        phase: .ended, mountPoint: "", repo: node.repo.path, pid: getpid(), uptime: 0, knownNodes: 0, openFiles: 0,
        blocksWritten: 0, bytesWritten: 0, directoryBlocksEncoded: 0, failure: nil)
    if outlivesMounts { status.outlivesMount = true }
    return status
  }

  // MARK: Other programs

  /// How long to wait for a mount that begins or ends just now.
  private static let patience = Duration.seconds(60)

  private enum Step {
    case answer(MountReply)
    /// A mount has been begun, whose first word is the answer.
    case begun(AsyncStream<MountReply>)
    case wait
  }

  /// Mounts what another process asks for, or tells it how it may itself.
  private func answer(_ options: MountOptions, _ isWaitedFor: @Sendable () -> Bool) async -> MountReply {
    let deadline = ContinuousClock.now + Self.patience
    while true {
      switch step(options, isWaitedFor) {
      case .answer(let reply): return reply
      case .begun(let replies):
        for await reply in replies { return reply }
        return refusal("the mount ended at once")
      case .wait:
        guard ContinuousClock.now < deadline else { return refusal("it begins or ends to be mounted just now") }
        try? await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  private func step(_ options: MountOptions, _ isWaitedFor: () -> Bool) -> Step {
    if let conflict = profileConflict(options) { return .answer(refusal(conflict)) }
    return state.withLock { state in
      guard !state.isEnding else { return outlivesMounts ? .answer(refusal("it is about to end")) : .wait }
      guard let mount = state.mount, mount.phase != .ended else {
        // A process that mounts and ends with it mounts by itself.
        guard outlivesMounts else { return .wait }
        guard isWaitedFor() else { return .answer(refusal("nobody waits for the mount any more")) }
        return .begun(begin(options, in: &state))
      }
      guard mount.phase == .mounted, let place = mount.mountPoint else { return .wait }
      if let option = mount.conflict(with: options) {
        return .answer(refusal("it is mounted at \(place) with another `\(option)`, and all its places have the same"))
      }
      return .answer(.share(place))
    }
  }

  private func profileConflict(_ options: MountOptions) -> String? {
    (try? options.importOptions.profile(over: node.profile)) == node.profile
      ? nil : "it has the repo with other options of how files become DAGs"
  }

  private func refusal(_ reason: String) -> MountReply {
    .refused(
      exitCode: ExitCode.repo.rawValue, "process \(getpid()) has the repo \(node.repo.path): \(reason)")
  }

  private func begin(_ options: MountOptions, in state: inout State) -> AsyncStream<MountReply> {
    let mount = NodeMount(options, of: node, logger: logger)
    let (replies, reply) = AsyncStream.makeStream(of: MountReply.self)
    state.mount = mount
    state.end = Task {
      do throws(CommandError) {
        try await mount.run(onReady: { reply.yield(.mounted(line: mount.readyLine)) })
      } catch {
        // Where it was mounted, nobody waits for a reply any more.
        reply.yield(.refused(exitCode: error.exitCode.rawValue, error.description))
      }
      reply.finish()
    }
    return replies
  }
}
