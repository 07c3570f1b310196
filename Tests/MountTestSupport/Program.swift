import CLinux
import Foundation
package import Glibc

/// What a program that ended left.
package struct Outcome: CustomStringConvertible, Error {
  /// The program and its arguments.
  package let command: [String]
  /// The exit code; 128 and the number of the signal where one ended it.
  package let code: Int32
  /// Its standard output.
  package let output: String
  /// Its standard error.
  package let errors: String

  /// All of it, for the report of a failed test.
  package var description: String {
    "\(command.joined(separator: " "))\nended with \(code)\n\(output)\(errors)"
  }
}

/// A program that runs in a process group of its own, with its output collected.
///
/// Not Foundation's `Process`: with a thousand open files, as tests side by side have them, its search for the highest
/// descriptor reads and writes behind the end of the buffer of a folder listing (Swift 6.3), and the heap is lost.
package final class Program {
  /// A program did not end in time, and was killed.
  package struct TimedOut: Error, CustomStringConvertible {
    let command: [String]
    let seconds: Double
    let output: String

    /// The command and what it had written.
    package var description: String {
      "\(command.joined(separator: " "))\ndid not end within \(seconds) s\n\(output)"
    }
  }

  /// Its process.
  package let pid: pid_t
  private let command: [String]
  private var streams: [(descriptor: Int32, data: Data)]

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - command: Its path, or its name where `PATH` finds it, and its arguments.
  ///   - environment: Added to a small environment: `PATH`, `LC_ALL`, what sanitizers need.
  package init(_ command: [String], environment: [String: String] = [:]) throws {
    self.command = command
    let output = try Self.makePipe()
    let errors = try Self.makePipe()
    defer {
      close(output[1])
      close(errors[1])
    }
    streams = [(output[0], Data()), (errors[0], Data())]

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO)
    // A test may run on a thread that has signals blocked; the program must not inherit that.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

    let own = ProcessInfo.processInfo.environment
    // Programs that were built with a sanitizer report what the tests' own process would.
    let kept = own.filter { $0.key.hasSuffix("SAN_OPTIONS") || $0.key == "LD_PRELOAD" }
    let standard = ["PATH": own["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]
    let variables = kept.merging(standard) { $1 }.merging(environment) { $1 }.map { "\($0)=\($1)" }
    var words = command.map { strdup($0) } + [nil]
    var settings = variables.map { strdup($0) } + [nil]
    defer { for word in words + settings { free(word) } }
    var pid = pid_t()
    let result = posix_spawnp(&pid, command[0], &actions, &attributes, &words, &settings)
    guard result == 0 else { throw SystemCallError(number: result) }
    self.pid = pid
  }

  deinit {
    for stream in streams where stream.descriptor >= 0 { close(stream.descriptor) }
  }

  /// Sends it a signal.
  package func signal(_ number: Int32) throws {
    try check(kill(pid, number))
  }

  /// Waits for its end and for the end of its output. Kills its group and throws if that takes too long.
  package func wait(seconds: Double = 120) throws -> Outcome {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while streams.contains(where: { $0.descriptor >= 0 }) {
      guard ContinuousClock.now < deadline else { throw timedOut(seconds) }
      collect(milliseconds: 100)
    }
    var status: Int32 = 0
    while true {
      let result = waitpid(pid, &status, WNOHANG)
      if result == pid { break }
      if result < 0, errno != EINTR { throw SystemCallError(number: errno) }
      guard ContinuousClock.now < deadline else { throw timedOut(seconds) }
      usleep(1000)
    }
    let signal = status & 0x7F
    return Outcome(
      command: command, code: signal == 0 ? status >> 8 & 0xFF : 128 + signal, output: text(0), errors: text(1))
  }

  private static func makePipe() throws -> [Int32] {
    var ends: [Int32] = [-1, -1]
    try check(pipe2(&ends, O_CLOEXEC))
    return ends
  }

  private func text(_ stream: Int) -> String { String(decoding: streams[stream].data, as: UTF8.self) }

  private func collect(milliseconds: Int32) {
    var polled = streams.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    guard poll(&polled, nfds_t(polled.count), milliseconds) > 0 else { return }
    for index in streams.indices where polled[index].revents != 0 {
      var buffer = [UInt8](repeating: 0, count: 65536)
      let count = read(streams[index].descriptor, &buffer, buffer.count)
      if count > 0 {
        streams[index].data.append(contentsOf: buffer[..<count])
      } else if count == 0 || errno != EINTR {
        close(streams[index].descriptor)
        streams[index].descriptor = -1
      }
    }
  }

  private func timedOut(_ seconds: Double) -> TimedOut {
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    return TimedOut(command: command, seconds: seconds, output: text(0) + text(1))
  }
}

/// Scripts for bash, which end at the first command that fails.
package enum Shell {
  /// Runs a script and returns its standard output without the last line's end. Throws the ``Outcome`` if it fails.
  @discardableResult
  package static func run(
    _ script: String, environment: [String: String] = [:], seconds: Double = 120
  ) throws -> String {
    let outcome = try outcome(of: script, environment: environment, seconds: seconds)
    guard outcome.code == 0 else { throw outcome }
    return outcome.output.hasSuffix("\n") ? String(outcome.output.dropLast()) : outcome.output
  }

  /// Runs a script that may fail.
  package static func outcome(
    of script: String, environment: [String: String] = [:], seconds: Double = 120
  ) throws -> Outcome {
    try Program(["bash", "-c", "set -euo pipefail\n\(script)"], environment: environment).wait(seconds: seconds)
  }
}
