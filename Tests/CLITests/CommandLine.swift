import Foundation
import Glibc
import MountTestSupport
import Testing

/// The built tool, run as a process with a home of its own.
struct CommandLineTool {
  /// Its home; the embedded node's usual place is below it.
  let folder: String
  /// Variables beside those of ``Program``.
  var environment: [String: String]

  init(in folder: TemporaryFolder) {
    self.folder = folder.path
    environment = ["HOME": folder.path, "swipfs": Binaries.swipfs, "folder": folder.path]
  }

  /// Runs it.
  func outcome(_ arguments: String...) throws -> Outcome {
    try Program([Binaries.swipfs] + arguments, environment: environment).wait()
  }

  /// Runs it and returns its output without the last line's end; throws the ``Outcome`` if it fails.
  @discardableResult
  func run(_ arguments: String...) throws -> String {
    let outcome = try Program([Binaries.swipfs] + arguments, environment: environment).wait()
    guard outcome.code == 0 else { throw outcome }
    return outcome.output.hasSuffix("\n") ? String(outcome.output.dropLast()) : outcome.output
  }

  /// Runs a script, in which `$swipfs` is the tool and `$folder` its home.
  @discardableResult
  func shell(_ script: String) throws -> String {
    try Shell.run("cd \"$folder\"\n\(script)", environment: environment)
  }

  /// Runs it and reads each line of its output as a JSON object.
  func json(_ arguments: String...) throws -> [[String: Any]] {
    let outcome = try Program([Binaries.swipfs] + arguments, environment: environment).wait()
    guard outcome.code == 0 else { throw outcome }
    return try outcome.output.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(outcome)")
    }
  }

  /// Starts a daemon of a repo below the home, and runs `body` with its address.
  func withDaemon(_ repo: String = ".local/share/swipfs", _ body: (String) throws -> Void) throws {
    let path = "\(folder)/\(repo)"
    // Of one that was killed.
    unlink("\(path)/api")
    let daemon = try Program(
      [Binaries.swipfs, "daemon", "--init", "--repo", path, "--address", "/ip4/127.0.0.1/tcp/0"],
      environment: environment)
    var outcome: Outcome?
    defer {
      if outcome == nil {
        kill(daemon.pid, SIGKILL)
        _ = try? daemon.wait()
      }
    }
    let deadline = ContinuousClock.now + .seconds(60)
    var address = ""
    while address.isEmpty {
      guard ContinuousClock.now < deadline, isRunning(daemon.pid) else { throw try daemon.wait(seconds: 1) }
      usleep(5000)
      let text = (try? String(contentsOfFile: "\(path)/api", encoding: .utf8)) ?? ""
      address = text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    try body(address)
    try daemon.signal(SIGTERM)
    let end = try daemon.wait(seconds: 60)
    outcome = end
    #expect(end.code == 0, "\(end)")
    #expect(end.output.contains("API server listening on \(address)\n"), "\(end)")
    #expect(end.output.contains("Daemon is ready\n"), "\(end)")
  }
}

/// Runs `body` with the tool and a new node at its usual place.
func withTool(initialized: Bool = true, _ body: (CommandLineTool) throws -> Void) throws {
  try withTemporaryFolder { folder in
    let tool = CommandLineTool(in: folder)
    if initialized { try tool.run("init") }
    try body(tool)
  }
}

/// The exit codes that docs/CLI.md promises.
enum Code {
  static let usage: Int32 = 1
  static let system: Int32 = 2
  static let repo: Int32 = 3
  static let data: Int32 = 4
  static let node: Int32 = 5
  static let refused: Int32 = 6
}

/// Checks that a command failed as it should: nothing on standard output, one line on standard error.
func expect(_ outcome: Outcome, _ code: Int32, _ texts: String...) {
  #expect(outcome.code == code, "\(outcome)")
  #expect(outcome.output.isEmpty, "\(outcome)")
  let lines = outcome.errors.split(separator: "\n")
  #expect(lines.count == 1 && lines[0].hasPrefix("swipfs: "), "\(outcome)")
  for text in texts { #expect(outcome.errors.contains(text), "\(outcome)") }
}
