internal import CFuse3
internal import Glibc

/// A process that goes to the background, and whose starter learns how that went.
///
/// The starter waits for a report through a pipe and exits with the code in it; so a command returns when its service
/// is usable, and with an error line and a code when it is not.
public struct Daemon: ~Copyable, Sendable {
  /// The writing end of the pipe; -1 in the foreground.
  private let report: Int32

  /// Goes to the background: returns in a new process of its own session; the process that called waits and exits.
  ///
  /// To be called before anything has started a thread or a task: only the calling thread exists in the new process.
  public static func detach() throws(FuseError) -> Daemon {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw FuseError(.systemCallFailed, "cannot make a pipe", cause: .current)
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let process = cfuse_fork()
    if process < 0 {
      let cause = Errno.current
      close(ends[0])
      close(ends[1])
      throw FuseError(.systemCallFailed, "cannot go to the background", cause: cause)
    }
    if process > 0 {
      close(ends[1])
      exit(waitForReport(ends[0], process))
    }
    close(ends[0])
    setsid()
    return Daemon(report: ends[1])
  }

  /// Stays in the foreground: reports go nowhere.
  public static func foreground() -> Daemon {
    Daemon(report: -1)
  }

  private init(report: Int32) {
    self.report = report
  }

  /// The service is usable: the starter exits with 0, after it printed `message`, if any, as a line on standard output.
  /// In the background, the standard streams are closed (they become `/dev/null`), and the working directory is `/`.
  public consuming func reportReady(_ message: String = "") {
    guard report >= 0 else { return }
    leaveTerminal()
    _ = chdir("/")
    send(0, message)
    close(report)
  }

  /// The service cannot be had: the starter prints `message` as a line on standard error and exits with `exitCode`
  /// (1 to 255); the standard streams of this process are closed, so that nothing is said twice. In the foreground it is
  /// for the caller to print and exit.
  public consuming func reportFailure(_ message: String, exitCode: UInt8) {
    guard report >= 0 else { return }
    leaveTerminal()
    send(exitCode, message)
    close(report)
  }

  /// Makes the standard streams `/dev/null`.
  private borrowing func leaveTerminal() {
    let null = open("/dev/null", O_RDWR)
    guard null >= 0 else { return }
    for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] { dup2(null, stream) }
    if null > STDERR_FILENO { close(null) }
  }

  /// A report: the exit code, then text to the end.
  private borrowing func send(_ exitCode: UInt8, _ message: String) {
    let bytes = [exitCode] + message.utf8
    // If the starter is gone, nobody needs the report; and a pipe takes this much without splitting it.
    signal(SIGPIPE, SIG_IGN)
    _ = write(report, bytes, min(bytes.count, Int(PIPE_BUF)))
  }

  /// Waits for the report of a process, prints its text and tells the exit code.
  private static func waitForReport(_ pipe: Int32, _ process: pid_t) -> Int32 {
    var bytes = [UInt8](repeating: 0, count: Int(PIPE_BUF))
    var count: Int
    repeat { count = read(pipe, &bytes, bytes.count) } while count < 0 && errno == EINTR
    if count > 0 {
      if count > 1 {
        let stream = bytes[0] == 0 ? STDOUT_FILENO : STDERR_FILENO
        let line = bytes[1..<count] + [UInt8(ascii: "\n")]
        _ = Array(line).withUnsafeBytes { write(stream, $0.baseAddress, $0.count) }
      }
      return Int32(bytes[0])
    }
    // It ended without a word: its own end is the report.
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    let signalNumber = status & 0x7F
    return signalNumber == 0 ? max(1, status >> 8 & 0xFF) : 128 + signalNumber
  }
}
