import Glibc
import Synchronization

/// The processes of the mounts that tests have made and not ended yet.
///
/// The lock guards their numbers.
enum LiveMounts {
  private static let processes = Mutex<Set<pid_t>>([])

  static func insert(_ process: pid_t) {
    processes.withLock { _ = $0.insert(process) }
  }

  static func remove(_ process: pid_t) {
    processes.withLock { _ = $0.remove(process) }
  }

  /// Kills them, which ends every call that waits for one of them.
  static func killAll() {
    for process in processes.withLock({ $0 }) {
      print("a test takes too long: killing its mount, process \(process)")
      kill(process, SIGKILL)
    }
  }
}
