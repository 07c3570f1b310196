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

/// Tells the kernel what it must not believe any more, in order, on a thread of its own.
///
/// The kernel may need the answer to another request before it accepts a notification: it writes dirty pages back
/// before it drops them, and takes locks that a request under way holds. So the calling thread sends nothing, and an
/// operation must not wait for what the kernel holds locked on its behalf: a name, in an operation on its directory; a
/// node's pages, in read, write, setattr or setxattr on it. The lock guards the queue and is not held while sending.
public final class Notifications: Sendable {
  private typealias Job = @Sendable (RawSession?) -> Void

  private struct State {
    var isOpen = false
    var jobs: [Job] = []
    var thread: BlockingThread?
  }

  private let state = Mutex(State())
  private let available = Semaphore()
  private let logger: Logger

  init(logger: Logger) {
    self.logger = logger
  }

  /// Sends a notification later. Failures are logged at level debug; while nothing is mounted, nothing is sent.
  public func post(_ notification: Notification) {
    enqueue { [logger] session in
      do throws(Errno) {
        try notification.send(session)
      } catch {
        logger.debug("kernel did not take a notification", metadata: ["error": "\(error)"])
      }
    }
  }

  /// Sends a notification and waits until the kernel has acted on it.
  /// - Throws: ``Errno/noEntry`` if the kernel does not know the node or name; ENOTCONN while nothing is mounted.
  public func deliver(_ notification: Notification) async throws(Errno) {
    let result = await withCheckedContinuation { continuation in
      enqueue { session in
        do throws(Errno) {
          try notification.send(session)
          continuation.resume(returning: Result<Void, Errno>.success(()))
        } catch {
          continuation.resume(returning: .failure(error))
        }
      }
    }
    try result.get()
  }
}

extension Notifications {
  /// Runs `job` on the thread, with `nil` if there is no session (any more).
  func enqueue(_ job: @escaping @Sendable (RawSession?) -> Void) {
    let isOpen = state.withLock { state in
      if state.isOpen { state.jobs.append(job) }
      return state.isOpen
    }
    if isOpen { available.signal() } else { job(nil) }
  }

  /// Opens the queue and starts the thread.
  func start(_ session: RawSession) throws(Errno) {
    let thread = try BlockingThread { self.work(session) }
    state.withLock { state in
      state.isOpen = true
      state.thread = thread
    }
  }

  /// Closes the queue, and returns when what was in it is done.
  func stop() {
    let thread = state.withLock { state in
      state.isOpen = false
      return state.thread.take()
    }
    guard let thread else { return }
    available.signal()
    thread.join()
  }

  private func work(_ session: RawSession) {
    while true {
      available.wait()
      // Every job has its signal; one more comes after the queue was closed.
      guard let job = state.withLock({ $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }) else { return }
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
