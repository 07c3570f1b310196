import Foundation
import Fuse
import Glibc
import Logging
import Synchronization
import Testing

extension SessionTests {
  /// Makes a file in the mount's root and waits until a reader of it has got into the handler, which sleeps.
  private static func startSlowReader(_ files: MemoryFileSystem, _ path: String) async throws -> Reader {
    try await blocking { try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path + "/slow")) }
    let reader = try Reader(path + "/slow")
    while files.count(of: "sleep") == 0 { try await Task.sleep(for: .milliseconds(2)) }
    return reader
  }

  @Test func aSignalToTheReaderCancelsTheOperation() async throws {
    let files = MemoryFileSystem(openOptions: .directIO)
    let mount = try await TestMount(files)
    let reader = try await Self.startSlowReader(files, mount.path)
    reader.interrupt()
    #expect(try await blocking { reader.result() } == EINTR)
    #expect(files.record.wasCancelled)
    #expect(await mount.stop() == .stopped)
  }

  /// Interrupts that come while the answer is on its way find either a request that is still there or none.
  @Test func interruptsRaceWithAnswers() async throws {
    let files = MemoryFileSystem(openOptions: .directIO)
    let mount = try await TestMount(files)
    let path = mount.path + "/later"
    try await blocking { try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path)) }
    let readers = try (0..<3).map { _ in try Reader(path, reads: 2_000) }
    try await blocking {
      while readers.contains(where: { !$0.isDone }) {
        for reader in readers { reader.interrupt() }
        usleep(20)
      }
      for reader in readers { #expect([0, EINTR].contains(reader.result())) }
    }
    #expect(await mount.stop() == .stopped)
  }

  @Test func operationsThatSuspendAreAnswered() async throws {
    let files = MemoryFileSystem(openOptions: .directIO)
    let mount = try await TestMount(files)
    let path = mount.path + "/later"
    let data = Data(repeating: 7, count: 200_000)
    try await blocking {
      try data.write(to: URL(fileURLWithPath: path))
      for _ in 0..<50 { #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == data) }
    }
    #expect(await mount.stop() == .stopped)
  }

  @Test func stoppingWithRequestsUnderWayLeavesNoMount() async throws {
    let files = MemoryFileSystem(openOptions: .directIO)
    var configuration = TestMount.configuration()
    configuration.stopGrace = .milliseconds(50)
    let mount = try await TestMount(files, configuration)
    let reader = try await Self.startSlowReader(files, mount.path)
    #expect(await mount.stop() == .stopped)
    #expect(files.record.wasCancelled)
    #expect(try !isMounted(mount.path))
    #expect(try await blocking { reader.result() } != 0)
  }

  @Test func workAfterTheLastCloseIsNotCutShort() async throws {
    let files = MemoryFileSystem()
    var configuration = TestMount.configuration()
    configuration.stopGrace = .milliseconds(20)
    let mount = try await TestMount(files, configuration)
    let path = mount.path + "/slowly-released"
    try await blocking { try Data([1]).write(to: URL(fileURLWithPath: path)) }
    #expect(await mount.stop() == .stopped)
    #expect(files.count(of: "release") == 1)
    #expect(!files.record.wasCancelled)
  }

  @Test func aSessionThatWasStoppedFirstEndsWhenItRuns() async throws {
    let path = try temporaryDirectory()
    defer { rmdir(path) }
    let session = Session(
      operations: MemoryFileSystem(), configuration: TestMount.configuration(), logger: Logger(label: "test"))
    try session.mount(at: path)
    session.stop()
    #expect(await session.run() == .stopped)
    #expect(try !isMounted(path))
  }

  @Test func dirtyPagesAreWrittenWhenStopping() async throws {
    let files = MemoryFileSystem()
    let mount = try await TestMount(files)
    let path = mount.path + "/dirty"
    let descriptor = try await blocking {
      let descriptor = try check(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
      try check(write(descriptor, "dirty", 5))
      return descriptor
    }
    // The descriptor stays open, so that no close has the pages written.
    #expect(await mount.stop() == .stopped)
    close(descriptor)
    #expect(files.state.withLock { $0.nodes.values.contains { $0.content == Array("dirty".utf8) } })
  }

  @Test func unmountingFromOutsideEndsTheSession() async throws {
    let mount = try await TestMount(MemoryFileSystem())
    let path = mount.path
    try await blocking { _ = try check(umount2(path, 0)) }
    #expect(await mount.end() == .unmounted)
  }
}

/// A thread that reads a file's first byte a number of times and can be interrupted.
private final class Reader: @unchecked Sendable {
  // The thread writes `outcome`, and nobody looks at it before the thread was joined.
  private var outcome: Int32 = 0
  private var identifier = pthread_t()
  private let finished = Atomic(false)
  private let path: String
  private let reads: Int

  init(_ path: String, reads: Int = 1) throws {
    self.path = path
    self.reads = reads
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in }
    try check(sigaction(SIGUSR1, &action, nil))
    pthread_create(
      &identifier, nil,
      { argument in
        if let argument { Unmanaged<Reader>.fromOpaque(argument).takeRetainedValue().read() }
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
  }

  private func read() {
    var signals = sigset_t()
    sigemptyset(&signals)
    pthread_sigmask(SIG_SETMASK, &signals, nil)
    var descriptor: Int32
    repeat { descriptor = open(path, O_RDONLY | O_CLOEXEC) } while descriptor < 0 && errno == EINTR
    var byte: UInt8 = 0
    for _ in 0..<reads where pread(descriptor, &byte, 1, 0) < 0 {
      outcome = errno
      if outcome != EINTR { break }
    }
    close(descriptor)
    finished.store(true, ordering: .releasing)
  }

  /// Sends the thread a signal, which ends a system call that waits.
  func interrupt() {
    pthread_kill(identifier, SIGUSR1)
  }

  /// Whether all reads are done.
  var isDone: Bool { finished.load(ordering: .acquiring) }

  /// The error number of the last read that failed, or 0; once there is one.
  func result() -> Int32 {
    pthread_join(identifier, nil)
    return outcome
  }
}
