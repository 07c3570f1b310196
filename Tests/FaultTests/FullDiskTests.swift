import Foundation
import Glibc
import MountTestSupport
import Testing

/// A disk that is full costs what was being written, and nothing else.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct FullDiskTests {
  /// The kinds of disk that a repo is on.
  enum Disk: String, CaseIterable, CustomTestStringConvertible {
    case memory
    case ext4

    var testDescription: String { rawValue }

    /// Makes a disk of 256 MiB and mounts it at a path.
    func mount(at path: String, in folder: String) throws {
      let script =
        switch self {
        case .memory: "mount -t tmpfs -o size=256m none \"$path\""
        case .ext4:
          """
          truncate -s 256M "$folder/image"
          mkfs.ext4 -q -F -m 0 "$folder/image"
          mount -o loop "$folder/image" "$path"
          """
        }
      try Shell.run(script, environment: ["path": path, "folder": folder])
    }
  }

  /// A mount whose repo is on a small disk of its own, with a large file beside the repo that can be removed.
  struct SmallDisk {
    let mount: Mount
    let path: String
    var filler: String { "\(path)/filler" }

    /// Free space of the disk in bytes.
    var free: Int {
      var status = statvfs()
      return statvfs(path, &status) == 0 ? Int(status.f_bavail) * Int(status.f_bsize) : 0
    }

    /// Fills the disk up to some free space.
    func fill(upTo rest: Int) throws {
      try Shell.run("fallocate -l \(free - rest) \"$filler\"", environment: ["filler": filler])
    }

    func makeSpace() throws {
      try check(unlink(filler))
    }
  }

  func withSmallDisk(_ disk: Disk, _ body: (SmallDisk) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let path = try folder.makeFolder("disk")
      try disk.mount(at: path, in: folder.path)
      defer { _ = try? Shell.run("umount \"$path\" || umount -l \"$path\"", environment: ["path": path]) }
      let mount = try Mount(in: folder.path, repo: "\(path)/repo")
      defer { mount.discard() }
      try mount.start()
      try body(SmallDisk(mount: mount, path: path))
      try mount.stop()
      try mount.verify()
    }
  }

  /// Writes content over a file in pieces, has it synchronised if asked to, and closes it. Returns the first error.
  func overwrite(_ path: String, _ flags: Int32, with content: [UInt8], synchronize: Bool) throws -> Int32 {
    let file = try File(path, O_WRONLY | flags)
    var failure: Int32 = 0
    do {
      for start in stride(from: 0, to: content.count, by: 1 << 20) {
        try file.write(content[start..<min(start + 1 << 20, content.count)], at: start)
      }
      if synchronize { try check(fsync(file.descriptor)) }
    } catch let error as SystemCallError {
      failure = error.number
    }
    do {
      try file.close()
    } catch let error as SystemCallError {
      if failure == 0 { failure = error.number }
    }
    return failure
  }

  /// Whether something becomes so within a few seconds.
  func eventually(_ condition: () throws -> Bool) throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while try !condition() {
      guard ContinuousClock.now < deadline else { return false }
      usleep(20_000)
    }
    return true
  }

  func isThere(_ path: String) -> Bool {
    access(path, F_OK) == 0
  }

  @Test(arguments: Disk.allCases, [false, true])
  func fileStaysAsItWas(_ disk: Disk, synchronize: Bool) throws {
    try withSmallDisk(disk) { small in
      let mount = small.mount
      let old = randomBytes(20_000_000, seed: 1)
      let names = ["overwritten", "truncated", "appended", "untouched"]
      for name in names { try write(name == "untouched" ? [1, 2, 3] : old, to: "\(mount.path)/\(name)") }
      try mount.remount()
      try small.fill(upTo: 12 << 20)

      let new = randomBytes(90_000_000, seed: 2)
      let flags = ["overwritten": 0, "truncated": O_TRUNC, "appended": O_APPEND]
      for name in names where name != "untouched" {
        let path = "\(mount.path)/\(name)"
        #expect(try overwrite(path, flags[name] ?? 0, with: new, synchronize: synchronize) == ENOSPC, "\(name)")
        // The kernel tells of the last close only after close(2) has returned.
        #expect(try eventually { try read(path) == old }, "\(name)")
        #expect(try status(path).st_size == old.count, "\(name)")
      }
      // New files too; what is left of them does not pretend to be whole.
      #expect(try overwrite("\(mount.path)/new", O_CREAT, with: new, synchronize: synchronize) == ENOSPC)
      #expect(try eventually { try !isThere("\(mount.path)/new") || status("\(mount.path)/new").st_size < new.count })
      #expect(try mount.status().phase == "mounted")
      let copy = try mount.outcome(of: "head -c 90000000 /dev/urandom > \"$folder/in\"; cp \"$folder/in\" \"$m/copy\"")
      #expect(copy.code != 0 && copy.errors.contains("No space left on device"), "\(copy)")
      #expect(try read("\(mount.path)/untouched") == [1, 2, 3])
      #expect(isRunning(mount.pid))

      try small.makeSpace()
      let later = randomBytes(5_000_000, seed: 3)
      #expect(try overwrite("\(mount.path)/overwritten", O_TRUNC, with: later, synchronize: synchronize) == 0)
      #expect(try read("\(mount.path)/overwritten") == later)
      try write(later, to: "\(mount.path)/later")
      try mount.remount()
      #expect(try read("\(mount.path)/overwritten") == later)
      #expect(try read("\(mount.path)/later") == later)
      #expect(try read("\(mount.path)/truncated") == old)
      #expect(try read("\(mount.path)/appended") == old)
      #expect(try read("\(mount.path)/untouched") == [1, 2, 3])
    }
  }

  /// What frees space works where there is none.
  @Test(arguments: Disk.allCases)
  func removingWorks(_ disk: Disk) throws {
    try withSmallDisk(disk) { small in
      let mount = small.mount
      try mount.shell(
        "cd \"$m\"; mkdir -p tree/sub; for i in {1..300}; do echo $i > tree/sub/$i; done; mkdir other empty")
      for name in ["a", "b", "c", "d"] { try write(randomBytes(3_000_000, seed: 4), to: "\(mount.path)/\(name)") }
      try small.fill(upTo: 4 << 20)
      // To the brim: files of all sizes, until not even a small one fits.
      for (step, size) in [64 << 20, 8 << 20, 1 << 20, 64 << 10, 4096].enumerated() {
        var index = 0
        var failure: Int32 = 0
        while failure == 0, index < 5000 {
          let content = randomBytes(size, seed: UInt64(5 + step * 10_000 + index))
          failure = try overwrite("\(mount.path)/fill\(size)-\(index)", O_CREAT, with: content, synchronize: true)
          index += 1
        }
        #expect(failure == ENOSPC, "\(size) bytes, \(index) times")
      }
      let path = mount.path
      #expect(errorNumber { unlink("\(path)/a") } == 0)
      #expect(errorNumber { rename("\(path)/b", "\(path)/other/b") } == 0)
      #expect(errorNumber { rename("\(path)/other", "\(path)/empty") } == 0)
      #expect(errorNumber { truncate("\(path)/c", 0) } == 0)
      try mount.shell("rm -r \"$m/tree\"")
      #expect(try read("\(path)/empty/b").count == 3_000_000)
      #expect(try status("\(path)/c").st_size == 0)
      #expect(try mount.status().phase == "mounted")
      // It holds though the disk is still full when the mount ends, and when the next one begins. What has no room to be
      // committed is kept in the journal, and that is said.
      let end = try mount.outcome(of: "\"$swipfs\" umount \"$m\"")
      #expect(end.code == 0 || end.code == 4 && end.errors.contains("pace"), "\(end)")
      try mount.waitForEnd()
      try mount.start()
      #expect(errorNumber { access("\(path)/a", F_OK) } == ENOENT)
      #expect(errorNumber { access("\(path)/tree", F_OK) } == ENOENT)
      #expect(try read("\(path)/empty/b") == randomBytes(3_000_000, seed: 4))
      #expect(try read("\(path)/d") == randomBytes(3_000_000, seed: 4))
      #expect(try status("\(path)/c").st_size == 0)
      try mount.shell("rm \"$m\"/fill*")

      try small.makeSpace()
      try write(randomBytes(30_000_000, seed: 6), to: "\(path)/after")
      #expect(try read("\(path)/after") == randomBytes(30_000_000, seed: 6))
      try mount.remount()
      #expect(try read("\(path)/after") == randomBytes(30_000_000, seed: 6))
    }
  }

  @Test func statfsShowsTheSmallDisk() throws {
    try withSmallDisk(.ext4) { small in
      var own = statvfs()
      var disk = statvfs()
      try check(statvfs(small.mount.path, &own))
      try check(statvfs(small.path, &disk))
      #expect(Int(own.f_blocks) * Int(own.f_frsize) == Int(disk.f_blocks) * Int(disk.f_frsize))
      #expect(Int(own.f_bavail) * Int(own.f_frsize) <= Int(disk.f_bavail) * Int(disk.f_frsize))
      try small.fill(upTo: 40 << 20)
      try check(statvfs(small.mount.path, &own))
      #expect(Int(own.f_bavail) * Int(own.f_frsize) <= 40 << 20)
    }
  }
}
