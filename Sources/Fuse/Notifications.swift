internal import CFuse3
internal import Glibc
internal import Logging
internal import Synchronization

/// Something that the kernel must not believe any more.
public enum Notification: Hashable, Sendable {
  /// What of a node is dropped.
  public enum Scope: Hashable, Sendable {
    /// Its attributes.
    case attributes
    /// Attributes and pages. Dirty pages are written back first.
    case everything
    /// Attributes and the pages of a range. Dirty pages are written back first.
    case range(Range<UInt64>)
  }

  /// What the kernel has of a node.
  case node(NodeID, Scope)
  /// What a name in a directory leads to.
  case name([UInt8], in: NodeID)
  /// A name that is gone, with the node that it led to.
  case removal([UInt8], of: NodeID, in: NodeID)
}

/// Tells the kernel what it must not believe any more, on threads of its own.
///
/// The kernel may need the answer to another request before it accepts a notification: it writes dirty pages back
/// before it drops them, and takes the lock of the directory before it drops a name. So the calling thread sends
/// nothing. What is about nodes goes one way, what is about names another, each in order: pages are given up without a
/// directory's lock, so an operation that the kernel keeps its own node locked for may wait for that. It must not wait
/// for a name without a limit: in an operation on the directory the kernel keeps that locked, and in one on a file
/// another that has the directory locked, as `unlink` does, may wait for the file. The lock guards the queues and is not
/// held while sending.
public final class Notifications: Sendable {
  private typealias Job = @Sendable (RawSession?) -> Void

  private enum Way: CaseIterable {
    case nodes, names
  }

  private struct State {
    var isOpen = false
    var jobs: [Way: [Job]] = [:]
    var threads: [BlockingThread] = []
  }

  private let state = Mutex(State())
  private let available: [Way: Semaphore] = Dictionary(uniqueKeysWithValues: Way.allCases.map { ($0, Semaphore()) })
  private let logger: Logger

  init(logger: Logger) {
    self.logger = logger
  }

  /// Sends a notification later. Failures are logged at level debug; while nothing is mounted, nothing is sent.
  public func post(_ notification: Notification) {
    enqueue(notification) { [logger] result in
      if case .failure(let error) = result {
        logger.debug("kernel did not take a notification", metadata: ["error": "\(error)"])
      }
    }
  }

  /// Sends a notification and waits until the kernel has acted on it.
  /// - Throws: ``Errno/noEntry`` if the kernel does not know the node or name; ENOTCONN while nothing is mounted.
  public func deliver(_ notification: Notification) async throws(Errno) {
    let result = await withCheckedContinuation { continuation in
      enqueue(notification) { continuation.resume(returning: $0) }
    }
    try result.get()
  }

  /// Sends a notification and waits until the kernel has acted on it or refused it, but no longer than `limit`: after
  /// that it is acted on later.
  public func deliver(_ notification: Notification, within limit: Duration) async {
    let waiter = Waiter()
    enqueue(notification) { _ in waiter.resume() }
    let timer = Task {
      try? await Task.sleep(for: limit)
      waiter.resume()
    }
    await waiter.wait()
    timer.cancel()
  }

  /// The one who waits for the first of several events. The lock guards both.
  private final class Waiter: Sendable {
    private let state = Mutex((hasHappened: false, continuation: CheckedContinuation<Void, Never>?.none))

    func resume() {
      let continuation = state.withLock { state in
        state.hasHappened = true
        return state.continuation.take()
      }
      continuation?.resume()
    }

    func wait() async {
      await withCheckedContinuation { continuation in
        let hasHappened = state.withLock { state in
          if !state.hasHappened { state.continuation = continuation }
          return state.hasHappened
        }
        if hasHappened { continuation.resume() }
      }
    }
  }
}

extension Notifications {
  /// Runs `job` on a thread that may block, with `nil` if there is no session (any more).
  func enqueue(_ job: @escaping @Sendable (RawSession?) -> Void) {
    enqueue(job, on: .nodes)
  }

  private func enqueue(_ notification: Notification, _ done: @escaping @Sendable (Result<Void, Errno>) -> Void) {
    let way: Way = if case .node = notification { .nodes } else { .names }
    enqueue({ session in done(Result { () throws(Errno) in try notification.send(session) }) }, on: way)
  }

  private func enqueue(_ job: @escaping Job, on way: Way) {
    let isOpen = state.withLock { state in
      if state.isOpen { state.jobs[way, default: []].append(job) }
      return state.isOpen
    }
    if isOpen { available[way]?.signal() } else { job(nil) }
  }

  /// Opens the queues and starts the threads.
  func start(_ session: RawSession) throws(Errno) {
    for way in Way.allCases {
      let thread = try BlockingThread { self.work(way, session) }
      state.withLock { state in
        state.isOpen = true
        state.threads.append(thread)
      }
    }
  }

  /// Closes the queues, and returns when what was in them is done.
  func stop() {
    let threads = state.withLock { state in
      state.isOpen = false
      defer { state.threads = [] }
      return state.threads
    }
    for semaphore in available.values { semaphore.signal() }
    for thread in threads { thread.join() }
  }

  private func work(_ way: Way, _ session: RawSession) {
    while true {
      available[way]?.wait()
      // Every job has its signal; one more comes after the queue was closed.
      guard let job = state.withLock({ $0.jobs[way]?.isEmpty ?? true ? nil : $0.jobs[way]?.removeFirst() }) else {
        return
      }
      job(session)
    }
  }
}

extension Notification {
  fileprivate func send(_ session: RawSession?) throws(Errno) {
    guard let session else { throw Errno(rawValue: ENOTCONN) }
    let result =
      switch self {
      case .node(let node, .attributes):
        fuse_lowlevel_notify_inval_inode(session.pointer, node.rawValue, -1, 0)
      case .node(let node, .everything):
        fuse_lowlevel_notify_inval_inode(session.pointer, node.rawValue, 0, 0)
      case .node(let node, .range(let range)):
        fuse_lowlevel_notify_inval_inode(
          session.pointer, node.rawValue, Int(clamping: range.lowerBound), Int(clamping: range.count))
      case .name(let name, let parent):
        name.withCString { fuse_lowlevel_notify_inval_entry(session.pointer, parent.rawValue, $0, name.count) }
      case .removal(let name, let node, let parent):
        name.withCString {
          fuse_lowlevel_notify_delete(session.pointer, parent.rawValue, node.rawValue, $0, name.count)
        }
      }
    if result != 0 { throw Errno(rawValue: -result) }
  }
}

extension [UInt8] {
  /// Calls `body` with the bytes and a NUL after them.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: count + 1) { text in
      for (index, byte) in enumerated() { text.initializeElement(at: index, to: CChar(bitPattern: byte)) }
      text.initializeElement(at: count, to: 0)
      // The allocation has at least one element, so it has an address.
      return body(UnsafePointer(text.baseAddress.unsafelyUnwrapped))
    }
  }
}
