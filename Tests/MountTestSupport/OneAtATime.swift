import Dispatch
import Foundation
import Glibc
package import Testing

/// Whether tests can mount here: they need root, /dev/fuse and the programs. Says so if not.
package let canMount: Bool = {
  guard geteuid() == 0, access("/dev/fuse", R_OK | W_OK) == 0 else {
    print("SKIPPED: tests that mount, because there is no usable /dev/fuse or the user is not root")
    return false
  }
  return true
}()

/// Runs tests one after another, whichever suite they are in, on a thread that they may block.
///
/// They drive whole programs, which have the machine to themselves this way; and Swift's own threads, which tests of
/// other suites wait for, are not held up. What takes too long loses its mounts, so that no system call waits for ever.
package struct OneAtATime: TestTrait, SuiteTrait, TestScoping {
  /// Whether the tests of a suite inherit it.
  package var isRecursive: Bool { true }

  private let minutes: Int

  init(minutes: Int) {
    self.minutes = minutes
  }

  /// Runs a test.
  package func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    let limit = DispatchTimeInterval.seconds(60 * minutes)
    try await withTaskExecutorPreference(SerialExecutor.shared) {
      let watchdog = DispatchSource.makeTimerSource(queue: .global())
      watchdog.schedule(deadline: .now() + limit)
      watchdog.setEventHandler { LiveMounts.killAll() }
      watchdog.activate()
      defer { watchdog.cancel() }
      try await function()
    }
  }
}

extension Trait where Self == OneAtATime {
  /// Tests run one after another and may block; after so many minutes their mounts are killed.
  package static func oneAtATime(minutes: Int = 5) -> Self { OneAtATime(minutes: minutes) }
}

/// A single thread for tests.
private final class SerialExecutor: TaskExecutor {
  static let shared = SerialExecutor()

  private let queue = DispatchQueue(label: "tests that mount")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
