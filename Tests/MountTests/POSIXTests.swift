import Foundation
import MountTestSupport
import Testing

/// What POSIX and Linux promise to programs. The same tests run in a local directory, which shows that they are right.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct POSIXTests {
  /// Where a test runs.
  enum Place: String, CaseIterable, CustomTestStringConvertible {
    case local
    case mount
    case mountWithoutWriteback

    var testDescription: String { rawValue }

    /// Runs `body` with an empty directory that every user may enter.
    func withDirectory(_ body: (String) throws -> Void) throws {
      switch self {
      case .local: try withTemporaryFolder { try body($0.path) }
      case .mount: try withMount(["allow_other"]) { try body($0.path) }
      case .mountWithoutWriteback: try withMount(["allow_other", "writeback=no"]) { try body($0.path) }
      }
    }
  }

  @Test(arguments: Place.allCases)
  func unlinkedFileStaysUsable(_ place: Place) throws {
    try place.withDirectory { root in
      let path = "\(root)/f"
      let content = randomBytes(3_000_000, seed: 1)
      try write(content, to: path)
      let first = try File(path, O_RDWR)
      let second = try File(path, O_RDONLY)
      try check(unlink(path))
      #expect(errorNumber { access(path, F_OK) } == ENOENT)
      #expect(try first.status().st_nlink == 0)
      #expect(try second.readAll() == content)
      // A new file of that name is another.
      try write([1, 2, 3], to: path)
      try first.write([9, 9], at: 1_000_000)
      try check(ftruncate(first.descriptor, 2_000_000))
      try check(fsync(first.descriptor))
      try check(fchmod(first.descriptor, 0o600))
      try first.close()
      #expect(try second.status().permissions == 0o600)
      #expect(try second.read(4, at: 999_999) == [content[999_999], 9, 9, content[1_000_002]])
      #expect(try second.readAll().count == 2_000_000)
      #expect(try read(path) == [1, 2, 3])
      try second.close()
    }
  }

  @Test(arguments: Place.allCases)
  func renameOverOpenFile(_ place: Place) throws {
    try place.withDirectory { root in
      try write(Array("old".utf8), to: "\(root)/target")
      try write(Array("new".utf8), to: "\(root)/source")
      let old = try File("\(root)/target", O_RDWR)
      let new = try File("\(root)/source", O_RDWR)
      let inode = try status("\(root)/source").st_ino
      try check(rename("\(root)/source", "\(root)/target"))
      #expect(try old.readAll() == Array("old".utf8))
      try old.write(Array("er".utf8), at: 3)
      try new.write(Array("er".utf8), at: 3)
      #expect(try old.readAll() == Array("older".utf8))
      #expect(try read("\(root)/target") == Array("newer".utf8))
      #expect(try status("\(root)/target").st_ino == inode)
      #expect(try old.status().st_nlink == 0)
      #expect(errorNumber { access("\(root)/source", F_OK) } == ENOENT)
      try old.close()
      try new.close()
      #expect(try read("\(root)/target") == Array("newer".utf8))
    }
  }

  @Test(arguments: Place.allCases)
  func renameOfDirectories(_ place: Place) throws {
    try place.withDirectory { root in
      for name in ["a", "a/sub", "empty", "full", "full/x", "b"] { try check(mkdir("\(root)/\(name)", 0o755)) }
      try write([1], to: "\(root)/a/sub/file")
      try write([2], to: "\(root)/file")
      #expect(errorNumber { rename("\(root)/a", "\(root)/full") } == ENOTEMPTY)
      #expect(errorNumber { rename("\(root)/a", "\(root)/a/sub/b") } == EINVAL)
      #expect(errorNumber { rename("\(root)/a", "\(root)/file") } == ENOTDIR)
      #expect(errorNumber { rename("\(root)/file", "\(root)/a") } == EISDIR)
      #expect(errorNumber { rename("\(root)/none", "\(root)/a") } == ENOENT)
      #expect(errorNumber { rename("\(root)/file", "\(root)/file") } == 0)
      #expect(errorNumber { rename("\(root)/a", "\(root)/empty") } == 0)
      #expect(try read("\(root)/empty/sub/file") == [1])
      #expect(errorNumber { access("\(root)/a", F_OK) } == ENOENT)
      // Into another directory: the link counts of both parents follow.
      #expect(try status(root).st_nlink == 5)
      try check(rename("\(root)/empty", "\(root)/b/moved"))
      #expect(try status(root).st_nlink == 4)
      #expect(try status("\(root)/b").st_nlink == 3)
      #expect(try read("\(root)/b/moved/sub/file") == [1])
      #expect(try status("\(root)/b/moved/..").st_ino == status("\(root)/b").st_ino)
    }
  }

  @Test(arguments: Place.allCases)
  func removal(_ place: Place) throws {
    try place.withDirectory { root in
      try check(mkdir("\(root)/d", 0o755))
      try write([1], to: "\(root)/d/f")
      #expect(errorNumber { rmdir("\(root)/d") } == ENOTEMPTY)
      #expect(errorNumber { rmdir("\(root)/d/f") } == ENOTDIR)
      #expect(errorNumber { unlink("\(root)/d") } == EISDIR)
      #expect(errorNumber { unlink("\(root)/d/none") } == ENOENT)
      #expect(errorNumber { unlink("\(root)/d/f/g") } == ENOTDIR)
      #expect(errorNumber { mkdir("\(root)/d", 0o755) } == EEXIST)
      #expect(errorNumber { symlink("x", "\(root)/d/f") } == EEXIST)
      #expect(errorNumber { open("\(root)/d/f", O_CREAT | O_EXCL | O_RDWR, 0o644) } == EEXIST)
      #expect(errorNumber { open("\(root)/d", O_WRONLY) } == EISDIR)
      try check(unlink("\(root)/d/f"))
      try check(rmdir("\(root)/d"))
      #expect(errorNumber { rmdir("\(root)/d") } == ENOENT)
      #expect(try names(in: root).isEmpty)
    }
  }

  @Test(arguments: Place.allCases)
  func longAndOddNames(_ place: Place) throws {
    try place.withDirectory { root in
      let longest = String(repeating: "n", count: 255)
      let longestUnicode = String(repeating: "é", count: 127) + "x"
      for name in [longest, longestUnicode] {
        try write([1], to: "\(root)/\(name)")
        #expect(try read("\(root)/\(name)") == [1])
        #expect(errorNumber { rename("\(root)/\(name)", "\(root)/\(name)y") } == ENAMETOOLONG)
        #expect(errorNumber { open("\(root)/\(name)y", O_CREAT | O_WRONLY, 0o644) } == ENAMETOOLONG)
        #expect(errorNumber { mkdir("\(root)/\(name)y", 0o755) } == ENAMETOOLONG)
        #expect(errorNumber { symlink("x", "\(root)/\(name)y") } == ENAMETOOLONG)
        #expect(errorNumber { access("\(root)/\(name)y", F_OK) } == ENAMETOOLONG)
      }
      // Names are bytes: any but slash and zero, in UTF-8 or not, and never made one form.
      var expected = [Array(longest.utf8), Array(longestUnicode.utf8)]
      let odd: [[UInt8]] = [
        [0xFF, 0xFE, 0x80], Array(1...46), Array("caf\u{E9}".utf8), Array("cafe\u{301}".utf8), Array(" ".utf8),
        Array("\\".utf8), Array("...".utf8), Array("*?".utf8), Array("日本語".utf8), [0x0A],
      ]
      for (index, name) in odd.enumerated() {
        let path = (Array("\(root)/".utf8) + name + [0]).map { CChar(bitPattern: $0) }
        let descriptor = try check(open(path, O_CREAT | O_EXCL | O_WRONLY, 0o644))
        try check(write(descriptor, [UInt8(index)], 1))
        try check(close(descriptor))
        expected.append(name)
      }
      #expect(try names(in: root) == expected.sorted { $0.lexicographicallyPrecedes($1) })
      #expect(try read("\(root)/caf\u{E9}") == [2])
      #expect(try read("\(root)/cafe\u{301}") == [3])
    }
  }

  @Test(arguments: Place.allCases)
  func twoHandles(_ place: Place) throws {
    try place.withDirectory { root in
      let path = "\(root)/f"
      let writer = try File(path, O_WRONLY | O_CREAT)
      let reader = try File(path, O_RDONLY)
      let other = try File(path, O_RDWR)
      var expected = [UInt8](repeating: 0, count: 2_500_000)
      for step in 0..<50 {
        let piece = randomBytes(50_000, seed: UInt64(step))
        try (step % 2 == 0 ? writer : other).write(piece, at: step * 50_000)
        expected.replaceSubrange(step * 50_000..<(step + 1) * 50_000, with: piece)
        #expect(try reader.read(piece.count, at: step * 50_000) == piece)
        #expect(try other.status().st_size == (step + 1) * 50_000)
      }
      try check(ftruncate(other.descriptor, 1_000_000))
      #expect(try reader.readAll() == Array(expected[..<1_000_000]))
      try writer.write([7], at: 500_000)
      expected[500_000] = 7
      // Also a reader past the page cache.
      let direct = try File(path, O_RDONLY | directly)
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 4096)
      defer { buffer.deallocate() }
      #expect(try check(pread(direct.descriptor, buffer.baseAddress, 8192, 122 * 4096)) == 8192)
      #expect(buffer.elementsEqual(expected[(122 * 4096)..<(124 * 4096)]))
      #expect(try read(path) == Array(expected[..<1_000_000]))
    }
  }

  /// With the writeback cache the kernel keeps the times of a file that is truncated to the size it has; without it the
  /// time is set. Either way it is the same after the kernel has forgotten the file.
  @Test(arguments: [true, false])
  func timesOfATruncationThatCutsNothing(cachesWrites: Bool) throws {
    try withMount(cachesWrites ? [] : ["writeback=no"]) { mount in
      let path = "\(mount.path)/f"
      try write([1, 2, 3], to: path)
      var times = [timespec(tv_sec: 1000, tv_nsec: 5), timespec(tv_sec: 1000, tv_nsec: 5)]
      try check(utimensat(AT_FDCWD, path, &times, 0))
      try check(truncate(path, 3))
      let seen = try status(path).st_mtim
      #expect((seen.tv_sec == 1000) == cachesWrites)
      try mount.stop()
      try mount.start()
      let kept = try status(path).st_mtim
      #expect(kept.tv_sec == seen.tv_sec && kept.tv_nsec == seen.tv_nsec)
      // One that cuts sets it.
      try check(utimensat(AT_FDCWD, path, &times, 0))
      try check(truncate(path, 2))
      #expect(try status(path).st_mtim.tv_sec > 1000)
    }
  }

  @Test(arguments: Place.allCases)
  func truncationAndHoles(_ place: Place) throws {
    try place.withDirectory { root in
      let path = "\(root)/f"
      let content = randomBytes(2_200_000, seed: 2)
      try write(content, to: path)
      try check(truncate(path, 1_500_001))
      #expect(try read(path) == Array(content[..<1_500_001]))
      try check(truncate(path, 3_000_000))
      #expect(try read(path) == Array(content[..<1_500_001]) + [UInt8](repeating: 0, count: 1_499_999))
      #expect(errorNumber { truncate(path, -1) } == EINVAL)
      let truncating = try File(path, O_WRONLY | O_TRUNC)
      #expect(try status(path).st_size == 0)
      // Beyond the end, and further: what lies between is zeros.
      try truncating.write([1], at: 5_000_000)
      try truncating.write([2], at: 2_000_000)
      try truncating.close()
      var expected = [UInt8](repeating: 0, count: 5_000_001)
      expected[5_000_000] = 1
      expected[2_000_000] = 2
      #expect(try read(path) == expected)
      #expect(try status(path).st_size == 5_000_001)
      // Read past the end.
      let file = try File(path, O_RDONLY)
      #expect(try file.read(10, at: 5_000_000) == [1])
      #expect(try file.read(10, at: 6_000_000).isEmpty)
      #expect(errorNumber { ftruncate(file.descriptor, 0) } == EINVAL)
    }
  }

  /// A terabyte of nothing costs nothing.
  @Test(arguments: [Place.mount, .mountWithoutWriteback])
  func hugeSparseFile(_ place: Place) throws {
    try place.withDirectory { root in
      let path = "\(root)/f"
      let size = 1 << 40
      let file = try File(path, O_RDWR | O_CREAT)
      try check(ftruncate(file.descriptor, off_t(size)))
      try file.write(Array("middle".utf8), at: size / 2)
      try file.write(Array("end".utf8), at: size - 3)
      try file.close()
      #expect(try status(path).st_size == size)
      #expect(try !cid(path).isEmpty)
      let reader = try File(path, O_RDONLY)
      #expect(try reader.read(8, at: size / 2 - 1) == [0] + Array("middle".utf8) + [0])
      #expect(try reader.read(10, at: size - 4) == [0] + Array("end".utf8))
    }
  }

  @Test(arguments: Place.allCases)
  func appending(_ place: Place) throws {
    try place.withDirectory { root in
      let path = "\(root)/log"
      try Shell.run(
        """
        append() { for i in {1..400}; do echo "$1 $i $(printf '%*s' $((i % 90)) '' | tr ' ' x)" >> "$path"; done; }
        append one & first=$!
        append two
        wait $first
        """, environment: ["path": path])
      let lines = String(decoding: try read(path), as: UTF8.self).split(separator: "\n")
      for name in ["one", "two"] {
        let own = lines.filter { $0.hasPrefix("\(name) ") }
        #expect(own == (1...400).map { "\(name) \($0) \(String(repeating: "x", count: $0 % 90))"[...] })
      }
      #expect(lines.count == 800)
      // Two handles that append take turns without loss.
      let first = try File(path, O_WRONLY | O_APPEND)
      let second = try File(path, O_WRONLY | O_APPEND)
      let size = Int(try status(path).st_size)
      for step in 0..<100 { try (step % 2 == 0 ? first : second).write([UInt8(step)]) }
      #expect(try File(path, O_RDONLY).read(200, at: size) == Array(0..<100))
    }
  }

  @Test(arguments: Place.allCases)
  func times(_ place: Place) throws {
    try place.withDirectory { root in
      let path = "\(root)/f"
      try write([1], to: path)
      try check(symlink("f", "\(root)/link"))
      try check(mkdir("\(root)/d", 0o755))
      for time in [1_234_567_890_123_456_789, 1, 999_999_999, 4_000_000_000_000_000_001] {
        for name in ["f", "link", "d"] {
          try setModified("\(root)/\(name)", time)
          #expect(try status("\(root)/\(name)").modified == time, "\(name)")
        }
      }
      // A time set on an open file with unwritten data stays after it is closed.
      let file = try File(path, O_WRONLY)
      try file.write(Array("data".utf8))
      try check(futimens(file.descriptor, [timespec(tv_sec: 5, tv_nsec: 6), timespec(tv_sec: 7, tv_nsec: 8)]))
      try file.close()
      #expect(try status(path).modified == 7_000_000_008)
      // What changes content moves the time of modification; what changes attributes, that of change alone.
      let then = 1_000_000_000_000_000_000
      try setModified(path, then)
      try check(chmod(path, 0o600))
      #expect(try status(path).modified == then)
      #expect(try status(path).st_ctim.tv_sec > 1_600_000_000)
      try check(truncate(path, 2))
      #expect(try status(path).modified > then)
      try setModified(path, then)
      try write([2], to: path)
      #expect(try status(path).modified > then)
      // Directories, by entries that come and go.
      for change in [
        { try check(mkdir("\(root)/d/x", 0o755)) }, { try check(rename("\(root)/d/x", "\(root)/d/y")) },
        { try check(rmdir("\(root)/d/y")) }, { try write([1], to: "\(root)/d/f") },
        { try check(unlink("\(root)/d/f")) }, { try check(symlink("a", "\(root)/d/s")) },
      ] as [() throws -> Void] {
        try setModified("\(root)/d", then)
        try change()
        #expect(try status("\(root)/d").modified > then)
      }
    }
  }

  @Test(arguments: Place.allCases)
  func symbolicLinks(_ place: Place) throws {
    try place.withDirectory { root in
      for target in ["f", "/none", "../..", String(repeating: "x/", count: 2000), "\u{E9}"] {
        try check(symlink(target, "\(root)/link"))
        var buffer = [CChar](repeating: 0, count: 5000)
        let count = try check(readlink("\(root)/link", &buffer, buffer.count))
        #expect(buffer[..<count].elementsEqual(target.utf8.map { CChar(bitPattern: $0) }))
        #expect(try status("\(root)/link").st_size == target.utf8.count)
        #expect(try status("\(root)/link").permissions == 0o777)
        try check(unlink("\(root)/link"))
      }
      try check(symlink("loop", "\(root)/loop"))
      #expect(errorNumber { access("\(root)/loop", F_OK) } == ELOOP)
      #expect(errorNumber { open("\(root)/loop", O_RDONLY | O_NOFOLLOW) } == ELOOP)
    }
  }

  @Test(arguments: Place.allCases)
  func listingWhileChanging(_ place: Place) throws {
    try place.withDirectory { root in
      for index in 0..<2000 { try write([], to: "\(root)/\(index)") }
      // What is there from the beginning to the end is listed exactly once, whatever comes and goes meanwhile.
      let directory = try #require(opendir(root))
      defer { closedir(directory) }
      var seen: [String: Int] = [:]
      var count = 0
      while let entry = readdir(directory) {
        seen[String(decoding: name(of: entry), as: UTF8.self), default: 0] += 1
        count += 1
        if count % 10 == 0 {
          try write([], to: "\(root)/new\(count)")
          unlink("\(root)/\(1000 + count / 10)")
        }
      }
      for index in 0..<1000 { #expect(seen["\(index)"] == 1) }
      #expect(seen.values.allSatisfy { $0 == 1 })
      rewinddir(directory)
      var again = 0
      while readdir(directory) != nil { again += 1 }
      #expect(try again == names(in: root).count + 2)
    }
  }
}
