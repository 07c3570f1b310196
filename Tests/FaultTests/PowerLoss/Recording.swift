import CFuse3
import Foundation
import Glibc
import MountTestSupport
import Synchronization

/// Workloads on a mount whose process runs under the recorder, and what was acknowledged when.
final class Recording: Sendable {
  /// A pin, and what it keeps.
  struct Pin: Equatable {
    let isRecursive: Bool
    /// By paths below the pin; a file by the path "".
    let content: [String: TreeNode]
  }

  /// What was in a workload's directory after a change, and what it had pinned, by CID.
  struct Moment {
    let tree: [String: TreeNode]
    let pins: [String: Pin]
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
  private let writing = SharedLock()

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
      RecordedWorkload(name, in: mount, logPath: logPath, writing: writing, seed: seed &* 10 &+ UInt64(index))
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

/// A lock that several hold together, or one alone.
private final class SharedLock: @unchecked Sendable {
  // Made for concurrent use; the pointer never changes.
  private let pointer = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)

  init() { pthread_rwlock_init(pointer, nil) }

  deinit {
    pthread_rwlock_destroy(pointer)
    pointer.deallocate()
  }

  func together<Result>(_ body: () throws -> Result) rethrows -> Result {
    pthread_rwlock_rdlock(pointer)
    defer { pthread_rwlock_unlock(pointer) }
    return try body()
  }

  func alone<Result>(_ body: () throws -> Result) rethrows -> Result {
    pthread_rwlock_wrlock(pointer)
    defer { pthread_rwlock_unlock(pointer) }
    return try body()
  }
}

/// One of the workloads of a recording. Its thread alone uses it until it has ended.
private final class RecordedWorkload: @unchecked Sendable {
  let name: String
  private(set) var moments: [Recording.Moment] = []
  private(set) var syncs: [Recording.Sync] = []
  private let root: String
  private let repo: String
  private let logPath: String
  /// Held together by those who write, and alone by who asks for a directory's CID: that commits every file as far as it
  /// is written, and what a file may be after a loss of power would be much more.
  private let writing: SharedLock
  private var pins: [String: Recording.Pin] = [:]
  private var generator: Generator
  private let workload: Workload
  private var failure: (any Error)?
  private let finished = DispatchSemaphore(value: 0)

  init(_ name: String, in mount: Mount, logPath: String, writing: SharedLock, seed: UInt64) {
    self.name = name
    root = mount.path
    repo = mount.repo
    self.logPath = logPath
    self.writing = writing
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
    case ..<70:
      let operation = workload.nextOperation()
      let begun = monotonicTime()
      try writing.together { try workload.perform(operation) }
      if case .write(_, _, _, isSynced: true) = operation { try note(syncedAt: begun) } else { try note() }
    case ..<78: try writing.alone { try pin() }
    case ..<80: try collect()
    case ..<90: try writing.together { try appendToLog() }
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

  private static let mostPins = 8
  private static let mostPinnedBytes = 3 << 20

  /// Pins or unpins a file or directory, as it is now or as it was.
  private func pin() throws {
    if pins.count >= Self.mostPins || !pins.isEmpty && generator.number(below: 4) == 0 {
      let cid = pins.keys.sorted()[generator.number(below: pins.count)]
      try check(removexattr("\(root)/.ipfs/\(cid)", "user.ipfs.pin"))
      pins[cid] = nil
      return try note()
    }
    let paths = [""] + workload.tree.filter { $0.value.kind != .link }.keys.sorted()
    let path = paths[generator.number(below: paths.count)]
    let content = content(at: path)
    // What little there is in it, the other workload may have as well.
    guard content.values.contains(where: { $0.content.lazy.filter { $0 != 0 }.prefix(16).count == 16 }),
      content.values.reduce(0, { $0 + $1.content.count }) < Self.mostPinnedBytes
    else { return }
    let full = "\(workload.directory)/\(path)"
    let cid = try cid(full)
    if pins[cid]?.isRecursive ?? false {
      try check(removexattr(full, "user.ipfs.pin"))
      pins[cid] = nil
    } else {
      let isRecursive = pins[cid] != nil || generator.number(below: 3) > 0
      let kind = isRecursive ? "recursive" : "direct"
      try check(setxattr(full, "user.ipfs.pin", kind, kind.utf8.count, 0))
      pins[cid] = Recording.Pin(isRecursive: isRecursive, content: content)
    }
    try note()
  }

  /// What a CID tells of a path: kinds and content.
  private func content(at path: String) -> [String: TreeNode] {
    let prefix = path.isEmpty ? "" : path + "/"
    var result: [String: TreeNode] = [:]
    for (name, node) in workload.tree where name == path || name.hasPrefix(prefix) {
      guard name != path || node.kind == .file else { continue }
      result[String(name.dropFirst(prefix.count))] = TreeNode(kind: node.kind, content: node.content)
    }
    return result
  }

  /// Has garbage collected while the others go on.
  private func collect() throws {
    let outcome = try Program([Binaries.swipfs, "repo", "gc", "--repo", repo]).wait()
    guard outcome.code == 0 else { throw outcome }
    try note()
  }

  /// Appends to a file several times, each time with a sync, through one descriptor.
  private func appendToLog() throws {
    let name = "log"
    // Something else may have changed places with it.
    guard workload.tree[name].map({ $0.kind == .file }) ?? true else { return }
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
    moments.append(
      Recording.Moment(tree: workload.tree, pins: pins, logSize: size, time: monotonicTime()))
    if let begun {
      syncs.append(Recording.Sync(begun: begun, logSize: size, directory: name, moment: moments.count - 1))
    }
  }
}
