import Foundation
import MountTestSupport
import Testing

/// Programs that people use do on a mount what they do elsewhere.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct RealProgramTests {
  /// A line for each node of the tree in the working directory: path, kind, mode, owner, group, time, link target, and
  /// the size of what is no directory.
  private static let describeTree = """
    find . -mindepth 1 \\( -type d -printf '%p %y %m %U %G %T@\\n' -o -printf '%p %y %m %U %G %T@ %s %l\\n' \\) | sort
    """

  @Test func copyKeepsEverything() throws {
    try withMount { mount in
      try mount.shell("cp -a /usr/share/doc \"$m/\"", seconds: 240)
      try mount.shell("diff -r --no-dereference /usr/share/doc \"$m/doc\"", seconds: 240)
      let original = try mount.shell("cd /usr/share/doc; \(Self.describeTree)")
      #expect(try mount.shell("cd \"$m/doc\"; \(Self.describeTree)") == original)
      let inodes = try mount.shell("cd \"$m\"; find . -printf '%i %p\\n' | sort")
      let root = try cid(mount.path)

      try mount.remount()
      #expect(try mount.shell("cd \"$m/doc\"; \(Self.describeTree)") == original)
      #expect(try mount.shell("cd \"$m\"; find . -printf '%i %p\\n' | sort") == inodes)
      try mount.shell("diff -r --no-dereference /usr/share/doc \"$m/doc\"", seconds: 240)
      #expect(try cid(mount.path) == root)
    }
  }

  @Test func rsyncTransfersOnce() throws {
    try withMount { mount in
      try mount.shell("rsync -a --delete /usr/include/ \"$m/include/\"", seconds: 240)
      try mount.shell("diff -r --no-dereference /usr/include \"$m/include\"", seconds: 240)
      #expect(try mount.shell("rsync -ai --delete /usr/include/ \"$m/include/\"").isEmpty)

      try mount.remount()
      try mount.shell("diff -r --no-dereference /usr/include \"$m/include\"", seconds: 240)
      #expect(try mount.shell("rsync -ai --delete /usr/include/ \"$m/include/\"").isEmpty)
      // By checksum too, and it notices what is to go.
      try mount.shell("echo extra > \"$m/include/extra.h\"")
      #expect(
        try mount.shell("rsync -aci --delete /usr/include/ \"$m/include/\"") == "*deleting   extra.h\n.d..t...... ./")
    }
  }

  @Test func git() throws {
    try withMount { mount in
      try write(
        Array("[user]\nname = Test\nemail = test@example.org\n[safe]\ndirectory = *\n[gc]\nauto = 0\n".utf8),
        to: "\(mount.folder)/.gitconfig")
      try mount.shell("git clone -q --no-hardlinks \"\(Binaries.checkout)\" \"$m/clone\"")
      try mount.shell("cd \"$m/clone\"; git fsck --full --strict")
      #expect(try mount.shell("cd \"$m/clone\"; git status --porcelain").isEmpty)
      try mount.shell(
        """
        cd "$m/clone"
        git checkout -q -b work
        echo text > added
        git mv Package.swift Renamed.swift
        git add -A
        git commit -q -m 'Add and rename'
        git gc -q --prune=now
        """)
      // Git tries a hard link first and has to make do without.
      try mount.shell("git clone -q \"$m/clone\" \"$m/second\"")
      let head = try mount.shell("cd \"$m/clone\"; git rev-parse HEAD")

      try mount.remount()
      for clone in ["clone", "second"] {
        try mount.shell("cd \"$m/\(clone)\"; git fsck --full --strict")
        #expect(try mount.shell("cd \"$m/\(clone)\"; git status --porcelain").isEmpty)
        #expect(try mount.shell("cd \"$m/\(clone)\"; git rev-parse HEAD") == head)
      }
      try mount.shell("diff -r --exclude=.git \"$m/clone\" \"$m/second\"")
    }
  }

  @Test(arguments: ["delete", "wal"])
  func sqlite(journal: String) throws {
    try withMount { mount in
      try mount.shell(
        """
        sqlite3 "$m/test.db" <<SQL
        PRAGMA journal_mode=\(journal);
        CREATE TABLE t (i INTEGER PRIMARY KEY, v BLOB);
        CREATE INDEX byValue ON t (v);
        WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 20000)
        INSERT INTO t SELECT x, randomblob(100) FROM c;
        SQL
        # Transactions of their own, by two processes at once.
        insert() {
          for part in 1 2 3 4 5; do
            { echo '.timeout 30000'
              for i in {1..20}; do echo "INSERT INTO t (v) VALUES ('$1-$part-$i');"; done; } | sqlite3 -bail "$m/test.db"
          done
        }
        insert one & first=$!
        insert two
        wait $first
        sqlite3 "$m/test.db" 'DELETE FROM t WHERE i % 3 = 0 AND i <= 20000; UPDATE t SET v = randomblob(50) WHERE i % 7 = 0;'
        """)
      #expect(try mount.shell("sqlite3 \"$m/test.db\" 'PRAGMA journal_mode'") == journal)
      #expect(try mount.shell("sqlite3 \"$m/test.db\" 'SELECT count(*) FROM t'") == "13534")
      #expect(try mount.shell("sqlite3 \"$m/test.db\" 'PRAGMA integrity_check'") == "ok")
      let dump = try mount.shell("sqlite3 \"$m/test.db\" .dump | sha256sum")

      try mount.remount()
      #expect(try mount.shell("sqlite3 \"$m/test.db\" 'PRAGMA integrity_check'") == "ok")
      #expect(try mount.shell("sqlite3 \"$m/test.db\" .dump | sha256sum") == dump)
      try mount.shell("sqlite3 \"$m/test.db\" 'VACUUM; PRAGMA wal_checkpoint(TRUNCATE);'")
      #expect(try mount.shell("sqlite3 \"$m/test.db\" .dump | sha256sum") == dump)
    }
  }

  @Test func tarOfManySmallFiles() throws {
    try withMount { mount in
      try mount.shell(
        """
        mkdir "$folder/small"
        cd "$folder/small"
        for d in {1..30}; do
          mkdir $d
          for f in {1..100}; do printf '%s %s %0*d\\n' $d $f $((f * 37 % 3000 + 1)) 7 > $d/$f; done
          ln -s $d/1 link$d
          chmod $((600 + d % 5)) $d/1
        done
        tar -cf ../small.tar .
        """)
      try mount.shell("mkdir \"$m/small\"; tar -xf \"$folder/small.tar\" -C \"$m/small\"")
      try mount.shell("diff -r --no-dereference \"$folder/small\" \"$m/small\"")
      // An archive made on the mount has the same names, modes, owners, times and content.
      let archive = "tar --sort=name --exclude=./extra -C \"$d\" -cf - . | sha256sum"
      let original = try mount.shell("d=\"$folder/small\"; \(archive)")
      #expect(try mount.shell("d=\"$m/small\"; \(archive)") == original)
      try mount.remount()
      #expect(try mount.shell("d=\"$m/small\"; \(archive)") == original)
      try mount.shell("rm -r \"$m/small\"")
      #expect(try names(in: mount.path).isEmpty)
      try mount.remount()
      #expect(try names(in: mount.path).isEmpty)
    }
  }

  @Test func dd() throws {
    try withMount { mount in
      try mount.shell(
        """
        head -c 7000000 /dev/urandom > "$folder/in"
        dd if="$folder/in" of="$m/whole" bs=64k conv=fsync status=none
        cmp "$folder/in" "$m/whole"
        dd if="$folder/in" of="$m/synced" bs=128k oflag=sync status=none
        cmp "$folder/in" "$m/synced"
        dd if="$folder/in" of="$m/direct" bs=4k oflag=direct conv=fsync status=none
        cmp "$folder/in" "$m/direct"
        # Pieces in the middle, with the rest left alone.
        cp "$folder/in" "$folder/edited"
        for target in "$folder/edited" "$m/whole"; do
          dd if=/dev/zero of="$target" bs=1000 seek=1500 count=1200 conv=notrunc,fdatasync status=none
        done
        cmp "$folder/edited" "$m/whole"
        dd if="$m/whole" of="$folder/out" bs=4k iflag=direct status=none
        cmp "$folder/edited" "$folder/out"
        """)
      try mount.remount()
      try mount.shell(
        """
        cmp "$folder/edited" "$m/whole"
        cmp "$folder/in" "$m/synced"
        cmp "$folder/in" "$m/direct"
        """)
    }
  }

  @Test func truncateProgram() throws {
    try withMount { mount in
      let check = """
        for size in 0 1 4096 999999 1048576 1048577 2500000 8000000; do
          cmp "$folder/file$size" "$m/file$size"
          test $(stat -c %s "$m/file$size") = $size
        done
        """
      try mount.shell(
        """
        head -c 3000000 /dev/urandom > "$folder/in"
        for size in 0 1 4096 999999 1048576 1048577 2500000 8000000; do
          for d in "$folder" "$m"; do
            cp "$folder/in" "$d/file$size"
            truncate -s $size "$d/file$size"
          done
        done
        \(check)
        # Down and up again: what was cut off is zeros now.
        for size in 1048577 2500000; do
          for d in "$folder" "$m"; do
            truncate -s $((size / 2)) "$d/file$size"
            truncate -s $size "$d/file$size"
          done
        done
        \(check)
        """)
      try mount.remount()
      try mount.shell(check)
    }
  }

  @Test func find() throws {
    try withMount { mount in
      try mount.shell(
        """
        for d in "$m/t" "$folder/t"; do
          mkdir -p "$d/a/b/c" "$d/a/d" "$d/empty"
          head -c 100000 /dev/zero > "$d/a/b/large"
          echo x > "$d/a/b/c/small"
          touch -d '2001-02-03 04:05:06.123456789' "$d/a/d/old"
          ln -s ../b "$d/a/d/link"
          chmod 4711 "$d/a/b/c/small"
        done
        """)
      for search in [
        "-name 's*'", "-size +50k", "-empty", "-type l", "-newermt 2010-01-01 -type f", "-perm -4000", "-links 4",
        "-not -newermt 2002-01-01", "-L -name large", "-depth",
      ] {
        let script = { (root: String) in
          let follow = search.hasPrefix("-L") ? "-L" : "-P"
          let tests = search.hasPrefix("-L") ? search.dropFirst(3) : search[...]
          return "cd \"\(root)/t\"; find \(follow) . \(tests) | sort"
        }
        let expected = try mount.shell(script("$folder"))
        #expect(!expected.isEmpty, "\(search)")
        #expect(try mount.shell(script("$m")) == expected, "\(search)")
      }
      try mount.shell("find \"$m/t\" -delete")
      #expect(try names(in: mount.path).isEmpty)
    }
  }

  @Test func editors() throws {
    try withMount { mount in
      let path = "\(mount.path)/text"
      try write(Array("one\ntwo\n".utf8), to: path)
      let before = try status(path).st_ino
      // Beside it, durable, and over it, as editors save.
      let temporary = try File("\(mount.path)/.text.swp", O_WRONLY | O_CREAT | O_EXCL)
      try temporary.write(Array("one\nthree\n".utf8))
      try check(fsync(temporary.descriptor))
      let written = try temporary.status().st_ino
      try temporary.close()
      try check(rename("\(mount.path)/.text.swp", path))
      #expect(try status(path).st_ino == written && written != before)
      #expect(try read(path) == Array("one\nthree\n".utf8))
      #expect(try names(in: mount.path) == [Array("text".utf8)])

      #expect(try mount.shell("cd \"$m\"; sed -i.bak s/three/four/ text; cat text text.bak") == "one\nfour\none\nthree")
      try mount.remount()
      #expect(try mount.shell("cd \"$m\"; cat text text.bak; ls -A") == "one\nfour\none\nthree\ntext\ntext.bak")
    }
  }

  @Test func dfShowsTheRepoVolume() throws {
    try withMount { mount in
      let sizes = try mount.shell("df --output=size \"$m\" \"$repo\" | tail -n 2").split(separator: "\n")
      #expect(sizes.count == 2 && sizes[0] == sizes[1])
      #expect(try mount.shell("df --output=iavail \"$m\" | tail -n 1").contains { "123456789".contains($0) })
      #expect(try mount.shell("df --output=fstype \"$m\" | tail -n 1") == "fuse.swipfs")
    }
  }
}
