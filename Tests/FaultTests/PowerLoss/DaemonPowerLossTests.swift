import Foundation
import Glibc
import MountTestSupport
import Testing

/// What a daemon has acknowledged survives a loss of power, though the daemon lives on and syncs nothing more.
@Suite(.oneAtATime(minutes: 5), .serialized, .enabled(if: canMount))
struct DaemonPowerLossTests {
  /// Serves a mount's repo by a daemon that is recorded, works on it, and hands on the repo as a disk that keeps only what
  /// it must has it at that moment.
  private func afterLosingPower(
    in folder: TemporaryFolder, _ work: (Mount) throws -> Void, _ inspect: (RecoveredRepo) async throws -> Void
  ) async throws {
    let mount = try Mount(in: folder.path)
    defer { mount.discard() }
    let events = "\(folder.path)/events"
    let recording = try Recording.environment(recording: mount.repo, to: events, in: folder.path, boot: "01234567")
    let daemon = try Program(
      [Binaries.swipfs, "daemon", "--init", "--repo", mount.repo, "--address", "/ip4/127.0.0.1/tcp/0"],
      environment: mount.environment.merging(recording) { $1 })
    defer { kill(daemon.pid, SIGKILL) }
    let deadline = ContinuousClock.now + .seconds(60)
    while access("\(mount.repo)/api", F_OK) != 0, ContinuousClock.now < deadline { usleep(2000) }
    try work(mount)
    let acknowledged = Int(try status(events).st_size)
    try daemon.signal(SIGKILL)
    _ = try daemon.wait()

    let log = try EventLog(path: events)
    var disk = DiskModel(log)
    try disk.advance(to: log.count(at: acknowledged))
    let path = "\(folder.path)/recovered"
    try disk.write(to: path, .nothing)
    let repo = try await RecoveredRepo(path: path)
    try await inspect(repo)
    #expect(try await repo.findings() == [])
    try await repo.close()
  }

  @Test func whatWasUnmountedIsThere() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let long = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 1000) }
    try await afterLosingPower(in: folder) { mount in
      try mount.start()
      try check(mkdir("\(mount.path)/d", 0o755))
      try MountTestSupport.write(long, to: "\(mount.path)/d/long")
      try mount.shell("echo short > \"$m/d/short\"; \"$swipfs\" umount \"$m\"")
    } _: { repo in
      let tree = try await repo.tree(below: "")
      #expect(tree.keys.sorted() == ["d", "d/long", "d/short"])
      // Not to be told in full.
      let isSame = tree["d/long"]?.content == long
      #expect(isSame)
      #expect(tree["d/short"]?.content == Array("short\n".utf8))
    }
  }

  /// Also what was written past the page cache.
  @Test func whatWasAddedIsThere() async throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let content = randomBytes(20 << 20, seed: 1)
    let file = "\(folder.path)/content"
    try MountTestSupport.write(content, to: file)
    var cid = ""
    try await afterLosingPower(in: folder) { mount in
      cid = try mount.shell("\"$swipfs\" --repo \"$repo\" add -Q '\(file)'")
    } _: { repo in
      let pins = try await repo.pins()
      #expect(Array(pins.keys) == [cid])
      let isSame = pins[cid]?.content[""]?.content == content
      #expect(isSame)
    }
  }
}
