import CFuse3
import Foundation
import Glibc
import MountTestSupport
import Testing

/// `kill -9` loses nothing that was acknowledged.
@Suite(.oneAtATime(minutes: 10), .serialized, .enabled(if: canMount))
struct CrashTests {
  private static let rounds = 30
  /// Changes that are acknowledged in each round, at least.
  private static let acknowledged = 100

  @Test func killedUnderLoad() throws {
    try withMount { mount in
      let workloads = (0..<4).map { Workload(directory: "\(mount.path)/w\($0)", seed: 1000 + UInt64($0)) }
      for workload in workloads { try MountTestSupport.check(mkdir(workload.directory, 0o755)) }
      var generator = Generator(state: 42)
      var counted = 0
      var attempts = 0
      while counted < Self.rounds {
        attempts += 1
        try #require(attempts <= 2 * Self.rounds, "too few kills hit a change under way")
        for workload in workloads { workload.start() }
        let killed = try kill(mount, under: workloads, after: generator.number(below: 300_000))
        for workload in workloads {
          try #require(workload.waitForEnd(), "a call did not return after the mount was killed")
          try #require(workload.unexpected == nil, "\(workload.unexpected ?? "")")
        }
        let wasUnderWay = workloads.contains { $0.inFlight.map { $0.begun < killed } ?? false }
        if wasUnderWay { counted += 1 }

        try mount.start()
        for workload in workloads {
          let problems = try check(workload)
          #expect(problems.isEmpty, "round \(attempts), \(workload.directory):\n\(problems.joined(separator: "\n"))")
        }
        #expect(try names(in: mount.path).count == workloads.count)
        if counted % 5 == 0 || counted == Self.rounds {
          // The CID of the whole needs every file's DAG.
          let root = try cid(mount.path)
          try mount.stop()
          try mount.verify()
          try mount.start()
          #expect(try cid(mount.path) == root)
        }
      }
      print("\(counted) rounds of kill -9 with a change under way, of \(attempts)")
    }
  }

  /// Kills the mount once enough was acknowledged and some more microseconds passed. Returns when that was.
  private func kill(_ mount: Mount, under workloads: [Workload], after delay: Int) throws -> UInt64 {
    let deadline = ContinuousClock.now + .seconds(120)
    while workloads.reduce(0, { $0 + $1.progress.acknowledged }) < Self.acknowledged {
      try #require(ContinuousClock.now < deadline, "the workload does not get on")
      usleep(500)
    }
    usleep(UInt32(delay))
    // As a change is under way.
    while !workloads.contains(where: { $0.progress.begun != nil }), ContinuousClock.now < deadline {}
    #expect(!workloads.contains { $0.progress.hasEnded }, "a call failed while the mount was alive")
    let time = monotonicTime()
    try mount.crash()
    return time
  }

  /// Compares what is there with what was acknowledged; of the change under way, either state will do. Returns what is
  /// wrong, and makes the workload go on from what was found.
  private func check(_ workload: Workload) throws -> [String] {
    let found = try scan(workload.directory)
    let before = workload.tree
    var after = before
    workload.inFlight?.operation.apply(to: &after)
    let written = workload.inFlight?.operation.written

    let problems = differences(found, before, except: written)
    var best = problems
    if !problems.isEmpty, workload.inFlight != nil {
      let others = differences(found, after, except: written)
      if others.count < problems.count { best = others }
    }
    if let written, let file = found[written] {
      best += blend(file, before[written], after[written] ?? file).map { ["\(written) \($0)"] } ?? []
    } else if let written, before[written] != nil {
      best.append("\(written) is missing")
    }
    if !best.isEmpty { best.append("under way: \(workload.inFlight.map { "\($0.operation)" } ?? "nothing")") }
    // What nobody set stays free; what was under way is as it was found.
    var model = differences(found, before, except: written).isEmpty ? before : after
    if let written {
      model[written] = found[written]
      model[written]?.time = nil
      model[written]?.mode = before[written]?.mode
    }
    workload.adopt(model)
    return best
  }

  private func differences(
    _ found: [String: TreeNode], _ expected: [String: TreeNode], except written: String?
  ) -> [String] {
    var result: [String] = []
    for (path, node) in expected where path != written {
      guard let actual = found[path] else {
        result.append("\(path) is missing")
        continue
      }
      if !actual.matches(node) { result.append("\(path) \(actual.difference(from: node))") }
    }
    for path in found.keys where expected[path] == nil && path != written {
      result.append("\(path) should not be there")
    }
    return result
  }

  /// Whether a file that was being written has nothing but its old and its new bytes, and zeros, page by page.
  private func blend(_ found: TreeNode, _ old: TreeNode?, _ new: TreeNode) -> String? {
    let old = old?.content ?? []
    guard found.kind == .file else { return "is no file" }
    guard found.content.count <= max(old.count, new.content.count) else { return "has grown to \(found.content.count)" }
    for index in found.content.indices {
      let byte = found.content[index]
      if byte == 0 || index < old.count && old[index] == byte { continue }
      if index < new.content.count && new.content[index] == byte { continue }
      return "has a byte at \(index) that was never written there"
    }
    return nil
  }

  /// Reads a whole tree.
  private func scan(_ root: String) throws -> [String: TreeNode] {
    var result: [String: TreeNode] = [:]
    var pending = [""]
    while let directory = pending.popLast() {
      for name in try names(in: "\(root)/\(directory)") {
        let path = directory + String(decoding: name, as: UTF8.self)
        let full = "\(root)/\(path)"
        let status = try status(full)
        var node: TreeNode
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
          node = TreeNode(kind: .directory)
          pending.append(path + "/")
        case S_IFLNK:
          var target = [CChar](repeating: 0, count: 4096)
          let count = try MountTestSupport.check(readlink(full, &target, target.count))
          node = TreeNode(kind: .link, content: target[..<count].map { UInt8(bitPattern: $0) })
        default:
          node = TreeNode(kind: .file, content: try read(full))
          node.attribute = try? attribute("user.test", full)
        }
        node.mode = status.permissions
        node.time = status.modified
        result[path] = node
      }
    }
    return result
  }
}
