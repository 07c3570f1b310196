import Foundation
import Glibc
import MountTestSupport
import Synchronization

/// One program among several that change files of their own directory on a mount until the mount dies under them.
///
/// It keeps a model of what each call that returned has made of the directory, and knows the one call that did not
/// return. Its thread alone uses the model; ``progress`` is for others to read.
final class Workload: @unchecked Sendable {
  /// A change that is under way. Times are those of the monotonic clock in nanoseconds.
  struct InFlight {
    let operation: Operation
    let begun: UInt64
  }

  /// How many calls returned, since when one has not, and whether one failed.
  struct Progress {
    var acknowledged = 0
    var begun: UInt64?
    var hasEnded = false
  }

  let directory: String
  /// What is there if all that returned holds, and nothing else.
  private(set) var tree: [String: TreeNode] = [:]
  private(set) var inFlight: InFlight?
  /// Why it ended, where it is not because the mount died.
  private(set) var unexpected: String?
  private let shared = Mutex(Progress())
  private var generator: Generator
  private var names = 0
  private let finished = DispatchSemaphore(value: 0)

  init(directory: String, seed: UInt64) {
    self.directory = directory
    generator = Generator(state: seed)
  }

  var progress: Progress { shared.withLock { $0 } }

  /// Works on a thread of its own until a call fails.
  func start() {
    inFlight = nil
    unexpected = nil
    shared.withLock { $0 = Progress() }
    Thread.detachNewThread { [self] in
      while step() {}
      shared.withLock { $0.hasEnded = true }
      finished.signal()
    }
  }

  /// Waits for its end. Returns whether that came in time.
  func waitForEnd() -> Bool {
    finished.wait(timeout: .now() + 60) == .success
  }

  /// Takes what was found as what is there from now on.
  func adopt(_ found: [String: TreeNode]) {
    tree = found
  }

  /// Makes a change, on this thread.
  func perform(_ operation: Operation) throws {
    try operation.perform(in: directory, tree)
    operation.apply(to: &tree)
  }

  private func step() -> Bool {
    let operation = nextOperation()
    let begun = monotonicTime()
    inFlight = InFlight(operation: operation, begun: begun)
    shared.withLock { $0.begun = begun }
    do {
      try operation.perform(in: directory, tree)
    } catch {
      // The mount died. Any other error is a failure of the test.
      let number = (error as? SystemCallError)?.number
      if number != ENOTCONN, number != ECONNABORTED, number != EIO { unexpected = "\(operation): \(error)" }
      return false
    }
    operation.apply(to: &tree)
    inFlight = nil
    shared.withLock { progress in
      progress.begun = nil
      progress.acknowledged += 1
    }
    return true
  }

  // MARK: What to do next

  /// Chooses a change that can be made of what is there.
  func nextOperation() -> Operation {
    let files = tree.filter { $0.value.kind == .file }.keys.sorted()
    let directories = tree.filter { $0.value.kind == .directory }.keys.sorted()
    let file = pick(files)
    // Few enough that all can be checked after each round.
    let hasMany = files.count > 60
    switch generator.number(below: 118) {
    case ..<30 where !hasMany: return .write(newPath(directories), content(), .create, isSynced: isRare(8))
    case ..<34: return .makeDirectory(newPath(directories.filter { !$0.contains("/") }))
    case ..<38: return .makeLink(newPath(directories), target: "target-\(generator.number(below: 1000))")
    case ..<48: if let file { return .write(file, content(), .truncate, isSynced: isRare(8)) }
    case ..<58:
      if let file {
        let offset = generator.number(below: (tree[file]?.content.count ?? 0) + 10_000)
        return .write(file, content(), .at(offset), isSynced: isRare(8))
      }
    case ..<64: if let file { return .write(file, content(), .append, isSynced: isRare(8)) }
    case ..<72: if let file { return .rename(file, newPath(directories)) }
    case ..<78: if let file, let other = pick(files), other != file { return .rename(file, other) }
    case ..<81: if let path = pick(directories), !path.contains("/") { return .rename(path, newPath([])) }
    case ..<84:
      let empty = directories.filter { path in !tree.keys.contains { $0.hasPrefix(path + "/") } }
      if let path = pick(empty) { return .remove(path) }
    case ..<86: if let path = pick(tree.filter { $0.value.kind == .link }.keys.sorted()) { return .remove(path) }
    case ..<89:
      if let file { return .truncate(file, generator.number(below: 2 * (tree[file]?.content.count ?? 0) + 100)) }
    case ..<92: if let file { return .setMode(file, mode_t(0o400 + generator.number(below: 0o400))) }
    case ..<94: if let file { return .setTime(file, 1_000_000_000 * generator.number(below: 1 << 30) + 123_456_789) }
    case ..<97:
      if let file { return .setAttribute(file, randomBytes(generator.number(below: 300), seed: generator.next())) }
    case ..<101: if let exchange { return exchange }
    case ..<107: if let file { return allocation(of: file) }
    case ..<115: if let file, !hasMany { return copy(of: file, files, directories) }
    default: break
    }
    if let file { return .remove(file) }
    return .write(newPath(directories), content(), .create, isSynced: false)
  }

  /// Any two nodes of which neither is in the other.
  private var exchange: Operation? {
    let paths = tree.keys.sorted()
    guard let path = pick(paths), let other = pick(paths) else { return nil }
    let isApart = path != other && !path.hasPrefix(other + "/") && !other.hasPrefix(path + "/")
    return isApart ? .exchange(path, other) : nil
  }

  private func allocation(of path: String) -> Operation {
    let size = tree[path]?.content.count ?? 0
    switch generator.number(below: 4) {
    case 0:
      let offset = generator.number(below: size + 10_000)
      return .allocate(path, offset..<offset + 1 + generator.number(below: 100_000), .grow)
    case 1:
      let offset = generator.number(below: size + 10_000)
      return .allocate(path, offset..<offset + 1 + generator.number(below: 100_000), .reserve)
    default:
      let offset = generator.number(below: size + 1)
      return .allocate(path, offset..<offset + 1 + generator.number(below: size + 10_000), .punch)
    }
  }

  /// Whole files and parts of them, to new and to existing ones.
  private func copy(of path: String, _ files: [String], _ directories: [String]) -> Operation {
    let size = tree[path]?.content.count ?? 0
    var range = 0..<max(1, size)
    if isRare(2) {
      let start = generator.number(below: size)
      range = start..<start + 1 + generator.number(below: size - start)
    }
    guard isRare(2), let other = pick(files), other != path else {
      return .copy(path, range, to: newPath(directories), at: isRare(2) ? 0 : generator.number(below: 100_000))
    }
    // Files that are copied to each other in turn would grow for ever.
    let end = tree[other]?.content.count ?? 0
    return .copy(path, range, to: other, at: end > 4 << 20 ? 0 : generator.number(below: end + 10_000))
  }

  private func isRare(_ one: Int) -> Bool { generator.number(below: one) == 0 }

  private func pick(_ paths: [String]) -> String? {
    paths.isEmpty ? nil : paths[generator.number(below: paths.count)]
  }

  private func newPath(_ directories: [String]) -> String {
    names += 1
    let parents = [""] + directories.map { $0 + "/" }
    return parents[generator.number(below: parents.count)] + "n\(names)"
  }

  /// Mostly small, sometimes of several blocks.
  private func content() -> [UInt8] {
    let size =
      switch generator.number(below: 100) {
      case ..<5: 0
      case ..<75: generator.number(below: 10_000)
      case ..<94: generator.number(below: 200_000)
      default: generator.number(below: 5_000_000)
      }
    return randomBytes(size, seed: generator.next())
  }
}

/// Random numbers that follow from a seed.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ state >> 29
  }

  mutating func number(below limit: Int) -> Int { Int.random(in: 0..<max(1, limit), using: &self) }
}

/// The monotonic clock in nanoseconds.
func monotonicTime() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
