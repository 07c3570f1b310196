import Glibc
import MountTestSupport
import Testing

extension POSIXTests {
  /// Another user's writing, and any change of owner, takes setuid and setgid away.
  @Test(arguments: Place.allCases)
  func privilegeBits(_ place: Place) throws {
    try place.withDirectory { root in
      let path = "\(root)/program"
      func make(_ mode: mode_t) throws {
        unlink(path)
        try write([1, 2, 3], to: path)
        try check(chmod(path, mode))
      }
      func asNobody(_ script: String) throws {
        try Shell.run(
          "exec setpriv --reuid=65534 --regid=65534 --clear-groups bash -ec '\(script)'", environment: ["path": path])
      }
      try make(0o6777)
      try asNobody("echo x >> \"$path\"")
      #expect(try status(path).permissions == 0o777)
      try make(0o4766)
      try asNobody("echo x 1<> \"$path\"")
      #expect(try status(path).permissions == 0o766)
      try make(0o6777)
      try asNobody("truncate -s 1 \"$path\"")
      #expect(try status(path).permissions == 0o777)
      try make(0o6777)
      try asNobody(": > \"$path\"")
      #expect(try status(path).permissions == 0o777)
      // Root may keep them when it writes.
      try make(0o6755)
      try Shell.run("echo x >> \"$path\"", environment: ["path": path])
      #expect(try status(path).permissions == 0o6755)
      // Without the group's right to execute, setgid is no privilege.
      try make(0o6745)
      try check(chown(path, 65534, 65534))
      #expect(try status(path).permissions == 0o2745)
      #expect(try status(path).st_uid == 65534)
      try make(0o6755)
      try check(chown(path, 0, 65534))
      #expect(try status(path).permissions == 0o755)
      #expect(try status(path).st_gid == 65534)
    }
  }

  @Test(arguments: Place.allCases)
  func modesAndOwners(_ place: Place) throws {
    try place.withDirectory { root in
      for mode in [0o000, 0o644, 0o4755, 0o2755, 0o1644, 0o7777] as [mode_t] {
        let path = "\(root)/\(mode)"
        try write([1], to: path)
        try check(chmod(path, mode))
        #expect(try status(path).permissions == mode)
      }
      #expect(
        try Shell.run(
          "cd \"$root\"; umask 027; touch file; mkdir dir; stat -c %a file dir", environment: ["root": root])
          == "640\n750")
      try check(symlink("none", "\(root)/link"))
      try check(lchown("\(root)/link", 12, 34))
      #expect(try status("\(root)/link").st_uid == 12)
      #expect(try status("\(root)/link").st_gid == 34)
      // A directory with setgid passes its group on, and setgid itself to directories.
      try check(mkdir("\(root)/group", 0o755))
      try check(chown("\(root)/group", 0, 1234))
      try check(chmod("\(root)/group", 0o2775))
      try write([1], to: "\(root)/group/file")
      try check(mkdir("\(root)/group/dir", 0o755))
      try check(symlink("x", "\(root)/group/link"))
      #expect(try status("\(root)/group/file").st_gid == 1234)
      #expect(try status("\(root)/group/link").st_gid == 1234)
      #expect(try status("\(root)/group/dir").st_gid == 1234)
      #expect(try status("\(root)/group/dir").permissions & 0o2000 != 0)
      #expect(try status("\(root)/group/file").permissions & 0o2000 == 0)
    }
  }

  /// Modes count for other users.
  @Test(arguments: Place.allCases)
  func permissions(_ place: Place) throws {
    try place.withDirectory { root in
      func asNobody(_ script: String) throws -> Outcome {
        try Shell.outcome(
          of: "cd \"$root\"; exec setpriv --reuid=65534 --regid=65534 --clear-groups bash -ec '\(script)'",
          environment: ["root": root])
      }
      try write(Array("secret".utf8), to: "\(root)/private")
      try check(chmod("\(root)/private", 0o600))
      try write(Array("open".utf8), to: "\(root)/public")
      try check(mkdir("\(root)/sticky", 0o755))
      try check(chmod("\(root)/sticky", 0o1777))
      try write([1], to: "\(root)/sticky/roots")
      #expect(try asNobody("cat public").output == "open")
      for script in [
        "cat private", "echo x >> public", "touch new", "mkdir new", "rm public", "mv public other", "chmod 666 public",
        "chown nobody public", "rm -f sticky/roots", "mv sticky/roots sticky/other", "touch -d 2001-01-01 public",
      ] {
        let outcome = try asNobody(script)
        #expect(outcome.code != 0, "\(outcome)")
        #expect(
          outcome.errors.contains("Permission denied") || outcome.errors.contains("Operation not permitted"),
          "\(outcome)")
      }
      let own = try asNobody(
        "echo mine > sticky/own; chmod 640 sticky/own; mv sticky/own sticky/renamed; rm sticky/renamed")
      #expect(own.code == 0, "\(own)")
      #expect(try names(in: root).count == 3)
      #expect(try names(in: "\(root)/sticky").count == 1)
    }
  }
}
