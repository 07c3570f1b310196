import Glibc
import MountTestSupport
import Testing

extension FullDiskTests {
  /// A file that is written again and again takes its own space and no more: many times the disk's size go through it,
  /// while what is pinned, unlinked and open, or just there is kept.
  @Test(arguments: Disk.allCases)
  func rewritingGoesOn(_ disk: Disk) throws {
    try withSmallDisk(disk) { small in
      let mount = small.mount
      let path = "\(mount.path)/file"
      let kept = randomBytes(20_000_000, seed: 1)
      try write(kept, to: "\(mount.path)/kept")
      try write(kept.reversed(), to: "\(mount.path)/pinned")
      try mount.shell(
        "cd \"$m\"; setfattr -n user.ipfs.pin -v recursive pinned; getfattr --only-values -n user.ipfs.path pinned > \"$folder/pin\"; rm pinned"
      )
      let unlinked = try File("\(mount.path)/unlinked", O_RDWR | O_CREAT)
      let held = randomBytes(5_000_000, seed: 2)
      try unlinked.write(held[...], at: 0)
      try check(unlink("\(mount.path)/unlinked"))
      let first = randomBytes(40_000_000, seed: 3)
      for round in 0..<25 {
        // Each round differs in every chunk, at little cost.
        var content = first
        for start in stride(from: 0, to: content.count, by: 1000) { content[start] = UInt8(truncatingIfNeeded: round) }
        #expect(
          try overwrite(path, O_CREAT | O_TRUNC, with: content, synchronize: round % 3 == 0) == 0, "round \(round)")
        // Small pieces, which go to a spool file first.
        let file = try File(path, O_WRONLY)
        for piece in 0..<40 {
          let bytes = randomBytes(4096, seed: UInt64(round * 100 + piece))
          try file.write(bytes[...], at: piece * 900_001)
          content.replaceSubrange(piece * 900_001..<piece * 900_001 + 4096, with: bytes)
        }
        try file.close()
        if round % 8 == 7 { #expect(try read(path) == content) }
      }
      #expect(try read("\(mount.path)/kept") == kept)
      #expect(try unlinked.read(held.count, at: 0) == held)
      try unlinked.close()
      try mount.shell("cd \"$m\"; setfattr -n user.ipfs.link.back -v \"$(cat \"$folder/pin\")\" .")
      #expect(try read("\(mount.path)/back") == kept.reversed())
      // The reserve was not used up by all that.
      #expect(errorNumber { unlink(path) } == 0)
    }
  }
}
