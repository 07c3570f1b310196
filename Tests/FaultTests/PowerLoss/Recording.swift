import Foundation
import Glibc
import MountTestSupport
import Synchronization

/// Workloads on a mount whose process runs under the recorder, and what was acknowledged when.
final class Recording: Sendable {
  /// What was in a workload's directory after a change.
  struct Moment {
    let tree: [String: TreeNode]
    /// How many bytes the log had then.
    let logSize: Int
    /// When that was, on the monotonic clock.
    let time: UInt64
  }

  /// A sync that returned.
  struct Sync {
    /// When it was asked for.
    let begun: UInt64
    /// How many bytes the log had when it returned.
    let logSize: Int
    /// Who asked for it, and the moment after which it returned.
    let directory: String
    let moment: Int
  }

  /// Names of the directories in the root, each of which a workload changes.
  static let directories = ["w0", "w1"]

  let repo: String
  private let folder: TemporaryFolder
  private let logPath: String
  private let seed: UInt64

  /// What the workloads did, by directory.
  struct Result {
    var moments: [String: [Moment]] = [:]
    var syncs: [Sync] = []
  }

  /// Prepares a recording; the mount point and the repo will be in a folder.
  init(in folder: TemporaryFolder, seed: UInt64) throws {
    self.folder = folder
    self.seed = seed
    repo = "\(folder.path)/repo"
    logPath = "\(folder.path)/events"
  }

  func log() throws -> EventLog { try EventLog(path: logPath) }

  /// Mounts, works, and kills the process.
  func run(changes: Int) throws -> Result {
    let mount = try Mount(in: folder.path, repo: repo)
    let process = try start(mount)
    defer { mount.discard() }
    let workers = Self.directories.enumerated().map { index, name in
      RecordedWorkload(name, in: mount.path, logPath: logPath, seed: seed &* 10 &+ UInt64(index))
    }
    for worker in workers { try worker.prepare() }
    for worker in workers { worker.start(changes: changes / workers.count) }
    for worker in workers { try worker.waitForEnd() }
    try mount.crash()
    _ = try process.wait()
    var result = Result()
    for worker in workers {
      result.moments[worker.name] = worker.moments
      result.syncs += worker.syncs
    }
    return result
  }

  /// The variables that have a program recorded, which believes that the machine was started another time.
  static func environment(
    recording repo: String, to log: String, in folder: String, boot: String
  ) throws -> [String: String] {
    let library = "\(folder)/recorder.so"
    if access(library, F_OK) != 0 {
      try Shell.run(
        "gcc -O2 -Wall -Werror -shared -fPIC -o \"$library\" \"$source\"",
        environment: [
          "library": library, "source": "\(Binaries.checkout)/Tests/FaultTests/PowerLoss/Recorder/recorder.c",
        ])
    }
    let file = "\(folder)/boot_id"
    try MountTestSupport.write(Array("\(boot)-0000-0000-0000-000000000000\n".utf8), to: file)
    return ["LD_PRELOAD": library, "RECORDER_ROOT": repo, "RECORDER_LOG": log, "RECORDER_BOOT": file]
  }

  private func start(_ mount: Mount) throws -> Program {
    var command = mount.command
    command.insert("-f", at: 1)
    let recording = try Self.environment(recording: mount.repo, to: logPath, in: mount.folder, boot: "01234567")
    let process = try Program(command, environment: mount.environment.merging(recording) { $1 })
    let deadline = ContinuousClock.now + .seconds(60)
    while !isMounted(mount.path), ContinuousClock.now < deadline, isRunning(process.pid) { usleep(10_000) }
    guard isMounted(mount.path) else { throw try process.wait() }
    try mount.noteProcess()
    return process
  }
}

/// One of the workloads of a recording. Its thread alone uses it until it has ended.
private final class RecordedWorkload: @unchecked Sendable {
  let name: String
  private(set) var moments: [Recording.Moment] = []
  private(set) var syncs: [Recording.Sync] = []
  private let root: String
  private let logPath: String
  private var generator: Generator
  private let workload: Workload
  private var failure: (any Error)?
  private let finished = DispatchSemaphore(value: 0)

  init(_ name: String, in root: String, logPath: String, seed: UInt64) {
    self.name = name
    self.root = root
    self.logPath = logPath
    generator = Generator(state: seed &* 77)
    workload = Workload(directory: "\(root)/\(name)", seed: seed)
  }

  /// Makes the directory, and what it holds last.
  func prepare() throws {
    try check(mkdir(workload.directory, 0o755))
    try sync(root, O_RDONLY | O_DIRECTORY)
  }

  func start(changes: Int) {
    Thread.detachNewThread { [self] in
      do {
        for number in 0..<changes {
          // The tree is left alone for long enough to be committed and checkpointed, and for the commit to be, too.
          if number % (changes / 4) == changes / 8 { usleep(2_600_000) }
          try step()
        }
      } catch {
        failure = error
      }
      finished.signal()
    }
  }

  func waitForEnd() throws {
    guard finished.wait(timeout: .now() + 600) == .success else { throw SystemCallError(number: ETIMEDOUT) }
    if let failure { throw failure }
  }

  private func step() throws {
    switch generator.number(below: 100) {
    case ..<80:
      let operation = workload.nextOperation()
      let begun = monotonicTime()
      try workload.perform(operation)
      if case .write(_, _, _, isSynced: true) = operation { try note(syncedAt: begun) } else { try note() }
    case ..<90: try appendToLog()
    case ..<95:
      let files = workload.tree.filter { $0.value.kind == .file }.keys.sorted()
      guard !files.isEmpty else { return }
      try sync("\(workload.directory)/\(files[generator.number(below: files.count)])", O_RDONLY)
    default:
      let directories = [""] + workload.tree.filter { $0.value.kind == .directory }.keys.sorted()
      try sync(
        "\(workload.directory)/\(directories[generator.number(below: directories.count)])", O_RDONLY | O_DIRECTORY)
    }
  }

  /// Appends to a file several times, each time with a sync, through one descriptor.
  private func appendToLog() throws {
    let name = "log"
    let file = try File("\(workload.directory)/\(name)", O_WRONLY | O_CREAT | O_APPEND)
    var tree = workload.tree
    var node = tree[name] ?? TreeNode(kind: .file)
    for _ in 0..<4 {
      let line = randomBytes(generator.number(below: 3000) + 1, seed: generator.next())
      let begun = monotonicTime()
      try file.write(line)
      try check(fdatasync(file.descriptor))
      node.content += line
      node.time = nil
      tree[name] = node
      workload.adopt(tree)
      try note(syncedAt: begun)
    }
    try file.close()
  }

  private func sync(_ path: String, _ flags: Int32) throws {
    let begun = monotonicTime()
    let file = try File(path, flags)
    try check(fsync(file.descriptor))
    try file.close()
    try note(syncedAt: begun)
  }

  private func note(syncedAt begun: UInt64? = nil) throws {
    let size = Int(try status(logPath).st_size)
    moments.append(Recording.Moment(tree: workload.tree, logSize: size, time: monotonicTime()))
    if let begun {
      syncs.append(Recording.Sync(begun: begun, logSize: size, directory: name, moment: moments.count - 1))
    }
  }
}
