import Foundation
import MountTestSupport
import Multiformats
import TestSupport
import Testing
import UnixFS

/// Random calls, made on a mount and in a local directory alike: the same contents, attributes and errors. At the end
/// every file and directory has the CID of a fresh import, and the repo is sound.
///
/// `SWIPFS_RANDOM_SEED` takes the place of the fixed seeds and `SWIPFS_RANDOM_ROUNDS` of the number of rounds.
@Suite(.oneAtATime(minutes: 30), .serialized, .enabled(if: canMount))
struct RandomOperationTests {
  /// How a file system is set up.
  struct Setting: Sendable, CustomTestStringConvertible {
    let limits: RandomCalls.Limits
    /// The repo's configuration; nil for the standard one.
    let configuration: String?
    let options: [String]
    let seed: UInt64

    var testDescription: String { "\(limits.name) \(options.joined(separator: ","))" }
  }

  static let deep = #"{"Import": {"UnixFSChunker": "size-256", "UnixFSFileMaxLinks": 4}}"#

  static let settings: [Setting] = [
    Setting(limits: .standard, configuration: nil, options: [], seed: 1),
    Setting(limits: .standard, configuration: nil, options: ["writeback=no"], seed: 2),
    Setting(limits: .deep, configuration: deep, options: [], seed: 3),
    Setting(limits: .deep, configuration: deep, options: ["writeback=no"], seed: 4),
  ]

  private static func number(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
  }

  @Test(arguments: settings)
  func theSameAsInALocalDirectory(_ setting: Setting) async throws {
    let seed = Self.number("SWIPFS_RANDOM_SEED").map { UInt64($0) &* 10 &+ setting.seed } ?? setting.seed
    let rounds = Self.number("SWIPFS_RANDOM_ROUNDS") ?? 5
    let folder = try MountTestSupport.TemporaryFolder()
    defer { folder.remove() }
    let local = try folder.makeFolder("local")
    let mount = try Mount(in: folder.path, options: setting.options)
    defer { mount.discard() }
    if let configuration = setting.configuration {
      try check(mkdir(mount.repo, 0o700))
      try write(configuration.utf8, to: "\(mount.repo)/config")
    }
    try mount.start()
    let calls = RandomCalls(
      seed: seed, limits: setting.limits, on: CallSide(root: mount.path), and: CallSide(root: local))
    for _ in 0..<rounds {
      for _ in 0..<5_000 { try calls.step() }
      try calls.closeAll()
      try calls.compareTrees()
      let expected = try await ImportedTree(profile: setting.limits.profile).root(of: local)
      #expect(try cid(mount.path) == expected.cid.description, "seed \(seed)")
      try mount.remount()
      try calls.compareTrees()
    }
    #expect(calls.count == rounds * 5_000)
    // Of each kind of call some succeeded, or the test proves little.
    for (kind, outcomes) in calls.outcomes where kind != "fallocate wrongly" {
      #expect(outcomes[0, default: 0] > 0, "\(kind): \(outcomes)")
    }
    try mount.stop()
    try mount.verify()
  }
}
