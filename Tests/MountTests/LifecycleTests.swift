import Foundation
import Glibc
import MountTestSupport
import Testing

/// A mount from its beginning to its end, however that comes.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct LifecycleTests {
  /// What ends a mount.
  enum End: String, CaseIterable, CustomTestStringConvertible {
    case terminate
    case interrupt
    case umount
    case swipfsUmount

    var testDescription: String { rawValue }

    func apply(to mount: Mount) throws {
      switch self {
      case .terminate: try check(kill(mount.pid, SIGTERM))
      case .interrupt: try check(kill(mount.pid, SIGINT))
      case .umount: try mount.shell("umount \"$m\"")
      case .swipfsUmount: try mount.shell("\"$swipfs\" umount \"$m\"")
      }
    }
  }

  private let content = randomBytes(30_000_000, seed: 1)

  private func write(to mount: Mount) throws {
    try mount.shell("mkdir -p \"$m/dir\"; for i in {1..200}; do echo $i > \"$m/dir/$i\"; done; ln -s dir \"$m/link\"")
    try MountTestSupport.write(content, to: "\(mount.path)/large")
  }

  private func checkContent(of mount: Mount) throws {
    #expect(try read("\(mount.path)/large") == content)
    #expect(try mount.shell("cat \"$m\"/link/{1..200}") == (1...200).map(String.init).joined(separator: "\n"))
    #expect(try names(in: mount.path).count == 3)
  }

  /// In the foreground, whose exit code can be seen.
  @Test(arguments: End.allCases)
  func endsCleanly(_ end: End) throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      let program = try Program(mount.command + ["-f"], environment: mount.environment)
      try waitUntilMounted(mount)
      try mount.noteProcess()
      #expect(mount.pid == program.pid)
      try write(to: mount)
      try end.apply(to: mount)
      let outcome = try program.wait(seconds: 60)
      #expect(outcome.code == 0, "\(outcome)")
      #expect(!isMounted(mount.path))
      try mount.waitForEnd()

      try mount.start()
      try checkContent(of: mount)
      try mount.stop()
      try mount.verify()
    }
  }

  /// In the background. The next mount does not wait to be told that the last one is gone: it waits for that itself.
  @Test(arguments: End.allCases)
  func mountsAgainAtOnce(_ end: End) throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      try mount.start()
      try write(to: mount)
      let former = mount.pid
      try end.apply(to: mount)
      let deadline = ContinuousClock.now + .seconds(30)
      while isMounted(mount.path), ContinuousClock.now < deadline { usleep(1000) }
      if end == .swipfsUmount { #expect(!isMounted(mount.path)) }
      try mount.start()
      #expect(mount.pid != former)
      // The repo is free a moment before the process is gone.
      let patience = ContinuousClock.now + .seconds(10)
      while isRunning(former), ContinuousClock.now < patience { usleep(1000) }
      #expect(!isRunning(former))
      try checkContent(of: mount)
      try mount.stop()
      try mount.verify()
    }
  }

  /// Files that programs still have open do not keep a mount from ending, and what they wrote is there.
  @Test func endsWithOpenFiles() throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      try mount.start()
      let file = try File("\(mount.path)/open", O_RDWR | O_CREAT)
      try file.write(content)
      try mount.stop()
      #expect(errorNumber { fsync(file.descriptor) } != 0)
      try? file.close()
      try mount.start()
      #expect(try read("\(mount.path)/open") == content)
      try mount.stop()
      try mount.verify()
    }
  }

  /// The command returns when the mount can be used, and leaves nothing attached to whoever called it.
  @Test func returnsWhenUsable() throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      // The script ends only when nothing holds its output any more.
      let output = try mount.shell(
        "\"$mount\" -o \"api=embedded,repo=$repo\" \"$m\"; cd \"$m\"; ls -A; echo x > f; cat f", seconds: 60)
      try mount.noteProcess()
      #expect(output.hasSuffix("\nx"))
      // It says where it is mounted and what.
      let line = try #require(output.split(separator: "\n").first)
      #expect(line.contains(mount.path) && line.contains(mount.repo))
      #expect(output.split(separator: "\n").count == 2)
      let process = "/proc/\(mount.pid)"
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(process)/cwd") == "/")
      for stream in 0...2 {
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(process)/fd/\(stream)") == "/dev/null")
      }
      #expect(try Shell.run("ps -o sid= -p \(mount.pid)").trimmingCharacters(in: .whitespaces) == "\(mount.pid)")
      try mount.stop()
    }
  }

  /// The kernel reads ahead by more than its 128 KiB, where sysfs lets us say so.
  @Test func readAheadIsRaised() throws {
    try withMount { mount in
      let device = try MountTestSupport.status(mount.path).st_dev
      let setting = "/sys/class/bdi/\(device >> 8 & 0xFFF):\(device & 0xFF)/read_ahead_kb"
      guard access(setting, W_OK) == 0 else { return print("SKIPPED: \(setting) cannot be written here") }
      let value = try String(contentsOfFile: setting, encoding: .utf8)
      #expect(try #require(Int(value.trimmingCharacters(in: .whitespacesAndNewlines))) > 128)
    }
  }

  @Test func status() throws {
    try withMount { mount in
      let status = try mount.status()
      #expect(status.phase == "mounted")
      #expect(status.mountPoint == mount.path)
      #expect(status.repo == mount.repo)
      #expect(status.pid == mount.pid && isRunning(status.pid))
      let text = try mount.shell("\"$swipfs\" status \"$m\"")
      for part in [mount.path, mount.repo, "mounted", "\(mount.pid)"] { #expect(text.contains(part)) }
      // Without a mount point, this one among whatever else is mounted.
      #expect(try mount.shell("\"$swipfs\" status").contains(mount.path))
      #expect(try mount.shell("cd \"$m\"; \"$swipfs\" status .").contains(mount.path))
      try mount.stop()
      let outcome = try mount.outcome(of: "\"$swipfs\" status \"$m\"")
      #expect(outcome.code == 32, "\(outcome)")
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
  }

  /// A mount holds on to no file that programs have closed.
  @Test func closedFilesAreLetGo() throws {
    try withMount { mount in
      try mount.shell(
        "cd \"$m\"; for i in {1..300}; do echo $i > $i; cat $i > /dev/null; done; rm {1..100}; ls -l > /dev/null")
      let held = try File("\(mount.path)/200", O_RDONLY)
      let deadline = ContinuousClock.now + .seconds(60)
      while try mount.status().openFiles > 1 {
        try #require(ContinuousClock.now < deadline, "files are still open")
        usleep(50_000)
      }
      #expect(try mount.status().openFiles == 1)
      try held.close()
    }
  }

  /// What a crash leaves is in nobody's way.
  @Test func staleMountPoint() throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      try mount.start()
      try write(to: mount)
      try mount.crash()
      #expect(isMounted(mount.path))
      #expect(try mount.outcome(of: "ls \"$m\"").code != 0)
      try mount.start()
      try checkContent(of: mount)
      // One row only: the old one is gone and not merely covered.
      let rows = try Shell.run("grep -c \" $m \" /proc/self/mountinfo", environment: mount.environment)
      #expect(rows == "1")
      try mount.crash()
      // And swipfs umount takes a dead one away.
      try mount.shell("\"$swipfs\" umount \"$m\"")
      #expect(!isMounted(mount.path))
      try mount.verify()
    }
  }

  /// `mount -t swipfs`, where the system knows the program; in a namespace, so that this system does not learn it.
  @Test func throughMountProgram() throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      let script = """
        mount --make-rprivate /
        mkdir "$folder/upper" "$folder/work"
        mount -t overlay overlay -o "lowerdir=/usr/sbin,upperdir=$folder/upper,workdir=$folder/work" /usr/sbin
        ln -s "$mount" /usr/sbin/mount.swipfs
        mount -t swipfs -o "api=embedded,repo=$repo,noatime,nofail" swipfs "$m"
        mkdir "$m/dir"
        echo text > "$m/dir/file"
        umount "$m"
        # As in fstab, without a word about the backend's place on the command line.
        echo "mfs $m swipfs api=embedded,repo=$repo,ro,_netdev,x-systemd.automount 0 0" > "$folder/fstab"
        mount -T "$folder/fstab" "$m"
        cat "$m/dir/file"
        findmnt -n -o FSTYPE,SOURCE "$m"
        ! touch "$m/new" 2> /dev/null
        mount -f -T "$folder/fstab" "$m"
        "$swipfs" umount "$m"
        """
      try MountTestSupport.write(Array(script.utf8), to: "\(folder.path)/script")
      let output = try mount.shell("unshare -m bash -euo pipefail \"$folder/script\"")
      #expect(output.contains("text\nfuse.swipfs swipfs:\(mount.repo)"), "\(output)")
      try mount.verify()
    }
  }

  private func waitUntilMounted(_ mount: Mount) throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
      if isMounted(mount.path), (try? mount.status().phase) == "mounted" { return }
      usleep(10_000)
    }
    throw SystemCallError(number: ETIMEDOUT)
  }
}
