import Foundation
import Fuse
import Glibc
import MountTestSupport
import Synchronization
import Testing

extension SessionTests {
  @Test func theKernelTakesWhatIsAskedFor() async throws {
    let files = MemoryFileSystem()
    let mount = try await TestMount(files)
    let agreed = try #require(mount.session.negotiation)
    #expect(agreed.writebackCache && agreed.readdirplus && agreed.parallelDirectoryOperations)
    #expect(agreed.clearsPrivilegeBits)
    #expect(agreed.maximumWrite == 1 << 20)
    let path = mount.path
    try await blocking {
      let data = Data(repeating: 1, count: 4 << 20)
      try data.write(to: URL(fileURLWithPath: path + "/large"))
      let descriptor = try check(open(path + "/large", O_RDWR | O_CLOEXEC))
      try check(fsync(descriptor))
      close(descriptor)
    }
    #expect(files.record.largestWrite == 1 << 20)
    #expect(await mount.stop() == .stopped)
  }

  /// Without HANDLE_KILLPRIV_V2 each of the writes would ask for `security.capability`.
  @Test(arguments: [true, false]) func writesAskForNoExtendedAttribute(writebackCache: Bool) async throws {
    let files = MemoryFileSystem()
    var configuration = TestMount.configuration()
    configuration.writebackCache = writebackCache
    let mount = try await TestMount(files, configuration)
    let path = mount.path + "/appended"
    try await blocking {
      let descriptor = try check(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600))
      for _ in 0..<200 { try check(write(descriptor, "line\n", 5)) }
      close(descriptor)
    }
    #expect(files.count(of: "getxattr") <= 1)
    #expect(await mount.stop() == .stopped)
  }

  @Test func privilegeBitsAreLeftToTheFileSystem() async throws {
    let files = MemoryFileSystem()
    var configuration = TestMount.configuration()
    configuration.mountOptions = ["allow_other", "default_permissions"]
    let mount = try await TestMount(files, configuration)
    let path = mount.path + "/program"
    try await blocking {
      try Data([1]).write(to: URL(fileURLWithPath: path))
      func mode(after body: () throws -> Void) throws -> UInt32 {
        try check(chmod(path, 0o6777))
        try body()
        var status = stat()
        try check(stat(path, &status))
        return status.st_mode & 0o7777
      }
      let descriptor = try check(open(path, O_WRONLY | O_CLOEXEC))
      defer { close(descriptor) }
      #expect(try mode { try check(write(descriptor, "r", 1)) } == 0o6777, "root keeps the bits")
      #expect(try mode { try check(chown(path, 1, 1)) } == 0o777)
      #expect(try mode { try runAsUser("truncate -s 0 \(path)") } == 0o777)
      #expect(try mode { try runAsUser("printf u >> \(path)") } == 0o777)
    }
    #expect(await mount.stop() == .stopped)
  }

  @Test(arguments: [SessionConfiguration.DirectoryReading.plain, .adaptive, .withAttributes])
  func largeDirectoriesAreListedWhole(_ reading: SessionConfiguration.DirectoryReading) async throws {
    let files = MemoryFileSystem()
    var configuration = TestMount.configuration()
    configuration.directoryReading = reading
    let mount = try await TestMount(files, configuration)
    let path = mount.path
    let names = (0..<1_000).map { "a-file-with-a-name-of-some-length-\($0)" }
    try await blocking {
      for name in names { close(try check(open(path + "/" + name, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600))) }
      #expect(try Set(FileManager.default.contentsOfDirectory(atPath: path)) == Set(names))
      // Each lookup that was counted is taken back, also those that came with the listing.
      try "2".write(toFile: "/proc/sys/vm/drop_caches", atomically: false, encoding: .utf8)
    }
    let calls = files.record.calls
    #expect((calls["readdirplus"] == nil) == (reading == .plain))
    #expect((calls["readdir"] == nil) == (reading == .withAttributes))
    #expect(await mount.stop() == .stopped)
    #expect(files.record.lookups.values.allSatisfy { $0 >= 0 })
  }

  @Test func notificationsReachTheKernel() async throws {
    let files = MemoryFileSystem(timeout: 3600)
    var configuration = TestMount.configuration()
    configuration.writebackCache = false
    let mount = try await TestMount(files, configuration)
    let path = mount.path + "/f"
    try await blocking { try Data([1]).write(to: URL(fileURLWithPath: path)) }
    let node = try #require(files.state.withLock { $0.nodes[.root]?.children[Array("f".utf8)] })
    let mode: @Sendable () throws -> UInt32 = {
      var status = stat()
      try check(stat(path, &status))
      return status.st_mode & 0o7777
    }
    let before = try await blocking(mode)
    files.state.withLock { $0.nodes[node]?.attributes.mode = S_IFREG | 0o604 }
    #expect(try await blocking(mode) == before)
    try await mount.session.notifications.deliver(.node(node, .attributes))
    #expect(try await blocking(mode) == 0o604)
    files.state.withLock { $0.nodes[.root]?.children[Array("f".utf8)] = nil }
    try await mount.session.notifications.deliver(.name(Array("f".utf8), in: .root))
    #expect(try await blocking { access(path, F_OK) } == -1)
    await #expect(throws: Errno.noEntry) {
      try await mount.session.notifications.deliver(.node(NodeID(rawValue: 999), .everything))
    }
    #expect(await mount.stop() == .stopped)
    await #expect(throws: Errno(rawValue: ENOTCONN)) {
      try await mount.session.notifications.deliver(.node(node, .attributes))
    }
  }
}

/// Runs a shell command as user 1 and waits for it.
private func runAsUser(_ command: String) throws {
  let outcome = try Program(["setpriv", "--reuid=1", "--clear-groups", "sh", "-c", command]).wait()
  guard outcome.code == 0 else { throw outcome }
}
