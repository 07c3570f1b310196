import Glibc
import MountTestSupport
import Testing

/// What the file system does not have is refused with the error that programs know.
@Suite(.oneAtATime(), .serialized, .enabled(if: canMount))
struct UnsupportedTests {
  @Test func hardLinksAndDevices() throws {
    try withMount { mount in
      let path = mount.path
      try write([1], to: "\(path)/file")
      #expect(errorNumber { link("\(path)/file", "\(path)/link") } == EPERM)
      #expect(errorNumber { mkfifo("\(path)/fifo", 0o600) } == EPERM)
      for kind in [S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK] {
        #expect(errorNumber { mknod("\(path)/node", kind | 0o600, 0x0103) } == EPERM)
      }
      #expect(try names(in: path) == [Array("file".utf8)])
      #expect(try status("\(path)/file").st_nlink == 1)
      // mknod makes regular files too.
      try check(mknod("\(path)/regular", S_IFREG | 0o640, 0))
      #expect(try status("\(path)/regular").permissions == 0o640)
    }
  }

  @Test func readOnlyMount() throws {
    try withTemporaryFolder { folder in
      let mount = try Mount(in: folder.path)
      defer { mount.discard() }
      try mount.start()
      try mount.shell("mkdir \"$m/dir\"; echo text > \"$m/dir/file\"")
      let root = try cid(mount.path)
      try mount.stop()

      let viewed = try Mount(in: folder.makeFolder("second"), repo: mount.repo, options: ["ro"])
      defer { viewed.discard() }
      try viewed.start()
      let path = viewed.path
      #expect(try read("\(path)/dir/file") == Array("text\n".utf8))
      #expect(errorNumber { open("\(path)/dir/file", O_RDWR) } == EROFS)
      #expect(errorNumber { mkdir("\(path)/new", 0o755) } == EROFS)
      #expect(errorNumber { unlink("\(path)/dir/file") } == EROFS)
      #expect(errorNumber { chmod("\(path)/dir/file", 0o600) } == EROFS)
      #expect(try cid(path) == root)
      try viewed.stop()
      try viewed.verify()
    }
  }
}
