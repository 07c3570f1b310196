import CFuse3
import Glibc
import MountTestSupport
import Testing

/// Extended attributes: the user's own, and what IPFS knows.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct ExtendedAttributeTests {
  @Test func usersOwn() throws {
    try withMount { mount in
      try mount.shell(
        """
        cd "$m"
        echo text > file
        mkdir dir
        for f in file dir; do
          setfattr -n user.plain -v value $f
          setfattr -n user.binary -v 0x00ff0a $f
          setfattr -n user.empty $f
          setfattr -n user.gone -v x $f
          setfattr -x user.gone $f
          setfattr -n user.plain -v changed $f
        done
        """)
      let expected = """
        # file: FILE
        user.binary=0x00ff0a
        user.empty=0x
        user.plain=0x6368616e676564
        """
      for _ in 1...2 {
        for name in ["file", "dir"] {
          #expect(
            try mount.shell("cd \"$m\"; getfattr -d -e hex \(name)").trimmingNewlines
              == expected.replacing("FILE", with: name))
        }
        try mount.remount()
      }
      // They stay with the file, and go with it.
      try mount.shell("cd \"$m\"; mv file dir/moved; getfattr -n user.plain dir/moved; echo more >> dir/moved")
      #expect(try attribute("user.plain", "\(mount.path)/dir/moved") == Array("changed".utf8))
      try mount.shell("cd \"$m\"; rm dir/moved; echo new > dir/moved")
      #expect(try mount.shell("getfattr -d \"$m/dir/moved\"").isEmpty)
      // cp and rsync take them along.
      try mount.shell("cd \"$m\"; cp -a dir copy; setfattr -n user.a -v b copy/moved; rsync -aX copy/ synced/")
      #expect(try attribute("user.plain", "\(mount.path)/copy") == Array("changed".utf8))
      #expect(try attribute("user.a", "\(mount.path)/synced/moved") == Array("b".utf8))
      #expect(try mount.shell("cd \"$m\"; rsync -aXi copy/ synced/").isEmpty)
    }
  }

  @Test func errors() throws {
    try withMount { mount in
      let path = "\(mount.path)/f"
      try write([1], to: path)
      try check(symlink("f", "\(mount.path)/link"))
      var buffer = [UInt8](repeating: 0, count: 70_000)
      func get(_ name: String, _ size: Int = 70_000) -> Int { getxattr(path, name, &buffer, size) }
      func set(_ name: String, _ count: Int = 1, _ flags: Int32 = 0) -> Int32 {
        setxattr(path, name, [UInt8](repeating: 0x61, count: count), count, flags)
      }
      #expect(errorNumber { get("user.none") } == ENODATA)
      #expect(errorNumber { removexattr(path, "user.none") } == ENODATA)
      #expect(errorNumber { set("user.a", 1, Int32(XATTR_REPLACE)) } == ENODATA)
      #expect(errorNumber { set("user.a", 5, Int32(XATTR_CREATE)) } == 0)
      #expect(errorNumber { set("user.a", 1, Int32(XATTR_CREATE)) } == EEXIST)
      #expect(get("user.a", 0) == 5)
      #expect(errorNumber { get("user.a", 4) } == ERANGE)
      #expect(get("user.a", 5) == 5)
      // As long as Linux lets it be.
      #expect(errorNumber { set("user.long", 65536) } == 0)
      #expect(get("user.long", 0) == 65536)
      #expect(get("user.long") == 65536)
      #expect(errorNumber { set("user.longer", 65537) } == E2BIG)
      let longest = "user." + String(repeating: "n", count: 250)
      #expect(errorNumber { set(longest) } == 0)
      #expect(get(longest) == 1)
      #expect(errorNumber { set(longest + "n") } == ERANGE)
      for name in ["system.test", "trusted.test", "security.test"] {
        #expect(errorNumber { set(name) } == EOPNOTSUPP, "\(name)")
        #expect(errorNumber { get(name) } == EOPNOTSUPP, "\(name)")
        #expect(errorNumber { removexattr(path, name) } == EOPNOTSUPP, "\(name)")
      }
      #expect(errorNumber { get("system.posix_acl_access") } == EOPNOTSUPP)
      // The kernel keeps user attributes from symbolic links.
      #expect(errorNumber { lsetxattr("\(mount.path)/link", "user.a", "x", 1, 0) } == EPERM)
      try mount.remount()
      #expect(get("user.a") == 5)
      #expect(get("user.long") == 65536)
      #expect(get(longest) == 1)
    }
  }

  @Test func ipfs() throws {
    try withMount { mount in
      try mount.shell(
        """
        cd "$m"
        mkdir dir
        echo hello > dir/file
        ln -s file dir/link
        setfattr -n user.own -v x dir/file
        """)
      let empty = try { () -> String in
        try check(mkdir("\(mount.path)/empty", 0o755))
        return try cid("\(mount.path)/empty")
      }()
      #expect(empty == "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354")
      for name in ["dir/file", "dir", "."] {
        let path = "\(mount.path)/\(name)"
        let cid = try cid(path)
        #expect(try attribute("ipfs.cid", path) == Array(cid.utf8))
        #expect(try attribute("user.ipfs.path", path) == Array("/ipfs/\(cid)".utf8))
        #expect(try attribute("ipfs.path", path) == Array("/ipfs/\(cid)".utf8))
        #expect(errorNumber { setxattr(path, "user.ipfs.cid", "x", 1, 0) } == EPERM)
        #expect(errorNumber { removexattr(path, "user.ipfs.cid") } == EPERM)
        #expect(throws: SystemCallError(number: ENODATA)) { try attribute("user.ipfs.none", path) }
      }
      // On symbolic links by the short names: there the kernel refuses the others.
      #expect(try attribute("ipfs.cid", "\(mount.path)/dir/link").starts(with: "bafybei".utf8))
      // Not listed, so that programs which copy attributes do not try to copy these.
      #expect(try mount.shell("cd \"$m\"; getfattr -m - -d dir . empty").isEmpty)
      #expect(try mount.shell("cd \"$m\"; getfattr -m - dir/file").trimmingNewlines == "# file: dir/file\nuser.own")
      // Directories' CIDs follow what is below them; attributes have no part in them.
      let before = try cid(mount.path)
      try mount.shell("cd \"$m\"; chmod 600 dir/file; touch -d 2001-01-01 dir; setfattr -n user.x -v y dir")
      #expect(try cid(mount.path) == before)
      try mount.shell("echo again >> \"$m/dir/file\"")
      let after = try cid(mount.path)
      #expect(after != before)
      try mount.shell("echo hello > \"$m/dir/file\"")
      #expect(try cid(mount.path) == before)
      try mount.remount()
      #expect(try cid(mount.path) == before)
    }
  }
}

extension String {
  /// The text without line ends at its end.
  fileprivate var trimmingNewlines: String {
    String(reversed().drop { $0 == "\n" }.reversed())
  }
}
