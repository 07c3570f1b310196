import CFuse3
import Glibc
import MountTestSupport
import Multiformats
import TestSupport
import Testing
import UnixFS

/// Makes random calls on two sides and compares what they do.
final class RandomCalls {
  /// How large things get.
  struct Limits: Sendable {
    let name: String
    let profile: ImportProfile
    let largestFile: Int
    let largestWrite: Int

    static let standard = Limits(
      name: "1 MiB chunks", profile: .unixfsV1_2025, largestFile: 4 << 20, largestWrite: 200_000)
    static let deep: Limits = {
      guard
        let profile = try? ImportProfile(
          chunker: .fixed(256), cidVersion: .v1, rawLeaves: true, maxFileLinks: 4,
          sharding: ImportProfile.unixfsV1_2025.sharding)
      else { preconditionFailure("the profile is valid") }
      return Limits(name: "256-byte chunks", profile: profile, largestFile: 1 << 20, largestWrite: 12_000)
    }()
  }

  /// The sides differ.
  struct Difference: Error, CustomStringConvertible {
    let description: String
  }

  private struct Handle {
    var reads: Bool
    var writes: Bool
    var appends: Bool
  }

  private let seed: UInt64
  private let limits: Limits
  private let sides: [CallSide]
  private var handles: [Handle] = []
  private(set) var count = 0
  /// The last calls, for who has to find out what was wrong.
  private var recent: [String] = []
  /// How often each kind of call ended with which errno.
  private(set) var outcomes: [String: [Int32: Int]] = [:]
  var random: SeededGenerator

  private static let mostHandles = 12

  init(seed: UInt64, limits: Limits, on side: CallSide, and other: CallSide) {
    self.seed = seed
    self.limits = limits
    sides = [side, other]
    random = SeededGenerator(seed: seed)
  }

  /// Makes one random call.
  func step() throws {
    count += 1
    switch pick(0..<100) {
    case 0..<9: try openFile()
    case 9..<12: try closeFile()
    case 12..<15: try makeDirectory()
    case 15..<17: try makeLink()
    case 17..<22: try remove()
    case 22..<29: try move()
    case 29..<46: try write()
    case 46..<52: try readBytes()
    case 52..<57: try truncateFile()
    case 57..<62: try allocate()
    case 62..<67: try copy()
    case 67..<71: try seek()
    case 71..<73: try map()
    case 73..<80: try attributes()
    case 80..<86: try extendedAttributes()
    case 86..<96: try look()
    case 96..<99: try list()
    default: try synchronize()
    }
  }

  // MARK: Names

  private func openFile() throws {
    guard handles.count < Self.mostHandles else { return try closeFile() }
    let path = randomPath()
    let access = [O_RDWR, O_RDWR, O_RDWR, O_WRONLY, O_RDONLY][pick(0..<5)]
    var flags = access
    if pick(0..<3) > 0 { flags |= O_CREAT }
    if pick(0..<6) == 0 { flags |= O_EXCL }
    if pick(0..<8) == 0 { flags |= O_TRUNC }
    let appends = pick(0..<4) == 0
    if appends { flags |= O_APPEND }
    let outcome = try both("open", "\(path) \(flags)") { side in
      side.files.append(try File(side.path(path), flags, mode: 0o640))
      return (0, [])
    }
    guard outcome.error == 0 else { return }
    if try (sides[1].files.last?.status().st_mode ?? 0) & S_IFMT == S_IFDIR {
      for side in sides { try side.files.removeLast().close() }
      return
    }
    handles.append(Handle(reads: access != O_WRONLY, writes: access != O_RDONLY, appends: appends))
  }

  private func closeFile() throws {
    guard !handles.isEmpty else { return }
    let index = pick(handles.indices)
    handles.remove(at: index)
    try both("close", "\(index) of \(handles.count + 1)") { side in
      try side.files.remove(at: index).close()
      return (0, [])
    }
  }

  private func makeDirectory() throws {
    let path = randomPath()
    try both("mkdir", path) { (Int(try check(mkdir($0.path(path), 0o750))), []) }
  }

  private func makeLink() throws {
    let (path, target) = (randomPath(), randomName())
    try both("symlink", "\(path) to \(target)") { (Int(try check(symlink(target, $0.path(path)))), []) }
  }

  private func remove() throws {
    let path = randomPath()
    if pick(0..<3) == 0 {
      try both("rmdir", path) { (Int(try check(rmdir($0.path(path)))), []) }
    } else {
      try both("unlink", path) { (Int(try check(unlink($0.path(path)))), []) }
    }
  }

  private func move() throws {
    let (path, newPath) = (randomPath(), randomPath())
    let flags = [0, 0, 0, RenameFlag.noReplace, RenameFlag.exchange, RenameFlag.exchange][pick(0..<6)]
    try both("rename \(flags)", "\(path) to \(newPath)") { side in
      (Int(try check(rename(side.path(path), side.path(newPath), flags: flags))), [])
    }
  }

  // MARK: Content

  private func write() throws {
    guard let index = randomHandle() else { return }
    let size = try size(index)
    let offset = randomOffset(size)
    let bytes = randomBytes(min(randomLength(), limits.largestFile - offset), seed: random.next())
    if handles[index].appends {
      guard size < limits.largestFile else { return }
      // Linux appends whatever the offset.
      try both("append", "\(index), \(bytes.count)") { side in
        try side.files[index].write(bytes)
        return (0, [])
      }
    } else {
      try both("pwrite", "\(index) at \(offset), \(bytes.count)") { side in
        try side.files[index].write(bytes, at: offset)
        return (0, [])
      }
    }
  }

  private func readBytes() throws {
    guard let index = randomHandle() else { return }
    let offset = randomOffset(try size(index))
    let count = randomLength() * 3
    try both("pread", "\(index) at \(offset), \(count)") { (0, try $0.files[index].read(count, at: offset)) }
  }

  private func truncateFile() throws {
    if pick(0..<2) == 0, let index = randomHandle() {
      let length = randomOffset(try size(index))
      try both("ftruncate", "\(index) to \(length)") { side in
        (Int(try check(ftruncate(side.files[index].descriptor, length))), [])
      }
    } else {
      let path = randomPath()
      var length = randomOffset(limits.largestFile / 4)
      // Whether a size that a file has changes its time differs (POSIXTests/timesOfATruncationThatCutsNothing).
      if (try? status(sides[1].path(path)).st_size) == length { length += 1 }
      try both("truncate", "\(path) to \(length)") { (Int(try check(truncate($0.path(path), length))), []) }
    }
  }

  private func allocate() throws {
    guard let index = randomHandle() else { return }
    let offset = randomOffset(try size(index))
    let length = max(1, min(pick(0..<3) == 0 ? limits.largestFile / 3 : randomLength(), limits.largestFile - offset))
    let punch = AllocationFlag.punchHole | AllocationFlag.keepSize
    let mode = [
      0, AllocationFlag.keepSize, punch, punch, punch, AllocationFlag.zeroRange,
      AllocationFlag.zeroRange | AllocationFlag.keepSize, AllocationFlag.punchHole,
    ][pick(0..<8)]
    try both(
      mode == AllocationFlag.punchHole ? "fallocate wrongly" : "fallocate", "\(index) \(mode) at \(offset), \(length)"
    ) { side in
      (Int(try check(side.files[index].allocate(mode, offset, length))), [])
    }
  }

  private func copy() throws {
    guard let source = randomHandle(), let target = randomHandle() else { return }
    let size = try size(source)
    var (offset, newOffset) = (randomOffset(size), randomOffset(try self.size(target)))
    var length = pick(0..<2) == 0 ? size : randomLength() * 2
    if pick(0..<3) == 0 { (offset, newOffset) = (0, 0) }
    length = max(0, min(length, limits.largestFile - newOffset))
    try both("copy_file_range", "\(source) at \(offset) to \(target) at \(newOffset), \(length)") { side in
      let (from, to) = (side.files[source].descriptor, side.files[target].descriptor)
      return (try copyRange(from, offset, to, newOffset, length), [])
    }
  }

  /// Where holes are may differ, but none has data in it, and errors are the same.
  private func seek() throws {
    guard let index = randomHandle() else { return }
    let size = try size(index)
    let offset = pick(0..<10) == 0 ? size : randomOffset(size)
    let flag = pick(0..<2) == 0 ? SeekFlag.data : SeekFlag.hole
    let file = sides[0].files[index].descriptor
    let position = lseek(file, offset, flag)
    let error = position == -1 ? errno : 0
    note("lseek", error)
    if offset >= size || (position == -1 && flag == SeekFlag.hole) {
      guard offset >= size, error == ENXIO else { throw difference("lseek \(index) \(offset) \(flag): \(position)") }
      return
    }
    guard handles[index].reads else { return }
    let end = position == -1 ? size : position
    if flag == SeekFlag.data {
      let skipped = try sides[1].files[index].read(end - offset, at: offset)
      guard skipped.allSatisfy({ $0 == 0 }) else {
        throw difference("data skipped in \(index) from \(offset) to \(end)")
      }
    } else if end < size {
      guard try sides[1].files[index].read(1, at: end) == [0] else {
        throw difference("no hole in \(index) at \(end)")
      }
    }
  }

  private func map() throws {
    guard let index = randomHandle() else { return }
    let size = try size(index)
    guard size > 0, handles[index].reads else { return }
    let page = pick(0..<(size + 4095) / 4096) * 4096
    let bytes = randomBytes(min(size - page, pick(1..<9000)), seed: random.next())
    let first = pick(0..<bytes.count)
    try both("mmap", "\(index) at \(page), \(first)..<\(bytes.count)") { side in
      let file = side.files[index].descriptor
      let memory = mmap(nil, bytes.count, PROT_READ | PROT_WRITE, MAP_SHARED, file, page)
      guard let memory, memory != MAP_FAILED else { throw SystemCallError(number: errno) }
      defer { munmap(memory, bytes.count) }
      for position in first..<bytes.count {
        memory.storeBytes(of: bytes[position], toByteOffset: position, as: UInt8.self)
      }
      return (Int(try check(msync(memory, bytes.count, MS_SYNC))), [])
    }
  }

  private func synchronize() throws {
    guard pick(0..<4) == 0, let index = randomHandle() else { return }
    let isWhole = pick(0..<2) == 0
    try both("fsync", "\(index)") { side in
      let file = side.files[index].descriptor
      return (Int(try check(isWhole ? fsync(file) : fdatasync(file))), [])
    }
  }

  // MARK: Attributes

  private func attributes() throws {
    let path = randomPath()
    switch pick(0..<5) {
    case 0:
      let mode = mode_t(pick(0..<0o1000))
      try both("chmod", "\(path) \(mode)") { (Int(try check(chmod($0.path(path), mode))), []) }
    case 1:
      let (uid, gid) = (uid_t(pick(0..<3)), gid_t(pick(0..<3)))
      try both("lchown", path) { (Int(try check(lchown($0.path(path), uid, gid))), []) }
    case 2:
      guard let index = randomHandle() else { return }
      let mode = mode_t(pick(0..<0o1000))
      try both("fchmod", "\(index) \(mode)") { (Int(try check(fchmod($0.files[index].descriptor, mode))), []) }
    case 3:
      guard let index = randomHandle() else { return }
      let times = [timespec(tv_sec: 1, tv_nsec: 0), timespec(tv_sec: pick(0..<999_999_999), tv_nsec: pick(0..<1000))]
      try both("futimens", "\(index) \(times[1].tv_sec)") { side in
        try check(futimens(side.files[index].descriptor, times))
        return (0, CallSide.describe(try side.files[index].status()))
      }
    default:
      let time = pick(0..<999_999_999) * 1_000_000_000 + pick(0..<1_000_000_000)
      try both("utimensat", "\(path) \(time)") { side in
        try setModified(side.path(path), time)
        return (0, CallSide.describe(try status(side.path(path))))
      }
    }
  }

  private func extendedAttributes() throws {
    let (path, name) = (randomPath(), "user.\(randomName())")
    let value = randomBytes(pick(0..<60), seed: random.next())
    switch pick(0..<4) {
    case 0, 1:
      // XATTR_CREATE and XATTR_REPLACE.
      let flags = Int32(pick(0..<3))
      try both("setxattr", "\(path) \(name) \(flags)") { side in
        (Int(try check(lsetxattr(side.path(path), name, value, value.count, flags))), [])
      }
    case 2: try both("getxattr", "\(path) \(name)") { (0, try attribute(name, $0.path(path))) }
    default:
      try both("removexattr", "\(path) \(name)") { (Int(try check(lremovexattr($0.path(path), name))), []) }
    }
  }

  private func look() throws {
    if pick(0..<3) == 0, let index = randomHandle() {
      try both("fstat", "\(index)") { (0, CallSide.describe(try $0.files[index].status())) }
      return
    }
    let path = randomPath()
    switch pick(0..<6) {
    case 0: try both("readlink", path) { (0, try $0.target(of: path)) }
    case 1:
      let mode = Int32(pick(0..<8))
      try both("access", "\(path) \(mode)") { (Int(try check(access($0.path(path), mode))), []) }
    default: try both("lstat", path) { (0, CallSide.describe(try status($0.path(path)))) }
    }
  }

  private func list() throws {
    let path = pick(0..<3) == 0 ? "" : randomPath()
    try both("readdir", path) { (0, Array(try $0.names(in: path).joined(separator: [0]))) }
  }

  // MARK: The whole

  /// Closes every handle.
  func closeAll() throws {
    while !handles.isEmpty { try closeFile() }
  }

  /// Compares everything there is.
  func compareTrees() throws {
    let paths = try sides[1].tree()
    guard try sides[0].tree() == paths else { throw difference("the trees differ") }
    for path in paths {
      try both("compare", path) { side in
        let status = try MountTestSupport.status(side.path(path))
        var bytes = CallSide.describe(status) + (try side.attributes(of: path))
        switch status.st_mode & S_IFMT {
        case S_IFREG: bytes += try read(side.path(path))
        case S_IFLNK: bytes += try side.target(of: path)
        default: break
        }
        return (0, bytes)
      }
    }
  }

  // MARK: Choosing

  private func pick<Numbers: Collection<Int>>(_ numbers: Numbers) -> Int {
    numbers.randomElement(using: &random) ?? 0
  }

  private func randomName() -> String { ["a", "b", "c", "d", "é"][pick(0..<5)] }

  private func randomPath() -> String {
    (0..<[1, 1, 2, 2, 2, 3][pick(0..<6)]).map { _ in randomName() }.joined(separator: "/")
  }

  private func randomHandle() -> Int? { handles.isEmpty ? nil : pick(handles.indices) }

  private func size(_ index: Int) throws -> Int { Int(try sides[1].files[index].status().st_size) }

  private func randomLength() -> Int {
    switch pick(0..<10) {
    case 0: pick(1..<limits.largestWrite)
    case 1..<5: pick(1..<200)
    default: pick(1..<5000)
    }
  }

  /// Mostly in the file, and often where chunks begin.
  private func randomOffset(_ size: Int) -> Int {
    let offset: Int
    switch pick(0..<8) {
    case 0: offset = pick(0..<limits.largestFile)
    case 1: offset = size
    case 2: offset = pick(0..<size + 1) / limits.profile.chunkSize * limits.profile.chunkSize
    case 3: offset = pick(0..<size + 1) / 4096 * 4096
    default: offset = pick(0..<size + 5000)
    }
    return min(offset, limits.largestFile - 1)
  }

  // MARK: Comparing

  @discardableResult
  private func both(
    _ kind: String, _ call: String, _ body: (CallSide) throws -> (Int, [UInt8])
  ) throws -> CallOutcome {
    let outcome = CallOutcome { try body(sides[0]) }
    let expected = CallOutcome { try body(sides[1]) }
    note(kind, expected.error)
    recent = recent.suffix(40) + ["\(count): \(kind) \(call): \(expected.error)"]
    guard outcome == expected else { throw difference("\(kind) \(call): \(outcome), locally \(expected)") }
    return outcome
  }

  private func note(_ kind: String, _ error: Int32) {
    outcomes[kind, default: [:]][error, default: 0] += 1
  }

  private func difference(_ text: String) -> Difference {
    Difference(description: "seed \(seed), call \(count): \(text)\n\(recent.joined(separator: "\n"))")
  }
}
