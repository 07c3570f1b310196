import Dispatch
import Foundation
import Fuse
import Glibc
import Logging

/// Whether this machine lets the tests mount; says so if not.
let canMount: Bool = {
  if access("/dev/fuse", R_OK | W_OK) == 0 && geteuid() == 0 { return true }
  print("FuseTests: skipped what mounts, because there is no usable /dev/fuse or the user is not root")
  return false
}()

/// A mount in a temporary directory, served in the background until ``end()``.
struct TestMount {
  let session: Session
  let path: String
  private let serving: Task<SessionEnd, Never>

  init(_ operations: some FuseOperations, _ configuration: SessionConfiguration = configuration()) async throws {
    var logger = Logger(label: "test")
    logger.logLevel = .error
    try await self.init(Session(operations: operations, configuration: configuration, logger: logger))
  }

  init(_ session: Session) async throws {
    path = try temporaryDirectory()
    try session.mount(at: path)
    self.session = session
    let (isReady, ready) = AsyncStream<Void>.makeStream()
    serving = Task { await session.run { ready.finish() } }
    for await _ in isReady {}
  }

  /// A configuration by which the mounts of tests are known.
  static func configuration() -> SessionConfiguration {
    var configuration = SessionConfiguration()
    configuration.subtype = "swipfs-test"
    return configuration
  }

  /// What `run` returned.
  func end() async -> SessionEnd {
    let end = await serving.value
    rmdir(path)
    return end
  }

  /// Stops the session and waits for its end.
  func stop() async -> SessionEnd {
    session.stop()
    return await end()
  }
}

/// Makes an empty directory.
func temporaryDirectory() throws -> String {
  var template = Array("/tmp/swipfs-fuse-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
  return template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
}

/// Runs system calls that wait for the file system on a thread of their own: its operations need Swift's threads.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: .init(catching: body)) }
  }
}

/// Throws the calling thread's errno if a system call answered -1.
@discardableResult
func check<Number: SignedInteger>(_ result: Number) throws -> Number {
  if result == -1 { throw Errno(rawValue: errno) }
  return result
}

/// Whether something is mounted at a path.
func isMounted(_ path: String) throws -> Bool {
  try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8).contains(" \(path) ")
}
