import Glibc
import MountTestSupport
import Testing

/// Copies inside a mount share what is stored, by the programs that people use.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct CopyTests {
  /// More than one call of `copy_file_range` takes: the copy has the CID at once and stores no leaf.
  @Test func cpOfALargeFileStoresNothing() throws {
    try withMount { mount in
      try mount.shell(
        "truncate -s 5G \"$m/large\"; for i in 0 7 4095 4096 5000; do dd if=/dev/urandom of=\"$m/large\" bs=1M count=1 seek=$i conv=notrunc status=none; done"
      )
      let source = try cid("\(mount.path)/large")
      let before = try mount.status()
      for options in ["--reflink=auto --sparse=auto", "--sparse=never"] {
        try mount.shell("cp \(options) \"$m/large\" \"$m/copy\"")
        #expect(try cid("\(mount.path)/copy") == source)
        #expect(try status("\(mount.path)/copy").st_size == 5 << 30)
        try mount.shell("rm \"$m/copy\"")
      }
      let after = try mount.status()
      // Inner nodes, and the root's directory.
      #expect(after.bytesWritten - before.bytesWritten < 1 << 20)
      #expect(after.blocksWritten - before.blocksWritten < 40)
    }
  }

  @Test(arguments: [[], ["writeback=no"]])
  func holesStayHoles(_ options: [String]) throws {
    try withMount(options) { mount in
      let path = mount.path
      let size = 1 << 42
      let file = try File("\(path)/sparse", O_RDWR | O_CREAT)
      try check(ftruncate(file.descriptor, size))
      try file.write(randomBytes(3_000_000, seed: 1), at: 1 << 41)
      try file.write([1, 2, 3], at: size - 3)
      try file.close()
      try mount.shell(
        """
        cp "$m/sparse" "$m/copied"
        cp "$m/sparse" "$folder/outside"
        tar -C "$m" -cSf "$folder/archive.tar" sparse
        mkdir "$m/unpacked"
        tar -C "$m/unpacked" -xSf "$folder/archive.tar"
        cp --sparse=always "$folder/outside" "$m/returned"
        test "$(stat -c %s "$folder/archive.tar")" -lt 10000000
        test "$(du -k "$folder/outside" | cut -f1)" -lt 20000
        """)
      let expected = try cid("\(path)/sparse")
      for name in ["copied", "unpacked/sparse", "returned"] { #expect(try cid("\(path)/\(name)") == expected) }
    }
  }

  /// Copies to odd places join leaves again, and what cannot be shared is copied.
  @Test func piecesOfLeavesJoin() throws {
    try withMount { mount in
      let path = mount.path
      let content = randomBytes(6_000_000, seed: 2)
      try write(content, to: "\(path)/source")
      let expected = try cid("\(path)/source")
      let source = try File("\(path)/source", O_RDONLY)
      let before = try mount.status()
      let target = try File("\(path)/target", O_RDWR | O_CREAT)
      // Behind something else, so that it is not the source's DAG as a whole.
      try target.write([9])
      for start in stride(from: 1, to: content.count, by: 777_777) {
        #expect(try source.copy(777_777, at: start, to: target, at: start) == min(777_777, content.count - start))
      }
      try source.copy(1, at: 0, to: target, at: 0)
      try target.close()
      #expect(try cid("\(path)/target") == expected)
      #expect(try mount.status().bytesWritten - before.bytesWritten < 3 << 20)
      #expect(try read("\(path)/target") == content)
    }
  }
}
