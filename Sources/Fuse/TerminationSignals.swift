internal import Glibc

/// SIGTERM and SIGINT, taken by a thread that waits for them instead of by a handler.
public enum TerminationSignals {
  /// Blocks the signals. To be called on the main thread before any other exists, since threads inherit it.
  public static func block() {
    var signals = set
    pthread_sigmask(SIG_BLOCK, &signals, nil)
  }

  /// Calls `body` with the number of each of the signals that comes from now on, on a thread of its own which lives as
  /// long as the process.
  public static func handle(_ body: @escaping @Sendable (Int32) -> Void) throws(FuseError) {
    do throws(Errno) {
      _ = try BlockingThread {
        var signals = set
        var number: Int32 = 0
        while sigwait(&signals, &number) == 0 { body(number) }
      }
    } catch {
      throw FuseError(.systemCallFailed, "cannot start the thread that waits for signals", cause: error)
    }
  }

  private static var set: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    return signals
  }
}
