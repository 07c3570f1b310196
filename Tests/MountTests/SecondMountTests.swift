import Foundation
import Glibc
import MountTestSupport
import Testing

/// A repo that is mounted while a process has it: that process serves it.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct SecondMountTests {
  /// A place beside the one of a mount.
  private struct Place {
    let path: String
    let mount: Mount

    init(_ mount: Mount, _ name: String) throws {
      path = "\(mount.folder)/\(name)"
      self.mount = mount
      try check(mkdir(path, 0o755))
    }

    func unmount() throws { try mount.shell("\"$swipfs\" umount '\(path)'") }

    func outcome(_ options: String = "", _ arguments: String = "") throws -> Outcome {
      try mount.outcome(of: "\"$mount\" -o \"api=embedded,repo=$repo\(options)\" \(arguments) '\(path)'")
    }
  }

  @Test func bothPlacesShowTheSame() throws {
    try withMount { mount in
      let second = try Place(mount, "second")
      let outcome = try second.outcome()
      #expect(outcome.code == 0 && outcome.output.contains(mount.path) && outcome.output.contains(second.path))
      // Each sees at once what is written at the other, also before the file is closed.
      let file = try File("\(mount.path)/a", O_RDWR | O_CREAT)
      try file.write(Array("one".utf8))
      #expect(try read("\(second.path)/a") == Array("one".utf8))
      try MountTestSupport.write(Array("two two".utf8), to: "\(second.path)/a")
      #expect(try read("\(mount.path)/a") == Array("two two".utf8))
      try file.close()
      try mount.shell("cd \"$m\"; mkdir d; echo x > d/x; cd '\(second.path)'; mv d/x y; rmdir d; ln -s y l")
      #expect(try mount.shell("cd \"$m\"; cat l; ls -A | tr '\\n' ' '") == "x\na l y ")
      #expect(try mount.shell("stat -c %i-%d \"$m/y\" '\(second.path)/y' | uniq | wc -l") == "1")
      // And `mv` between them is a rename, `cp` moves no data.
      let cid = try mount.shell("getfattr -n user.ipfs.cid --only-values '\(second.path)/y'")
      try mount.shell("mv \"$m/y\" '\(second.path)/z'; cp '\(second.path)/z' \"$m/c\"")
      #expect(try mount.shell("getfattr -n user.ipfs.cid --only-values \"$m/c\"") == cid)
      let status = try mount.shell("\"$swipfs\" status --json")
      let places = try status.split(separator: "\n").map {
        try JSONDecoder().decode(Mount.Status.self, from: Data($0.utf8))
      }.filter { $0.pid == mount.pid }
      #expect(places.map(\.mountPoint).sorted() == [mount.path, second.path].sorted())
      try second.unmount()
    }
  }

  /// One after the other is unmounted; the process ends with the last.
  @Test(arguments: ["\"$swipfs\" umount", "umount"])
  func theLastPlaceEndsIt(_ command: String) throws {
    try withMount { mount in
      let second = try Place(mount, "second")
      #expect(try second.outcome().code == 0)
      try mount.shell("echo x > \"$m/x\"; \(command) \"$m\"")
      #expect(!isMounted(mount.path) && isRunning(mount.pid))
      try mount.shell("cd '\(second.path)'; cat x; echo y > y")
      let third = try Place(mount, "third")
      #expect(try third.outcome().code == 0)
      try mount.shell("\(command) '\(second.path)'; cat '\(third.path)/y'")
      #expect(isRunning(mount.pid))
      try mount.shell("\(command) '\(third.path)'")
      try mount.waitForEnd()
      try mount.start()
      #expect(try mount.shell("cat \"$m/x\" \"$m/y\"") == "x\ny")
    }
  }

  @Test(arguments: [SIGTERM, SIGKILL])
  func theEndOfTheProcessEndsAll(_ signal: Int32) throws {
    try withMount { mount in
      let second = try Place(mount, "second")
      #expect(try second.outcome().code == 0)
      try mount.shell("echo x > '\(second.path)/x'")
      try check(kill(mount.pid, signal))
      try mount.waitForEnd()
      if signal == SIGTERM { #expect(!isMounted(mount.path) && !isMounted(second.path)) }
      try mount.start()
      #expect(try second.outcome().code == 0)
      #expect(try mount.shell("cat '\(second.path)/x'") == "x")
      try second.unmount()
    }
  }

  /// Whoever goes last waits until all is committed, also when none knows who that is.
  @Test func bothPlacesGoAtOnce() throws {
    try withMount { mount in
      for round in 0..<10 {
        let second = try Place(mount, "second\(round)")
        #expect(try second.outcome().code == 0)
        try mount.shell(
          """
          echo \(round) > "$m/f"; echo \(round) > '\(second.path)/g'
          "$swipfs" umount "$m" & first=$!
          "$swipfs" umount '\(second.path)' & second=$!
          wait $first; wait $second
          """)
        #expect(!isMounted(mount.path) && !isMounted(second.path))
        try mount.waitForEnd()
        try mount.start()
        #expect(try mount.shell("cat \"$m/f\" \"$m/g\"") == "\(round)\n\(round)")
      }
    }
  }

  /// A place whose process was killed is taken away by itself, and not what lives elsewhere since.
  @Test func aDeadPlaceIsTakenAwayAlone() throws {
    try withMount { mount in
      let second = try Place(mount, "second")
      try mount.crash()
      #expect(try second.outcome().code == 0)
      #expect(try mount.outcome(of: "\"$swipfs\" status \"$m\"").errors.contains("does not answer"))
      try mount.shell("\"$swipfs\" umount \"$m\"; echo x > '\(second.path)/x'")
      #expect(!isMounted(mount.path) && isMounted(second.path))
      try second.unmount()
    }
  }

  @Test func optionsOfThePlaceAndOfTheFileSystem() throws {
    try withMount { mount in
      let second = try Place(mount, "second")
      #expect(try second.outcome(",ro,noexec").code == 0)
      try mount.shell("cp /bin/true \"$m/true\"; \"$m/true\"")
      #expect(try mount.outcome(of: "echo > '\(second.path)/x'").errors.contains("Read-only"))
      #expect(try mount.outcome(of: "'\(second.path)/true'").errors.contains("Permission denied"))
      let third = try Place(mount, "third")
      for (options, word) in [
        ("allow_other", "allow_other"), ("writeback=no", "writeback="), ("ipfs=all", "ipfs="),
        ("chunker=rabin", "DAGs"), ("sync", "sync"), ("dirsync", "dirsync"),
      ] {
        let outcome = try third.outcome(",\(options)")
        #expect(outcome.code == 3, "\(outcome)")
        #expect(outcome.errors.contains("process \(mount.pid)") && outcome.errors.contains(word), "\(outcome)")
        #expect(!isMounted(third.path))
      }
      // Of an option and its opposite the last one holds.
      #expect(try third.outcome(",exec,noexec,suid,nosuid").code == 0)
      #expect(try mount.shell("findmnt -n -o OPTIONS '\(third.path)'").hasPrefix("rw,nosuid,nodev,noexec"))
      try third.unmount()
      // What it has anyhow may be asked for.
      #expect(try third.outcome(",raw-leaves=true,writeback=yes").code == 0)
      let again = try third.outcome()
      #expect(again.code == 32 && again.errors.contains("mounted at"), "\(again)")
      try third.unmount()
      try second.unmount()
    }
  }

  @Test func inTheForeground() throws {
    try withMount { mount in
      let second = try Place(mount, "second")
      for way in ["SIGTERM", "umount"] {
        let program = try Program(
          [Binaries.mount, "-f", "-o", "api=embedded,repo=\(mount.repo)", second.path], environment: mount.environment)
        let deadline = ContinuousClock.now + .seconds(30)
        while !isMounted(second.path), ContinuousClock.now < deadline { usleep(2000) }
        if way == "umount" { try mount.shell("umount '\(second.path)'") } else { try program.signal(SIGTERM) }
        let outcome = try program.wait(seconds: 30)
        #expect(outcome.code == 0, "\(outcome)")
        #expect(!isMounted(second.path) && isMounted(mount.path))
      }
    }
  }

  /// The daemon serves the mounts of its repo, and goes on without them.
  @Test func ofADaemon() throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      func daemon() throws -> Program {
        let daemon = try Program(
          [Binaries.swipfs, "daemon", "--init", "--repo", mount.repo, "--address", "/ip4/127.0.0.1/tcp/0"],
          environment: mount.environment)
        let deadline = ContinuousClock.now + .seconds(60)
        while access("\(mount.repo)/api", F_OK) != 0, ContinuousClock.now < deadline { usleep(2000) }
        return daemon
      }
      var program = try daemon()
      defer { kill(program.pid, SIGKILL) }
      let tool = "\"$swipfs\" --repo \"$repo\""
      for round in 1...2 {
        try mount.start()
        #expect(mount.pid == program.pid)
        try mount.shell("echo \(round) > \"$m/\(round)\"; sleep 100 > \"$m/open\" 2>&1 & echo $! > \"$folder/sleeper\"")
        #expect(try mount.shell("\(tool) files read /\(round); printf rpc | \(tool) files write -e /r") == "\(round)")
        #expect(try mount.shell("cat \"$m/r\"; rm \"$m/open\"") == "rpc")
        let second = try Place(mount, "second\(round)")
        #expect(try second.outcome().code == 0)
        // What somebody has open does not keep it from ending.
        try mount.shell("\"$swipfs\" umount '\(second.path)'; \"$swipfs\" umount \"$m\"")
        try mount.shell("kill $(cat \"$folder/sleeper\")")
        #expect(!isMounted(mount.path) && isRunning(program.pid))
        #expect(try mount.shell("\(tool) files ls / | sort | tr '\\n' ' '").hasSuffix("r "))
      }
      try mount.start()
      try mount.shell("echo last > \"$m/last\"")
      try program.signal(SIGTERM)
      let outcome = try program.wait(seconds: 60)
      #expect(outcome.code == 0, "\(outcome)")
      #expect(!isMounted(mount.path))
      try mount.waitForEnd()
      try mount.verify()
      program = try daemon()
      #expect(try mount.shell("\(tool) files read /last") == "last")
      try program.signal(SIGTERM)
      _ = try program.wait(seconds: 60)
    }
  }
}
