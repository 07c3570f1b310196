import Glibc
import MountTestSupport
import Testing

/// `scripts/install` with the programs that are built already.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct InstallTests {
  /// Runs a script with `$install`, `$m`, `$repo` and `$folder`. Where it is `isolated`, `/usr/sbin` is a layer over the
  /// system's, so that this system does not learn of it.
  private func run(_ script: String, isolated: Bool = false, in mount: Mount) throws -> String {
    let isolation = """
      mount --make-rprivate /
      mkdir -p "$folder/upper" "$folder/work"
      mount -t overlay overlay -o "lowerdir=/usr/sbin,upperdir=$folder/upper,workdir=$folder/work" /usr/sbin

      """
    let text = "install='\(Binaries.checkout)/scripts/install'\n" + (isolated ? isolation : "") + script
    try MountTestSupport.write(Array(text.utf8), to: "\(mount.folder)/script")
    return try mount.shell("\(isolated ? "unshare -m " : "")bash -euo pipefail \"$folder/script\" 2>&1")
  }

  private func withFolder(_ body: (Mount) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      try body(mount)
    }
  }

  /// What is installed serves mount(8) and fstab; removing it takes exactly that away, and what is in the repo stays.
  @Test func installsForMountProgram() throws {
    try withFolder { mount in
      let output = try run(
        """
        "$install" --no-build "$folder/prefix"
        "$install" --no-build "$folder/prefix" > /dev/null
        (cd "$folder/prefix" && find . -type f -printf '%p %m\\n' | sort)
        readlink /sbin/mount.swipfs
        "$folder/prefix/bin/swipfs" --version > /dev/null

        mount -t swipfs mfs "$m" -o "api=embedded,repo=$repo" > /dev/null
        echo text > "$m/file"
        umount "$m"
        echo "mfs $m swipfs api=embedded,repo=$repo,noauto,nofail 0 0" > "$folder/fstab"
        mount -T "$folder/fstab" "$m" > /dev/null
        cat "$m/file"
        # Installing does not disturb a program that runs.
        "$install" --no-build "$folder/prefix" > /dev/null
        cat "$m/file"
        "$folder/prefix/bin/swipfs" umount "$m" > /dev/null

        "$install" --remove "$folder/prefix"
        [ ! -L /sbin/mount.swipfs ]
        find "$folder/prefix" -type f
        "$install" --remove "$folder/prefix"
        """, isolated: true, in: mount)
      let prefix = "\(mount.folder)/prefix"
      let lines = output.split(separator: "\n").filter { !$0.hasPrefix("note: ") }.map(String.init)
      #expect(
        lines == [
          "installed \(prefix)/bin/swipfs", "installed \(prefix)/sbin/mount.swipfs",
          "linked /sbin/mount.swipfs, for mount -t swipfs and /etc/fstab",
          "./bin/swipfs 755", "./sbin/mount.swipfs 755", "\(prefix)/sbin/mount.swipfs",
          "text", "text",
          "removed /sbin/mount.swipfs", "removed \(prefix)/bin/swipfs", "removed \(prefix)/sbin/mount.swipfs",
          "nothing of swipfs is installed in \(prefix)",
        ], "\(output)")
      try mount.verify()
    }
  }

  /// Somebody else's file in the place of the link is left alone, and nothing is installed.
  @Test(arguments: ["echo theirs > /sbin/mount.swipfs", "ln -s /elsewhere/mount.swipfs /sbin/mount.swipfs"])
  func foreignFile(_ command: String) throws {
    try withFolder { mount in
      let output = try run(
        """
        \(command)
        before=$(stat -c '%i %Y %N' /sbin/mount.swipfs)
        "$install" --no-build "$folder/prefix" && exit 99 || echo "refused with $?"
        [ ! -e "$folder/prefix" ]
        "$install" --remove "$folder/prefix"
        [ "$before" = "$(stat -c '%i %Y %N' /sbin/mount.swipfs)" ]
        """, isolated: true, in: mount)
      #expect(output.contains("scripts/install: /sbin/mount.swipfs "), "\(output)")
      #expect(output.contains("remove it first\nrefused with 2\nleft alone: /sbin/mount.swipfs"), "\(output)")
    }
  }

  /// Below a DESTDIR, as for a package, there is no link, and that is said.
  @Test func destination() throws {
    try withFolder { mount in
      let output = try run(
        """
        export DESTDIR="$folder/stage"
        "$install" --no-build /usr
        "$folder/stage/usr/bin/swipfs" --version
        (cd "$DESTDIR" && find . ! -type d | sort)
        "$install" --remove /usr
        find "$DESTDIR" ! -type d
        for wrong in relative/prefix --bogus ''; do
          "$install" --no-build "$wrong" 2> /dev/null && echo "accepted '$wrong'" || true
        done
        "$install" --no-build /a /b 2> /dev/null && echo "accepted two" || true
        """, in: mount)
      #expect(
        output.contains("no link /sbin/mount.swipfs, without which mount -t swipfs and /etc/fstab do not work: "),
        "\(output)")
      #expect(output.contains("\n./usr/bin/swipfs\n./usr/sbin/mount.swipfs\nremoved "), "\(output)")
      #expect(output.hasSuffix("/usr/sbin/mount.swipfs"), "\(output)")
    }
  }
}
