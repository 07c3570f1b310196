package import CFuse3
internal import Glibc
public import Logging
internal import Synchronization

/// libfuse's session object, whose functions that are used here may be called on any thread while it lives.
struct RawSession: @unchecked Sendable {
  let pointer: OpaquePointer
}

/// One mount: a file system served to the kernel from ``mount(at:)`` to the end of ``run(onReady:)``.
///
/// ```
/// init ── mount ── run ─┬─ requests … ─┬─ unmounted from outside ─┬─ requests under way end ── destroyed
///                       └ onReady      └─ stop(): sync, unmount ──┘
/// ```
///
/// A session that is mounted must be run, else whoever enters the mount point waits for ever. The lock guards the state;
/// no call that blocks is made while it is held.
public final class Session: Sendable {
  /// What the session has mounted.
  struct Mount: Sendable {
    let session: RawSession
    let device: DeviceNumber
  }

  private enum Phase {
    case created
    case mounted(Mount)
    case serving(Mount, loop: BlockingThread)
    case ended
  }

  private struct State {
    var phase = Phase.created
    var isStopRequested = false
    /// The thread that unmounts after ``Session/stop()``.
    var unmounting: BlockingThread?
  }

  let callbacks: fuse_lowlevel_ops
  let configuration: SessionConfiguration
  let dispatcher: Dispatcher
  let logger: Logger
  private let state = Mutex(State())

  /// Tells the kernel what it must not believe any more.
  public let notifications: Notifications

  /// Prepares a session; nothing is mounted yet.
  public convenience init(operations: any FuseOperations, configuration: SessionConfiguration, logger: Logger) {
    self.init(operations: operations, configuration: configuration, logger: logger, callbacks: Callbacks.table())
  }

  /// As ``init(operations:configuration:logger:)``, with a table of callbacks of which some may have been replaced.
  package init(
    operations: any FuseOperations, configuration: SessionConfiguration, logger: Logger,
    callbacks: fuse_lowlevel_ops
  ) {
    self.callbacks = callbacks
    self.configuration = configuration
    self.logger = logger
    notifications = Notifications(logger: logger)
    dispatcher = Dispatcher(operations: operations, configuration: configuration, logger: logger)
  }

  /// What was agreed upon with the kernel; `nil` until it has started to talk.
  public var negotiation: Negotiation? { dispatcher.startup.negotiation }

  /// A place where all of the file system is mounted; nil where there is none, or none any more.
  public var mountPoint: String? {
    let mount = state.withLock { state -> Mount? in
      switch state.phase {
      case .mounted(let mount), .serving(let mount, _): mount
      case .created, .ended: nil
      }
    }
    return mount?.places.first { $0.root == "/" }?.mountPoint
  }

  /// Mounts the file system. The mount answers once ``run(onReady:)`` is called.
  /// - Precondition: The session was not mounted before.
  public func mount(at path: String) throws(FuseError) {
    let mount = try makeMount(at: path)
    state.withLock { state in
      guard case .created = state.phase else { preconditionFailure("A session is mounted once.") }
      state.phase = .mounted(mount)
    }
  }

  /// Serves requests until the file system is unmounted or stopped, and then until requests under way have ended.
  ///
  /// Afterwards nothing is mounted and no operation runs any more.
  /// - Parameter onReady: Called once, when the kernel can use the mount; on a thread that may block.
  /// - Precondition: The session is mounted, and was not run before.
  public func run(onReady: @escaping @Sendable () -> Void = {}) async -> SessionEnd {
    let mount = state.withLock { state in
      guard case .mounted(let mount) = state.phase else { preconditionFailure("A session is run once, when mounted.") }
      return mount
    }
    let end = await serve(mount, onReady)
    // An operation may wait for a notification, and the kernel for an answer of the loop before it acts on that: then
    // only the end of the connection helps.
    await dispatcher.drain(grace: configuration.stopGrace) { mount.abortConnection() }
    notifications.stop()
    mount.detach(logger)
    fuse_session_destroy(mount.session.pointer)
    return end
  }

  /// Begins to end the session: dirty pages are written, the file system is unmounted for all who come later, and after
  /// ``SessionConfiguration/stopGrace`` those who still use it lose it. Returns at once; ``run(onReady:)`` returns when
  /// all is over. May be called on any thread, any number of times, but not in a signal handler.
  public func stop() {
    state.withLock { state in
      if state.isStopRequested { return }
      state.isStopRequested = true
      if case .serving(let mount, _) = state.phase { startUnmounting(mount, &state) }
    }
  }
}

extension Session {
  /// The signal that wakes the loop's thread: ignored by default, so that a stray one does no harm.
  private static let wakeSignal = SIGURG

  /// Runs libfuse's loop on a thread of its own and returns when it has ended.
  private func serve(_ mount: Mount, _ onReady: @escaping @Sendable () -> Void) async -> SessionEnd {
    do throws(Errno) {
      try notifications.start(mount.session)
    } catch {
      state.withLock { $0.phase = .ended }
      return .failed(error)
    }
    dispatcher.startup.whenDone { [notifications, configuration, logger] in
      notifications.enqueue { _ in
        configuration.raiseReadAhead(of: mount.device, logger)
        onReady()
      }
    }
    let (result, threads) = await withCheckedContinuation { continuation in
      let failure = state.withLock { state -> Errno? in
        do throws(Errno) {
          let loop = try BlockingThread {
            let result = self.loop(mount)
            continuation.resume(returning: (result, self.endServing()))
          }
          state.phase = .serving(mount, loop: loop)
          if state.isStopRequested { startUnmounting(mount, &state) }
          return nil
        } catch {
          state.phase = .ended
          return error
        }
      }
      if let failure { continuation.resume(returning: (-failure.rawValue, [])) }
    }
    for thread in threads { thread.join() }
    if result < 0 { return .failed(Errno(rawValue: -result)) }
    return state.withLock(\.isStopRequested) ? .stopped : .unmounted
  }

  /// Takes requests until the session ends, and tells 0 or a negative error number.
  private func loop(_ mount: Mount) -> Int32 {
    // Threads made by Swift's runtime may have every signal blocked, and this one has that mask from the one it was
    // made by. libfuse's workers inherit it.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, Self.wakeSignal)
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    cfuse_interrupt_calls_on(Self.wakeSignal)

    let settings = fuse_loop_cfg_create()
    defer { fuse_loop_cfg_destroy(settings) }
    fuse_loop_cfg_set_max_threads(settings, UInt32(configuration.maximumThreads))
    fuse_loop_cfg_set_clone_fd(settings, configuration.clonesDevice ? 1 : 0)
    return cfuse_session_loop_mt(mount.session.pointer, settings)
  }

  /// The loop has ended: tells the threads that are to be joined.
  private func endServing() -> [BlockingThread] {
    state.withLock { state in
      guard case .serving(_, let loop) = state.phase else { return [] }
      state.phase = .ended
      return [state.unmounting.take(), loop].compactMap(\.self)
    }
  }

  private func startUnmounting(_ mount: Mount, _ state: inout State) {
    do throws(Errno) {
      state.unmounting = try BlockingThread { self.unmount(mount) }
    } catch {
      logger.error("cannot stop the session", metadata: ["error": "\(error)"])
      state.isStopRequested = false
    }
  }

  /// Unmounts while the loop still serves, since dirty pages come as requests; then ends the loop if somebody keeps the
  /// file system in use.
  private func unmount(_ mount: Mount) {
    mount.writeDirtyPages(logger)
    mount.detach(logger)
    let deadline = ContinuousClock.now + configuration.stopGrace
    while isServing, ContinuousClock.now < deadline { usleep(2_000) }
    // The loop looks whether it is to end before each of its waits, and only a signal ends the wait itself; a signal
    // between the two is lost, hence the repetition.
    while wakeLoop(mount) { usleep(5_000) }
  }

  private var isServing: Bool {
    state.withLock { if case .serving = $0.phase { true } else { false } }
  }

  /// Tells the loop to end, and whether it still has to.
  private func wakeLoop(_ mount: Mount) -> Bool {
    state.withLock { state in
      guard case .serving(_, let loop) = state.phase else { return false }
      fuse_session_exit(mount.session.pointer)
      loop.signal(Self.wakeSignal)
      return true
    }
  }
}
