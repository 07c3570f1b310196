import CFuse3
import Glibc
import MountTestSupport
import Testing

/// Calls that treat ranges of a file, and renames with flags.
extension POSIXTests {
  @Test(arguments: Place.allCases)
  func exchangeAndNoReplace(_ place: Place) throws {
    try place.withDirectory { root in
      for name in ["a", "a/sub", "a/sub/deep", "b"] { try check(mkdir("\(root)/\(name)", 0o755)) }
      try write([1], to: "\(root)/a/sub/file")
      try write([2], to: "\(root)/b/other")
      try write([3], to: "\(root)/top")
      let noReplace = { (from: String, to: String) in
        errorNumber { rename("\(root)/\(from)", "\(root)/\(to)", flags: RenameFlag.noReplace) }
      }
      #expect(noReplace("top", "b/other") == EEXIST)
      #expect(noReplace("top", "b") == EEXIST)
      #expect(noReplace("none", "b/new") == ENOENT)
      #expect(noReplace("top", "b/new") == 0)
      #expect(noReplace("b/new", "top") == 0)

      let exchange = { (from: String, to: String) in
        errorNumber { rename("\(root)/\(from)", "\(root)/\(to)", flags: RenameFlag.exchange) }
      }
      #expect(exchange("top", "none") == ENOENT)
      #expect(exchange("a", "a/sub/deep") == EINVAL)
      #expect(exchange("a/sub/deep", "a") == EINVAL)
      #expect(exchange("top", "top") == 0)
      // Two files, open ones.
      let inodes = (try status("\(root)/top").st_ino, try status("\(root)/b/other").st_ino)
      let top = try File("\(root)/top", O_RDWR)
      try top.write([4], at: 1)
      #expect(exchange("top", "b/other") == 0)
      #expect(try (status("\(root)/b/other").st_ino, status("\(root)/top").st_ino) == inodes)
      try top.write([5], at: 2)
      try top.close()
      #expect(try read("\(root)/b/other") == [3, 4, 5])
      #expect(try read("\(root)/top") == [2])
      // A directory and a file, of different parents: the link counts follow.
      let then = 1_000_000_000_000_000_000
      for name in ["", "a", "b", "a/sub", "top"] { try setModified("\(root)/\(name)", then) }
      #expect(exchange("a/sub", "top") == 0)
      #expect(try status(root).st_nlink == 5)
      #expect(try status("\(root)/a").st_nlink == 2)
      #expect(try read("\(root)/top/file") == [1])
      #expect(try read("\(root)/a/sub") == [2])
      #expect(try status("\(root)/top/..").st_ino == status(root).st_ino)
      #expect(try status(root).modified > then)
      #expect(try status("\(root)/a").modified > then)
      #expect(try status("\(root)/b").modified == then)
      #expect(try status("\(root)/top").modified == then)
      #expect(try status("\(root)/a/sub").modified == then)
      // Two directories.
      #expect(exchange("top", "b") == 0)
      #expect(try read("\(root)/b/file") == [1])
      #expect(try read("\(root)/top/other") == [3, 4, 5])
      #expect(
        errorNumber { rename("\(root)/a", "\(root)/c", flags: RenameFlag.exchange | RenameFlag.noReplace) } == EINVAL)
      if place != .local {
        // Overlays use it; it would leave a device behind.
        #expect(errorNumber { rename("\(root)/a/sub", "\(root)/w", flags: RenameFlag.whiteout) } == EINVAL)
      }
    }
  }

  @Test(arguments: Place.allCases)
  func allocation(_ place: Place) throws {
    try place.withDirectory { root in
      let path = "\(root)/f"
      var expected = randomBytes(3_000_000, seed: 3)
      let file = try File(path, O_RDWR | O_CREAT)
      try file.write(expected)
      // Beyond the end, with and without a new size.
      try check(file.allocate(AllocationFlag.keepSize, 2_500_000, 1_000_000))
      #expect(try file.status().st_size == 3_000_000)
      try check(file.allocate(0, 2_900_000, 600_000))
      expected += [UInt8](repeating: 0, count: 500_000)
      #expect(try file.status().st_size == 3_500_000)
      try check(file.allocate(0, 0, 100))
      #expect(try file.readAll() == expected)
      // Holes over chunks, in them, over what is not written yet, and over the end.
      try file.write([1, 2, 3, 4, 5], at: 100_000)
      expected.replaceSubrange(100_000..<100_005, with: [1, 2, 3, 4, 5])
      let punched = AllocationFlag.punchHole | AllocationFlag.keepSize
      for (offset, length) in [(100_002, 2), (900_000, 1_300_000), (3_400_000, 1_000_000), (7_000_000, 10)] {
        try check(file.allocate(punched, offset, length))
        let range = min(offset, expected.count)..<min(offset + length, expected.count)
        expected.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
      }
      #expect(try file.status().st_size == 3_500_000)
      #expect(try file.readAll() == expected)
      for (offset, length) in [(2_600_000, 50_000), (3_450_000, 100_000)] {
        try check(file.allocate(AllocationFlag.zeroRange | AllocationFlag.keepSize, offset, length))
        let range = offset..<min(offset + length, expected.count)
        expected.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
      }
      try check(file.allocate(AllocationFlag.zeroRange, 3_499_999, 200_001))
      expected[3_499_999] = 0
      expected += [UInt8](repeating: 0, count: 200_000)
      #expect(try file.readAll() == expected)
      try file.close()
      #expect(try read(path) == expected)

      let reader = try File(path, O_RDONLY)
      #expect(errorNumber { reader.allocate(0, 0, 10) } == EBADF)
      let writer = try File(path, O_WRONLY)
      #expect(errorNumber { writer.allocate(0, -1, 10) } == EINVAL)
      #expect(errorNumber { writer.allocate(0, 0, 0) } == EINVAL)
      #expect(errorNumber { writer.allocate(AllocationFlag.punchHole, 0, 10) } == EOPNOTSUPP)
      if place != .local {
        #expect(errorNumber { writer.allocate(AllocationFlag.collapseRange, 0, 4096) } == EOPNOTSUPP)
        #expect(errorNumber { writer.allocate(AllocationFlag.insertRange, 0, 4096) } == EOPNOTSUPP)
      }
      #expect(errorNumber { writer.allocate(0, 0, 1 << 46) } == (place == .local ? EFBIG : ENOSPC))
      #expect(try read(path) == expected)
    }
  }

  @Test(arguments: Place.allCases)
  func dataAndHoles(_ place: Place) throws {
    try place.withDirectory { root in
      let path = "\(root)/f"
      let chunk = 1 << 20
      let file = try File(path, O_RDWR | O_CREAT)
      try check(ftruncate(file.descriptor, 40 * chunk))
      try file.write(randomBytes(2 * chunk, seed: 4), at: 10 * chunk)
      try file.write([1], at: 30 * chunk + 5)
      // What was just written is data, whether the kernel has told of it or not.
      let check = { (file: File, isPunched: Bool) in
        let ranges = try file.dataRanges()
        let data = ranges.reduce(0) { $0 + $1.count }
        #expect(data <= 3 * chunk)
        for byte in [10 * chunk, 11 * chunk - 1, 30 * chunk + 5] { #expect(ranges.contains { $0.contains(byte) }) }
        for byte in [0, 9 * chunk, 20 * chunk, 39 * chunk] { #expect(!ranges.contains { $0.contains(byte) }) }
        #expect(ranges.contains { $0.contains(11 * chunk + 10) } != isPunched)
        #expect(errorNumber { lseek(file.descriptor, 40 * chunk, SeekFlag.data) } == ENXIO)
        #expect(errorNumber { lseek(file.descriptor, 40 * chunk, SeekFlag.hole) } == ENXIO)
        #expect(errorNumber { lseek(file.descriptor, 50 * chunk, SeekFlag.hole) } == ENXIO)
        #expect(errorNumber { lseek(file.descriptor, 35 * chunk, SeekFlag.data) } == ENXIO)
        #expect(lseek(file.descriptor, 35 * chunk, SeekFlag.hole) == 35 * chunk)
      }
      try check(file, false)
      #expect(file.allocate(AllocationFlag.punchHole | AllocationFlag.keepSize, 11 * chunk, chunk) == 0)
      try check(file, true)
      if place != .local { _ = try cid(path) }
      try check(file, true)
      try file.close()
      try check(try File(path, O_RDONLY), true)
      #expect(try status(path).st_blocks < 40 * chunk / 512)
      // No hole: the end is one.
      let full = try File("\(root)/full", O_RDWR | O_CREAT)
      try full.write(randomBytes(2 * chunk + 10, seed: 5))
      #expect(try full.dataRanges() == [0..<2 * chunk + 10])
      #expect(lseek(full.descriptor, 5, SeekFlag.data) == 5)
      #expect(lseek(full.descriptor, 5, SeekFlag.hole) == 2 * chunk + 10)
      let empty = try File("\(root)/empty", O_RDWR | O_CREAT)
      #expect(try empty.dataRanges() == [])
    }
  }

  @Test(arguments: Place.allCases)
  func copyingRanges(_ place: Place) throws {
    try place.withDirectory { root in
      let content = randomBytes(3_500_000, seed: 6)
      try write(content, to: "\(root)/source")
      let source = try File("\(root)/source", O_RDWR)
      let target = try File("\(root)/target", O_RDWR | O_CREAT)
      #expect(try source.copy(4_000_000, at: 0, to: target, at: 0) == content.count)
      #expect(try target.readAll() == content)
      // At odd places, from a file with bytes that are nowhere but in memory, in pieces, and within the file.
      var expected = content
      var changed = content
      try source.write([1, 2, 3], at: 1_000_000)
      changed.replaceSubrange(1_000_000..<1_000_003, with: [1, 2, 3])
      for (offset, newOffset, count) in [
        (999_990, 5, 100), (0, 3_499_000, 2_000_000), (1_048_576, 0, 1_048_576), (7, 2_097_152, 500_000),
      ] {
        #expect(try source.copy(count, at: offset, to: target, at: newOffset) == count)
        if expected.count < newOffset + count {
          expected += [UInt8](repeating: 0, count: newOffset + count - expected.count)
        }
        expected.replaceSubrange(newOffset..<newOffset + count, with: changed[offset..<offset + count])
        #expect(try target.readAll() == expected)
      }
      #expect(try target.copy(100_000, at: 0, to: target, at: 200_000) == 100_000)
      expected.replaceSubrange(200_000..<300_000, with: Array(expected[..<100_000]))
      #expect(try target.copy(10, at: expected.count, to: target, at: 0) == 0)
      // What a mapping changed is copied.
      let memory = mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, source.descriptor, 0)
      memory?.storeBytes(of: 99, toByteOffset: 17, as: UInt8.self)
      #expect(try source.copy(100, at: 0, to: target, at: 50) == 100)
      changed[17] = 99
      expected.replaceSubrange(50..<150, with: changed[..<100])
      #expect(munmap(memory, 4096) == 0)
      #expect(try target.readAll() == expected)
      try target.close()
      #expect(try read("\(root)/target") == expected)
      #expect(throws: SystemCallError(number: EINVAL)) {
        try copyRange(source.descriptor, 0, source.descriptor, 50, 100)
      }
      let reader = try File("\(root)/target", O_RDONLY)
      #expect(throws: SystemCallError(number: EBADF)) {
        try copyRange(source.descriptor, 0, reader.descriptor, 0, 100)
      }
    }
  }

  @Test(arguments: Place.allCases)
  func accessOfRoot(_ place: Place) throws {
    try place.withDirectory { root in
      try write([1], to: "\(root)/f")
      try check(mkdir("\(root)/d", 0))
      for (mode, canRun) in [(0o000, false), (0o444, false), (0o001, true), (0o700, true)] as [(mode_t, Bool)] {
        try check(chmod("\(root)/f", mode))
        #expect(errorNumber { access("\(root)/f", R_OK | W_OK) } == 0)
        #expect(errorNumber { access("\(root)/f", X_OK) } == (canRun ? 0 : EACCES))
      }
      #expect(errorNumber { access("\(root)/d", R_OK | W_OK | X_OK) } == 0)
      #expect(errorNumber { access("\(root)/none", F_OK) } == ENOENT)
      #expect(errorNumber { access("\(root)/f/x", F_OK) } == ENOTDIR)
    }
  }

  @Test(arguments: Place.allCases)
  func removingAttributes(_ place: Place) throws {
    try place.withDirectory { root in
      try write([1], to: "\(root)/f")
      #expect(errorNumber { removexattr("\(root)/f", "user.a") } == ENODATA)
      try check(setxattr("\(root)/f", "user.a", [1, 2], 2, 0))
      try check(setxattr("\(root)/f", "user.b", [3], 1, 0))
      try check(removexattr("\(root)/f", "user.a"))
      #expect(errorNumber { removexattr("\(root)/f", "user.a") } == ENODATA)
      #expect(errorNumber { lgetxattr("\(root)/f", "user.a", nil, 0) } == ENODATA)
      #expect(try attribute("user.b", "\(root)/f") == [3])
      #expect(errorNumber { removexattr("\(root)/none", "user.a") } == ENOENT)
    }
  }

  /// Files without a name need a call that libfuse does not have; programs go on with a name.
  @Test(arguments: [Place.mount])
  func temporaryFilesAreRefused(_ place: Place) throws {
    try place.withDirectory { root in
      let temporary: Int32 = 0o20000000 | O_DIRECTORY
      #expect(throws: SystemCallError(number: EOPNOTSUPP)) { try File(root, temporary | O_RDWR) }
      #expect(throws: SystemCallError(number: EOPNOTSUPP)) { try File(root, temporary | O_WRONLY) }
      let left = try names(in: root)
      #expect(left.isEmpty)
    }
  }

  /// A petabyte of nothing costs nothing, and what stands at its end little.
  @Test(arguments: [Place.mount, .mountWithoutWriteback])
  func petabytes(_ place: Place) throws {
    try place.withDirectory { root in
      let path = "\(root)/f"
      let size = 1 << 50
      let file = try File(path, O_RDWR | O_CREAT)
      try check(ftruncate(file.descriptor, size))
      let nothing = try cid(path)
      #expect(try file.read(10, at: size - 5) == [0, 0, 0, 0, 0])
      #expect(try file.dataRanges() == [])
      // Beyond what one file of the repo's own disk can hold.
      let end = Array("the end".utf8)
      let appending = try File(path, O_WRONLY | O_APPEND)
      try appending.write(end)
      try file.write([7], at: size / 2 + 3)
      try file.write([8], at: 100)
      try appending.close()
      try check(fsync(file.descriptor))
      #expect(try file.status().st_size == size + end.count)
      #expect(try file.read(100, at: size - 3) == [0, 0, 0] + end)
      #expect(try file.read(3, at: size / 2 + 2) == [0, 7, 0])
      let ranges = try file.dataRanges()
      for byte in [100, size / 2 + 3, size + 1] { #expect(ranges.contains { $0.contains(byte) }) }
      #expect(ranges.reduce(0) { $0 + $1.count } < 8 << 20)
      #expect(try cid(path) != nothing)
      #expect(try File(path, O_RDONLY).read(100, at: size - 3) == [0, 0, 0] + end)
      try check(file.allocate(AllocationFlag.punchHole | AllocationFlag.keepSize, 0, size))
      try check(ftruncate(file.descriptor, size))
      #expect(try cid(path) == nothing)
      try check(ftruncate(file.descriptor, 0))
      try file.close()
      #expect(try status(path).st_size == 0)
    }
  }
}
