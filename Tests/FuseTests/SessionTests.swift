import CFuse3
import Foundation
import Fuse
import Glibc
import Testing

@Suite(.serialized, .enabled(if: canMount), .timeLimit(.minutes(10)))
struct SessionTests {
  @Test func operationsRoundTrip() async throws {
    let files = MemoryFileSystem()
    let mount = try await TestMount(files)
    let path = mount.path
    let data = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) })
    try await blocking {
      let manager = FileManager.default
      try manager.createDirectory(atPath: path + "/d", withIntermediateDirectories: false)
      try data.write(to: URL(fileURLWithPath: path + "/d/a"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: path + "/d/a")) == data)
      try check(symlink("d/a", path + "/s"))
      #expect(try manager.destinationOfSymbolicLink(atPath: path + "/s") == "d/a")
      try check(rename(path + "/d/a", path + "/b"))
      #expect(try manager.contentsOfDirectory(atPath: path).sorted() == ["b", "d", "s"])
      try check(truncate(path + "/b", 10))
      #expect(try Data(contentsOf: URL(fileURLWithPath: path + "/b")) == data.prefix(10))
      try check(chmod(path + "/b", 0o640))
      var status = stat()
      try check(stat(path + "/b", &status))
      #expect(status.st_mode & 0o7777 == 0o640)
      #expect(status.st_size == 10)
      #expect(rmdir(path + "/b") == -1 && errno == ENOTDIR)
      #expect(stat(path + "/none", &status) == -1 && errno == ENOENT)
      #expect(mkfifo(path + "/f", 0o600) == -1 && errno == ENOSYS)
      try check(unlink(path + "/b"))
      try check(rmdir(path + "/d"))
      var statistics = statvfs()
      try check(statvfs(path, &statistics))
      #expect(statistics.f_blocks == 1000 && statistics.f_bavail == 400)
    }
    #expect(await mount.stop() == .stopped)
    #expect(try !isMounted(path))
  }

  @Test func extendedAttributes() async throws {
    let mount = try await TestMount(MemoryFileSystem())
    let path = mount.path
    try await blocking {
      let file = path + "/f"
      try Data().write(to: URL(fileURLWithPath: file))
      try check(setxattr(file, "user.a", "one", 3, 0))
      #expect(setxattr(file, "user.a", "two", 3, Int32(XATTR_CREATE)) == -1 && errno == EEXIST)
      #expect(setxattr(file, "user.b", "two", 3, Int32(XATTR_REPLACE)) == -1 && errno == ENODATA)
      try check(setxattr(file, "user.b", "", 0, 0))
      var buffer = [UInt8](repeating: 0, count: 16)
      #expect(getxattr(file, "user.a", nil, 0) == 3)
      #expect(getxattr(file, "user.a", &buffer, 2) == -1 && errno == ERANGE)
      #expect(try check(getxattr(file, "user.a", &buffer, 16)) == 3)
      #expect(buffer.prefix(3).elementsEqual("one".utf8))
      #expect(getxattr(file, "user.b", &buffer, 16) == 0)
      var names = [CChar](repeating: 0, count: 64)
      #expect(try check(listxattr(file, &names, 64)) == 14)
      #expect(names.prefix(14).elementsEqual("user.a\0user.b\0".utf8.map { CChar($0) }))
      try check(removexattr(file, "user.a"))
      #expect(getxattr(file, "user.a", &buffer, 16) == -1 && errno == ENODATA)
    }
    #expect(await mount.stop() == .stopped)
  }
}
