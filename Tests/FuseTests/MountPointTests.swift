import CFuse3
import Foundation
import Fuse
import Glibc
import Logging
import Testing

extension SessionTests {
  private static func mountError(at path: String, options: [String] = []) -> FuseError? {
    var configuration = TestMount.configuration()
    configuration.mountOptions = options
    let session = Session(
      operations: MemoryFileSystem(), configuration: configuration, logger: Logger(label: "test"))
    do throws(FuseError) {
      try session.mount(at: path)
      return nil
    } catch {
      return error
    }
  }

  @Test func unusableMountPointsAreErrorsThatSayWhy() async throws {
    let directory = try temporaryDirectory()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try Data().write(to: URL(fileURLWithPath: directory + "/file"))
    #expect(Self.mountError(at: directory + "/none")?.code == .mountPointMissing)
    #expect(Self.mountError(at: directory + "/file")?.code == .mountPointNotDirectory)
    #expect(Self.mountError(at: directory + "/file/below")?.code == .mountPointNotDirectory)
    #expect(Self.mountError(at: "/proc")?.code == .mountPointBusy)
    #expect(Self.mountError(at: directory, options: ["no-such-option"])?.code == .invalidOptions)
    #expect(try !isMounted(directory))
  }

  @Test func aMountPointInUseIsBusy() async throws {
    let mount = try await TestMount(MemoryFileSystem())
    let path = mount.path
    #expect(try await blocking { Self.mountError(at: path)?.code } == .mountPointBusy)
    #expect(try await blocking { try !MountPoint.removeStale(at: path, subtype: "swipfs-test") })
    #expect(await mount.stop() == .stopped)
  }

  /// A mount whose device is closed without unmounting is what a killed process leaves.
  @Test func whatAKilledProcessLeftIsRemoved() async throws {
    let path = try temporaryDirectory()
    defer { rmdir(path) }
    let device = try check(open("/dev/fuse", O_RDWR | O_CLOEXEC))
    let options = "fd=\(device),rootmode=40000,user_id=0,group_id=0"
    try check(mount("swipfs-test", path, "fuse.swipfs-test", 0, options))
    close(device)
    #expect(Self.mountError(at: path)?.code == .mountPointDisconnected)
    #expect(try !MountPoint.removeStale(at: path, subtype: "other"))
    #expect(try MountPoint.removeStale(at: path, subtype: "swipfs-test"))
    #expect(try !isMounted(path))
    #expect(try !MountPoint.removeStale(at: path, subtype: "swipfs-test"))
  }
}
