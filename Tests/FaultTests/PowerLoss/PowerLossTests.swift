import Foundation
import Glibc
import MountTestSupport
import Testing

/// A loss of power takes nothing that was synced, and leaves a tree that is whole.
///
/// A workload runs on a mount whose process is recorded: what it writes, and what it syncs. From the log follows what a
/// disk has to have at each moment, and what it may have. Such states are made and opened.
@Suite(.oneAtATime(minutes: 30), .serialized, .enabled(if: canMount))
struct PowerLossTests {
  private static let environment = ProcessInfo.processInfo.environment
  /// Seeds of the workloads: one, or those that `POWER_LOSS_SEEDS` names.
  private static let seeds = environment["POWER_LOSS_SEEDS"]?.split(separator: ",").compactMap { UInt64($0) } ?? [1]
  private static let changes = environment["POWER_LOSS_CHANGES"].flatMap { Int($0) } ?? 240
  /// Moments between syncs that are tried.
  private static let randomMoments = environment["POWER_LOSS_MOMENTS"].flatMap { Int($0) } ?? 120

  /// Where states are made: in memory if there is room, for they are many.
  private static let scratch = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"

  @Test(arguments: seeds)
  func recoversFromEachState(seed: UInt64) async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let recording = try Recording(in: folder, seed: seed)
    let result = try recording.run(changes: Self.changes)
    let log = try recording.log()
    try expectComplete(log, recording.repo, folder.path)

    let states = try states(of: result, log, seed)
    var disk = DiskModel(log)
    for (number, state) in states.enumerated() {
      try disk.advance(to: state.events)
      let path = "\(Self.scratch)/swipfs-power-\(getpid())"
      defer { _ = try? Shell.run("rm -rf \"$path\"", environment: ["path": path]) }
      try disk.write(to: path, state.survivors)
      let problems = await problems(
        of: path, state, result, collects: number % 2 == 0, goesOn: number % 5 == 0)
      #expect(problems.isEmpty, "seed \(seed), \(state):\n\(problems.prefix(20).joined(separator: "\n"))")
      if !problems.isEmpty, let kept = Self.environment["POWER_LOSS_KEEP"] {
        try disk.write(to: "\(kept)/\(seed)-\(number)", state.survivors)
      }
    }
    try await expectRecoveryCanBeCutShort(states, result, log, folder, seed)
    // On a disk that forgets one kind of file the same states must not pass.
    for forgotten in ["blocks/", "spool/", "swipfs.db-wal"] {
      let isNoticed = try await isNoticed(forgotten, states.filter(\.isAtSync), result, log)
      #expect(isNoticed, "seed \(seed): nothing depends on the syncs of \(forgotten)")
    }
    print(
      "power loss, seed \(seed): \(result.moments.values.reduce(0) { $0 + $1.count }) changes and",
      "\(log.data.count >> 20) MiB written; \(states.count) states, \(states.count { $0.isAtSync }) of them at a sync")
  }

  /// That a loss of power during the recovery from another, or during a collection that follows, does no more harm.
  private func expectRecoveryCanBeCutShort(
    _ states: [State], _ result: Recording.Result, _ log: EventLog, _ folder: TemporaryFolder, _ seed: UInt64
  ) async throws {
    var disk = DiskModel(log)
    var generator = Generator(state: seed &+ 10)
    for (index, state) in states.filter({ !$0.isAtSync }).enumerated() where index % 16 == 0 {
      try disk.advance(to: state.events)
      let path = "\(Self.scratch)/swipfs-power-\(getpid())"
      let events = "\(folder.path)/recovery-events"
      defer { _ = try? Shell.run("rm -rf \"$path\" \"$events\"", environment: ["path": path, "events": events]) }
      try disk.write(to: path, state.survivors)
      let copy = "\(folder.path)/recovery"
      try Shell.run("rm -rf \"$copy\"; cp -r \"$path\" \"$copy\"", environment: ["path": path, "copy": copy])
      let outcome = try Program(
        [Binaries.swipfs, "repo", index % 32 == 0 ? "gc" : "verify", "--repo", path],
        environment: try Recording.environment(recording: path, to: events, in: folder.path, boot: "fedcba98")
      ).wait()
      #expect(outcome.code == 0, "\(outcome)")
      let recovery = try EventLog(path: events)
      for number in 0..<6 {
        var second = try DiskModel(recovery, holding: copy)
        try second.advance(to: generator.number(below: recovery.events.count + 1))
        _ = try Shell.run("rm -rf \"$path\"", environment: ["path": path])
        let survivors: DiskModel.Survivors =
          number % 2 == 0 ? .nothing : .pages(Generator(state: generator.next()))
        try second.write(to: path, survivors)
        let problems = await problems(of: path, state, result, collects: number == 4, goesOn: number == 5)
        #expect(
          problems.isEmpty,
          "seed \(seed), \(state), then cut after \(second.position) of \(recovery.events.count):\n\(problems)")
      }
    }
  }

  /// A state to be made and opened.
  private struct State: CustomStringConvertible {
    let events: Int
    let survivors: DiskModel.Survivors
    let isAtSync: Bool
    /// Of each directory the last moment that was synced, and the last that may be there.
    var windows: [String: ClosedRange<Int>]

    var description: String {
      let kind =
        switch survivors {
        case .nothing: "what was synced"
        case .everything: "everything"
        case .prefixes: "some changes"
        case .pages: "some pages"
        }
      return "\(kind) after \(events) events, moments \(windows)"
    }
  }

  private func state(
    _ events: Int, logSize: Int, _ survivors: DiskModel.Survivors, isAtSync: Bool, _ result: Recording.Result
  ) -> State {
    let syncs = result.syncs.filter { $0.logSize <= logSize }
    let synced = syncs.map(\.begun).max() ?? 0
    let windows = result.moments.map { directory, moments in
      // What had returned when the last sync was asked for, and what a sync of its own came with.
      let returned = moments.lastIndex { $0.time <= synced } ?? 0
      let own = syncs.filter { $0.directory == directory }.map(\.moment).max() ?? 0
      let first = max(returned, own)
      let last = moments.firstIndex { $0.logSize > logSize } ?? moments.count - 1
      return (directory, first...max(first, last))
    }
    return State(
      events: events, survivors: survivors, isAtSync: isAtSync, windows: Dictionary(uniqueKeysWithValues: windows))
  }

  private func states(of result: Recording.Result, _ log: EventLog, _ seed: UInt64) throws -> [State] {
    var states = result.syncs.map { sync -> State in
      var state = state(log.count(at: sync.logSize), logSize: sync.logSize, .nothing, isAtSync: true, result)
      // Nothing was under way in its own directory.
      state.windows[sync.directory] = sync.moment...sync.moment
      return state
    }
    var generator = Generator(state: seed &+ 9)
    // Once the directories are there.
    let begin = log.count(at: try #require(result.moments.values.compactMap(\.first?.logSize).max()))
    for number in 0..<Self.randomMoments {
      let events = begin + generator.number(below: log.events.count - begin + 1)
      let survivors: DiskModel.Survivors =
        switch number % 3 {
        case 0: .nothing
        case 1: .prefixes(Generator(state: generator.next()))
        default: .pages(Generator(state: generator.next()))
        }
      states.append(state(events, logSize: log.ends[events - 1], survivors, isAtSync: false, result))
    }
    return states.sorted { $0.events < $1.events }
  }

  /// Whether any state fails of a disk that does not sync files whose path begins so.
  private func isNoticed(
    _ forgotten: String, _ states: [State], _ result: Recording.Result, _ log: EventLog
  ) async throws -> Bool {
    var disk = DiskModel(log, unsyncable: forgotten)
    for state in states {
      try disk.advance(to: state.events)
      let path = "\(Self.scratch)/swipfs-power-\(getpid())"
      defer { _ = try? Shell.run("rm -rf \"$path\"", environment: ["path": path]) }
      try disk.write(to: path, .nothing)
      if await !problems(of: path, state, result, collects: false, goesOn: false).isEmpty { return true }
    }
    return false
  }

  /// That nothing escaped the recorder: with everything on the disk, the model is the repo.
  private func expectComplete(_ log: EventLog, _ repo: String, _ folder: String) throws {
    var disk = DiskModel(log)
    try disk.advance(to: log.events.count)
    let path = "\(folder)/everything"
    try disk.write(to: path, .everything)
    let difference = try Shell.outcome(
      of: "diff -r --exclude=reserve --exclude='*-shm' --exclude=control --exclude=rpc \"$repo\" \"$path\"",
      environment: ["repo": repo, "path": path])
    #expect(difference.code == 0, "\(difference)")
  }

  /// Opens a repo and says what is wrong with it.
  private func problems(
    of path: String, _ state: State, _ result: Recording.Result, collects: Bool, goesOn: Bool
  ) async -> [String] {
    do {
      let repo = try await RecoveredRepo(path: path)
      // What is needed stays.
      if collects { try repo.collect() }
      var problems = compare(try await repo.pins(), state, result)
      var files: [(name: String, content: [UInt8])] = []
      for (directory, window) in state.windows.sorted(by: { $0.key < $1.key }) {
        let moments = (result.moments[directory] ?? [])[window]
        let found = try await repo.tree(below: directory)
        problems += compare(found, moments).map { "\(directory)/\($0)" }
        for node in moments.last?.tree.values.filter({ $0.kind == .file }) ?? [] {
          files.append((name: "again-\(files.count)", content: node.content))
        }
      }
      problems += try await repo.findings()
      guard goesOn else {
        try await repo.close()
        return problems
      }
      // What was lost is written again: its blocks may be there, and not be whole.
      try await repo.write(files)
      try await repo.close()
      let again = try await RecoveredRepo(path: path)
      try again.collect()
      problems += compare(try await again.pins(), state, result).map { "after going on: \($0)" }
      let after = try await again.tree(below: "")
      for file in files where after[file.name]?.content != file.content {
        problems.append("\(file.name) is not what was written after the recovery")
      }
      problems += try await again.findings().map { "after going on: \($0)" }
      try await again.close()
      return problems
    } catch {
      return ["\(error)"]
    }
  }

  /// What cannot be of pins, given which there were at the last sync and after each change since.
  private func compare(_ found: [String: Recording.Pin], _ state: State, _ result: Recording.Result) -> [String] {
    var problems: [String] = []
    var known: Set<String> = []
    for (directory, window) in state.windows.sorted(by: { $0.key < $1.key }) {
      let moments = (result.moments[directory] ?? [])[window]
      let cids = Set(moments.flatMap(\.pins.keys))
      known.formUnion(cids)
      for cid in cids.sorted() {
        let versions = moments.map { $0.pins[cid] }
        switch found[cid] {
        case nil where versions.contains { $0 == nil }: break
        case nil: problems.append("\(cid), pinned by \(directory), is not pinned any more")
        case let pin? where !versions.contains { $0?.isRecursive == pin.isRecursive }:
          problems.append("\(cid), pinned by \(directory), is pinned otherwise")
        case let pin? where pin.isRecursive && !versions.contains { $0?.content == pin.content }:
          problems.append("\(cid), pinned by \(directory), has not what was pinned")
        default: break
        }
      }
    }
    return problems + found.keys.filter { !known.contains($0) }.sorted().map { "\($0) is pinned, and was not" }
  }

  /// What cannot be, given what was there at the last sync and after each change since.
  private func compare(_ found: [String: TreeNode], _ moments: ArraySlice<Recording.Moment>) -> [String] {
    var problems: [String] = []
    var paths = Set(found.keys)
    for moment in moments { paths.formUnion(moment.tree.keys) }
    for path in paths.sorted() {
      var versions: [TreeNode?] = []
      for moment in moments where versions.isEmpty || versions.last != moment.tree[path] {
        versions.append(moment.tree[path])
      }
      if let problem = compare(found[path], versions) { problems.append("\(path) \(problem)") }
    }
    return problems
  }

  private func compare(_ found: TreeNode?, _ versions: [TreeNode?]) -> String? {
    if versions.count == 1 {
      switch (found, versions[0]) {
      case (nil, nil): return nil
      case (nil, .some): return "was synced and is missing"
      case (.some, nil): return "was not there, and is"
      case (let found?, let expected?):
        return found.matches(expected) ? nil : found.difference(from: expected)
      }
    }
    // It changed since: any of its states will do, and of a file that was written in place any mixture of them.
    guard let found else {
      return versions.contains { $0 == nil } ? nil : "was there all the time and is missing"
    }
    let same = versions.compactMap(\.self).filter { $0.kind == found.kind }
    guard !same.isEmpty else { return "was never a \(found.kind)" }
    guard found.kind == .file else { return same.contains { $0.content == found.content } ? nil : "is another" }
    // A file that was just made, before the first bytes were.
    if found.content.isEmpty, versions.contains(where: { $0 == nil }) { return nil }
    guard same.contains(where: { $0.content.count == found.content.count }) else {
      return "never had \(found.content.count) bytes, but \(same.map(\.content.count))"
    }
    if same.contains(where: { $0.content == found.content }) { return nil }
    let wrong = found.content.indices.first { index in
      !same.contains { index < $0.content.count && $0.content[index] == found.content[index] }
    }
    return wrong.map { "has a byte at \($0) of \(found.content.count) that was never there" }
  }
}
