import Foundation
import Glibc
import MountTestSupport

/// A workload on a mount whose process runs under the recorder, and what was acknowledged when.
final class Recording {
  /// What was in the workload's directory at one moment.
  struct Moment {
    var tree: [String: TreeNode]
    /// How many bytes the log had then.
    var logSize: Int
    /// Whether a sync had just returned.
    var isSynced: Bool
  }

  /// The directory in the root that the workload changes.
  static let directory = "w"

  /// What was there after each change.
  private(set) var moments: [Moment] = []
  private let mount: Mount
  private let logPath: String
  private var generator: Generator
  private let workload: Workload

  /// Prepares a mount in a folder; the repo is `repo` in there.
  init(in folder: TemporaryFolder, seed: UInt64) throws {
    mount = try Mount(in: folder.path)
    logPath = "\(folder.path)/events"
    generator = Generator(state: seed &* 77)
    workload = Workload(directory: "\(mount.path)/\(Self.directory)", seed: seed)
  }

  var repo: String { mount.repo }

  func log() throws -> EventLog { try EventLog(path: logPath) }

  /// Mounts, works, and kills the process.
  func run(changes: Int) throws {
    let process = try start()
    defer { mount.discard() }
    try check(mkdir(workload.directory, 0o755))
    try sync(mount.path, O_RDONLY | O_DIRECTORY)
    try note(isSynced: true)
    for number in 0..<changes {
      // The tree is left alone for long enough to be committed and checkpointed, then for the commit to be synced.
      if number % (changes / 4) == changes / 8 { usleep(2_600_000) }
      try step()
    }
    try mount.crash()
    _ = try process.wait()
  }

  private func start() throws -> Program {
    let library = "\(mount.folder)/recorder.so"
    try Shell.run(
      "gcc -O2 -Wall -Werror -shared -fPIC -o \"$library\" \"$source\"",
      environment: [
        "library": library, "source": "\(Binaries.checkout)/Tests/FaultTests/PowerLoss/Recorder/recorder.c",
      ])
    let boot = "\(mount.folder)/boot_id"
    try MountTestSupport.write(Array("01234567-89ab-cdef-0123-456789abcdef\n".utf8), to: boot)
    var command = mount.command
    command.insert("-f", at: 1)
    let process = try Program(
      command,
      environment: mount.environment.merging([
        "LD_PRELOAD": library, "RECORDER_ROOT": mount.repo, "RECORDER_LOG": logPath, "RECORDER_BOOT": boot,
      ]) { $1 })
    let deadline = ContinuousClock.now + .seconds(60)
    while !isMounted(mount.path), ContinuousClock.now < deadline, isRunning(process.pid) { usleep(10_000) }
    guard isMounted(mount.path) else { throw try process.wait() }
    try mount.noteProcess()
    return process
  }

  private func step() throws {
    switch generator.number(below: 100) {
    case ..<80:
      let operation = workload.nextOperation()
      try workload.perform(operation)
      if case .write(_, _, _, isSynced: true) = operation { return try note(isSynced: true) }
      return try note(isSynced: false)
    case ..<90: try appendToLog()
    case ..<95:
      let files = workload.tree.filter { $0.value.kind == .file && $0.value.mode ?? 0o600 & 0o400 != 0 }.keys.sorted()
      guard !files.isEmpty else { return }
      try sync("\(workload.directory)/\(files[generator.number(below: files.count)])", O_RDONLY)
    default:
      let directories = [""] + workload.tree.filter { $0.value.kind == .directory }.keys.sorted()
      try sync(
        "\(workload.directory)/\(directories[generator.number(below: directories.count)])", O_RDONLY | O_DIRECTORY)
    }
    try note(isSynced: true)
  }

  /// Appends to a file several times, each time with a sync, through one descriptor.
  private func appendToLog() throws {
    let name = "log"
    let file = try File("\(workload.directory)/\(name)", O_WRONLY | O_CREAT | O_APPEND)
    var tree = workload.tree
    var node = tree[name] ?? TreeNode(kind: .file)
    for _ in 0..<4 {
      let line = randomBytes(generator.number(below: 3000) + 1, seed: generator.next())
      try file.write(line)
      try check(fdatasync(file.descriptor))
      node.content += line
      node.time = nil
      tree[name] = node
      workload.adopt(tree)
      try note(isSynced: true)
    }
    try file.close()
  }

  private func sync(_ path: String, _ flags: Int32) throws {
    let file = try File(path, flags)
    try check(fsync(file.descriptor))
    try file.close()
  }

  private func note(isSynced: Bool) throws {
    moments.append(
      Moment(tree: workload.tree, logSize: Int(try status(logPath).st_size), isSynced: isSynced))
  }
}
