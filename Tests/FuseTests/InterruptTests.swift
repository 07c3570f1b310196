import Foundation
import Fuse
import Glibc
import Synchronization
import Testing

extension SessionTests {
  /// Makes a file in the mount's root and waits until a reader of it has got into the handler, which sleeps.
  private static func startSlowReader(_ files: MemoryFileSystem, _ path: String) async throws -> Reader {
    try await blocking { try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path + "/slow")) }
    let reader = try Reader(path + "/slow")
    while files.record.calls["sleep"] == nil { try await Task.sleep(for: .milliseconds(2)) }
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

/// A thread that reads one byte of a file and can be interrupted.
private final class Reader: @unchecked Sendable {
  // The thread writes `outcome` before it signals `done`, and nobody looks at it earlier.
  private var outcome: Int32 = 0
  private var identifier = pthread_t()
  private let done = DispatchSemaphore(value: 0)
  private let path: String

  init(_ path: String) throws {
    self.path = path
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
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    var byte: UInt8 = 0
    outcome = descriptor >= 0 && Glibc.read(descriptor, &byte, 1) >= 0 ? 0 : errno
    close(descriptor)
    done.signal()
  }

  func interrupt() {
    pthread_kill(identifier, SIGUSR1)
  }

  /// 0 or the error number, once there is one.
  func result() -> Int32 {
    done.wait()
    pthread_join(identifier, nil)
    return outcome
  }
}
