import Foundation
import Glibc
import MountTestSupport
import Testing

/// What cannot be mounted is said in one line, with a documented exit code.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct CommandLineTests {
  /// Exit codes as documented.
  private enum Code {
    static let usage: Int32 = 1
    static let system: Int32 = 2
    static let repo: Int32 = 3
    static let mount: Int32 = 32
  }

  /// Expects a failure with one line that has all of `parts`.
  private func expect(
    _ outcome: Outcome, _ code: Int32, _ parts: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(outcome.code == code, "\(outcome)", sourceLocation: sourceLocation)
    #expect(outcome.output.isEmpty, "\(outcome)", sourceLocation: sourceLocation)
    let lines = outcome.errors.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 2 && lines.last == "", "\(outcome)", sourceLocation: sourceLocation)
    for part in parts { #expect(outcome.errors.contains(part), "\(outcome)", sourceLocation: sourceLocation) }
  }

  /// Runs mount.swipfs with arguments that are to fail, in the background and in the foreground alike.
  private func expectFailure(
    _ arguments: [String], in mount: Mount, _ code: Int32, _ parts: String..., prefix: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for extra in [[], ["-f"]] {
      let command = prefix + [Binaries.mount] + arguments + extra
      let outcome = try Program(command, environment: mount.environment).wait(seconds: 30)
      expect(outcome, code, ["mount.swipfs: "] + parts, sourceLocation: sourceLocation)
    }
  }

  private func withFolder(_ body: (Mount) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      try body(mount)
    }
  }

  @Test func wrongUsage() throws {
    try withFolder { mount in
      let options = "api=embedded,repo=\(mount.repo)"
      try expectFailure([], in: mount, Code.usage, "mount point")
      try expectFailure(["-o", "\(options),bogus", mount.path], in: mount, Code.usage, "bogus")
      try expectFailure(["-o", "\(options),bogus=1", mount.path], in: mount, Code.usage, "bogus")
      try expectFailure(["-o", "api=elsewhere", mount.path], in: mount, Code.usage, "elsewhere")
      try expectFailure(["-o", "repo=", mount.path], in: mount, Code.usage, "repo")
      try expectFailure(["-Z", mount.path], in: mount, Code.usage, "-Z")
      expect(try Program([Binaries.mount, mount.path, "-o"]).wait(), Code.usage, ["mount.swipfs: ", "-o"])
      try expectFailure(["/ipfs/x", mount.path, "more"], in: mount, Code.usage, "arguments")
      try expectFailure(["nonsense", mount.path], in: mount, Code.usage, "nonsense")
      #expect(try names(in: mount.folder) == [Array("mnt".utf8)])
      let help = try Program([Binaries.mount, "--help"]).wait()
      #expect(help.code == 0 && help.errors.isEmpty)
      for word in ["usage:", "repo=", "allow_other", "Exit codes", "32"] { #expect(help.output.contains(word)) }
      let version = try Program([Binaries.mount, "--version"]).wait()
      #expect(version.code == 0 && version.output.hasPrefix("mount.swipfs "))
    }
  }

  @Test func mountPointThatCannotBe() throws {
    try withFolder { mount in
      let options = ["-o", "api=embedded,repo=\(mount.repo)"]
      try expectFailure(options + ["\(mount.folder)/none"], in: mount, Code.mount, "\(mount.folder)/none")
      try write([1], to: "\(mount.folder)/file")
      try expectFailure(
        options + ["\(mount.folder)/file"], in: mount, Code.mount, "\(mount.folder)/file", "not a directory")
      try expectFailure(
        options + ["\(mount.folder)/file/sub"], in: mount, Code.mount, "\(mount.folder)/file/sub")
      // The repo is free afterwards.
      try mount.start()
      try mount.stop()
    }
  }

  @Test func busyMountPoint() throws {
    try withFolder { mount in
      try mount.start()
      try write([1], to: "\(mount.path)/file")
      try expectFailure(
        ["-o", "api=embedded,repo=\(mount.folder)/other", mount.path], in: mount, Code.mount, mount.path, "mounted")
      // The same once more: what is there already, not that its repo is in use.
      try expectFailure(
        ["-o", "api=embedded,repo=\(mount.repo)", mount.path], in: mount, Code.mount, mount.path, "mounted")
      // The first one is none the worse for it.
      #expect(try read("\(mount.path)/file") == [1])
      try mount.stop()
      // Something else than ours.
      try mount.shell("mount -t tmpfs none \"$m\"")
      defer { umount2(mount.path, 0) }
      try expectFailure(
        ["-o", "api=embedded,repo=\(mount.repo)", mount.path], in: mount, Code.mount, mount.path, "tmpfs")
    }
  }

  /// What works on a repo is done by the process that has it.
  @Test func repoInUse() throws {
    try withFolder { mount in
      try mount.start()
      let verify = try mount.outcome(of: "\"$swipfs\" repo verify --repo \"$repo\"")
      #expect(verify.code == 0 && verify.output.contains("all is well"), "\(verify)")
      #expect(try mount.status().phase == "mounted")
      try mount.stop()
    }
  }

  @Test func repoThatCannotBeUsed() throws {
    try withFolder { mount in
      try mount.start()
      try mount.stop()
      let current = try read("\(mount.repo)/version")
      try write(Array("99\n".utf8), to: "\(mount.repo)/version")
      let options = ["-o", "api=embedded,repo=\(mount.repo)", mount.path]
      try expectFailure(options, in: mount, Code.repo, "99", "newer", mount.repo)
      try write(Array("nonsense".utf8), to: "\(mount.repo)/version")
      try expectFailure(options, in: mount, Code.repo, mount.repo)
      try write(current, to: "\(mount.repo)/version")
      try mount.start()
      try mount.stop()
      // Somebody else's folder is left alone.
      try check(mkdir("\(mount.folder)/home", 0o755))
      try write([1], to: "\(mount.folder)/home/letters")
      try expectFailure(
        ["-o", "api=embedded,repo=\(mount.folder)/home", mount.path], in: mount, Code.repo, "\(mount.folder)/home")
      try expectFailure(
        ["-o", "api=embedded,repo=\(mount.folder)/home/letters", mount.path], in: mount, Code.repo, "letters")
      #expect(try mount.shell("cd \"$folder/home\"; ls *") == "letters" || names(in: "\(mount.folder)/home").count >= 1)
      #expect(try read("\(mount.folder)/home/letters") == [1])
    }
  }

  /// A user who may not mount there.
  @Test func notPermitted() throws {
    try withFolder { mount in
      // A copy that this user can reach, wherever the build is.
      let program = "\(mount.folder)/mount.swipfs"
      try mount.shell("cp \"$mount\" \"$folder/mount.swipfs\"; chmod 755 \"$folder/mount.swipfs\"")
      let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
      guard try Program(nobody + [program, "--version"]).wait().code == 0 else {
        print("SKIPPED: notPermitted, because another user cannot run what is built with this toolchain")
        return
      }
      try mount.shell("install -d -o 65534 -g 65534 \"$folder/theirs\"")
      for extra in [[], ["-f"]] {
        let outcome = try Program(
          nobody + [program, "-o", "api=embedded,repo=\(mount.folder)/theirs/repo", mount.path] + extra,
          environment: mount.environment
        ).wait(seconds: 30)
        expect(outcome, Code.mount, ["mount.swipfs: ", mount.path])
      }
      // A repo that they may not use.
      try mount.start()
      try mount.stop()
      for extra in [[], ["-f"]] {
        let outcome = try Program(
          nobody + [program, "-o", "api=embedded,repo=\(mount.repo)", "\(mount.folder)/theirs"] + extra,
          environment: mount.environment
        ).wait(seconds: 30)
        expect(outcome, Code.repo, ["mount.swipfs: ", mount.repo])
      }
    }
  }

  @Test func unmountingWhatIsNotMounted() throws {
    try withFolder { mount in
      expect(try mount.outcome(of: "\"$swipfs\" umount \"$m\""), Code.mount, ["swipfs: ", mount.path])
      expect(try mount.outcome(of: "\"$swipfs\" umount \"$folder/none\""), Code.mount, ["swipfs: ", "none"])
      expect(try mount.outcome(of: "\"$swipfs\" status \"$m\""), Code.mount, ["swipfs: ", mount.path])
      #expect(try mount.outcome(of: "\"$swipfs\" bogus").code == Code.usage)
      #expect(try mount.outcome(of: "\"$swipfs\" umount").code == Code.usage)
    }
  }
}
