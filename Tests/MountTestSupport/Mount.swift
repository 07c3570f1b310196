import Foundation
package import Glibc

/// A mount of a repo of its own, both in a temporary folder.
package final class Mount {
  /// The mount point.
  package let path: String
  /// The repo.
  package let repo: String
  /// The folder that both are in.
  package let folder: String
  /// The process that serves it; 0 while there is none.
  package private(set) var pid: pid_t = 0
  private let options: [String]

  /// Makes a mount point and names a repo; nothing is mounted yet.
  ///
  /// - Parameters:
  ///   - folder: Where the mount point is made, and the repo will be.
  ///   - repo: The repo, where it is to be somewhere else.
  ///   - options: Added after `-o`.
  package init(in folder: String, repo: String? = nil, options: [String] = []) throws {
    self.folder = folder
    path = "\(folder)/mnt"
    self.repo = repo ?? "\(folder)/repo"
    self.options = options
    try check(mkdir(path, 0o755))
  }

  /// The command that mounts it.
  package var command: [String] {
    [Binaries.mount, "-o", (["api=embedded", "repo=\(repo)"] + options).joined(separator: ","), path]
  }

  /// Names for scripts: `$m`, `$repo`, `$folder`, `$mount` and `$swipfs`, which are the programs; and a home.
  package var environment: [String: String] {
    [
      "m": path, "repo": repo, "folder": folder, "mount": Binaries.mount, "swipfs": Binaries.swipfs, "HOME": folder,
    ]
  }

  /// Mounts. Throws the ``Outcome`` where that fails.
  package func start() throws {
    let outcome = try Program(command, environment: environment).wait(seconds: 90)
    guard outcome.code == 0 else { throw outcome }
    try noteProcess()
  }

  /// Looks up which process serves the mount, where something else started it.
  package func noteProcess() throws {
    pid = try status().pid
    LiveMounts.insert(pid)
  }

  /// What `swipfs status --json` tells.
  package struct Status: Decodable {
    /// `starting`, `mounted`, `draining` or `ended`.
    package let phase: String
    /// Where it is mounted.
    package let mountPoint: String
    /// Its repo.
    package let repo: String
    /// Its process.
    package let pid: pid_t
    /// Files that are open or whose DAG is to be built.
    package let openFiles: Int
    /// Blocks stored since it was mounted.
    package let blocksWritten: Int
    /// Bytes of blocks stored since it was mounted.
    package let bytesWritten: Int
  }

  /// Asks the process how it stands.
  package func status() throws -> Status {
    let text = try shell("\"$swipfs\" status --json \"$m\"")
    return try JSONDecoder().decode(Status.self, from: Data(text.utf8))
  }

  /// Unmounts as a user does, and waits until the process is gone.
  package func stop() throws {
    try shell("\"$swipfs\" umount \"$m\"", seconds: 120)
    try waitForEnd()
  }

  /// Unmounts and mounts again.
  package func remount() throws {
    try stop()
    try start()
  }

  /// Kills the process, as a crash would.
  package func crash() throws {
    try check(kill(pid, SIGKILL))
    try waitForEnd()
  }

  /// Waits until the process is gone.
  package func waitForEnd(seconds: Double = 60) throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while isRunning(pid) {
      guard ContinuousClock.now < deadline else { throw StillRunning(pid: pid) }
      usleep(2000)
    }
    LiveMounts.remove(pid)
    pid = 0
  }

  /// The process of a mount did not end.
  package struct StillRunning: Error {
    let pid: pid_t
  }

  /// Runs a script with the names of ``environment``. Returns its output; throws the ``Outcome`` if it fails.
  @discardableResult
  package func shell(_ script: String, seconds: Double = 120) throws -> String {
    try Shell.run(script, environment: environment, seconds: seconds)
  }

  /// Runs a script that may fail.
  package func outcome(of script: String, seconds: Double = 120) throws -> Outcome {
    try Shell.outcome(of: script, environment: environment, seconds: seconds)
  }

  /// Checks the repo of a mount that is not mounted; throws the ``Outcome`` with what is wrong.
  package func verify() throws {
    try shell("\"$swipfs\" repo verify --repo \"$repo\"", seconds: 240)
  }

  /// The lines of the log.
  package func log() throws -> [Substring] {
    String(decoding: try read("\(repo)/log"), as: UTF8.self).split(separator: "\n")
  }

  /// Takes away whatever is left, whatever state it is in.
  package func discard() {
    if pid != 0 {
      kill(pid, SIGKILL)
      try? waitForEnd()
    }
    while isMounted(path), umount2(path, Self.detach) == 0 {}
  }

  /// `MNT_DETACH`, which is not imported.
  private static let detach: Int32 = 2
}

/// Mounts a new repo, runs `body`, unmounts, and checks that the repo is sound. Leaves nothing behind.
package func withMount(_ options: [String] = [], _ body: (Mount) throws -> Void) throws {
  try withTemporaryFolder { folder in
    let mount = try Mount(in: folder.path, options: options)
    defer { mount.discard() }
    try mount.start()
    try body(mount)
    if mount.pid != 0 { try mount.stop() }
    try mount.verify()
  }
}

/// Whether something is mounted at a path.
package func isMounted(_ path: String) -> Bool {
  let table = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
  return table.split(separator: "\n").contains { $0.split(separator: " ")[4] == path }
}

/// Whether a process is there and not merely a zombie that its parent has not taken notice of.
package func isRunning(_ pid: pid_t) -> Bool {
  guard pid > 0, let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
    let state = text.split(separator: ")").last?.split(separator: " ").first
  else { return false }
  return state != "Z" && state != "X"
}
