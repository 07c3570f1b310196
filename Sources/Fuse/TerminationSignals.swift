internal import CFuse3
internal import Glibc

/// SIGTERM and SIGINT, passed on by their handler to a thread, where everything may be done.
///
/// Waiting for blocked signals would not do: libdispatch, below Swift's tasks, keeps a thread on which none is blocked.
public enum TerminationSignals {
  /// Calls `body` with the number of each of the signals that comes from now on, on a thread of its own which lives as
  /// long as the process. To be called once.
  public static func handle(_ body: @escaping @Sendable (Int32) -> Void) throws(FuseError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw FuseError(.systemCallFailed, "cannot make a pipe", cause: .current) }
    let (reading, writing) = (ends[0], ends[1])
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    do throws(Errno) {
      _ = try BlockingThread {
        var number: UInt8 = 0
        while true {
          let count = read(reading, &number, 1)
          if count == 1 { body(Int32(number)) } else if count == 0 || errno != EINTR { return }
        }
      }
    } catch {
      for end in ends { close(end) }
      throw FuseError(.systemCallFailed, "cannot start the thread for signals", cause: error)
    }
    for number in [SIGTERM, SIGINT] { cfuse_forward_signal(number, writing) }
  }
}
