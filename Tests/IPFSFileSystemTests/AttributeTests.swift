import IPFSFileSystem
import IPFSNode
import TestSupport
import Testing
import UnixFS

/// Modes, owners and times.
@Suite struct AttributeTests {
  private static let time = Timestamp(seconds: 1_000_000_000, nanoseconds: 123_456_789)

  /// Whether the time is set while the file is open, and whether something is waiting to be flushed then.
  @Test(arguments: [true, false], [true, false])
  func aTimeThatWasSetStays(isOpen: Bool, isDirty: Bool) async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.create("file")
    try await mount.write(file, at: 0, data(700))
    if !isDirty { try await mount.fileSystem.flush(file) }
    let before = Timestamp.now
    let status = try await mount.fileSystem.setAttributes(
      of: file, AttributeChange(mtime: Self.time), isOpen: isOpen)
    #expect(status.attributes.mtime == Self.time)
    #expect(status.attributes.ctime >= before)
    // A change of the mode does not bring another time.
    _ = try await mount.fileSystem.setAttributes(of: file, AttributeChange(mode: 0o600), isOpen: isOpen)
    try await mount.flushAndClose(file)
    let again = try await mount.remounted()
    let found = try await again.fileSystem.lookup("file", in: NodeRecord.root)
    #expect(found.attributes.mtime == Self.time)
    #expect(found.attributes.ctime >= before)
    #expect(found.attributes.mode == 0o600)
    try await again.end()
  }

  @Test func aTimeOfAFileThatIsNotOpenIsJournaledAtOnce() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", data(700))
    _ = try await mount.fileSystem.setAttributes(of: file, AttributeChange(mtime: Self.time), isOpen: false)
    let crashed = try await mount.crashed()
    let found = try await crashed.fileSystem.lookup("file", in: NodeRecord.root)
    #expect(found.attributes.mtime == Self.time)
    try await crashed.end()
    try await mount.end()
  }

  @Test func writesSetTimesUnlessTheKernelDoes() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", data(10))
    _ = try await mount.fileSystem.setAttributes(of: file, AttributeChange(mtime: Self.time), isOpen: false)
    try await mount.fileSystem.open(file, isWritable: true)
    try await mount.fileSystem.write(
      file, at: 0, OwnedPayload([1]), isFromCache: true, clearsPrivileges: false)
    try await mount.fileSystem.flush(file)
    #expect(try await mount.fileSystem.status(of: file).attributes.mtime == Self.time)
    try await mount.write(file, at: 1, [2])
    #expect(try await mount.fileSystem.status(of: file).attributes.mtime > Self.time)
    try await mount.flushAndClose(file)
    #expect(try await mount.fileSystem.status(of: file).attributes.mtime > Self.time)
    try await mount.end()
  }

  @Test func truncationToTheSameSizeSetsTheTime() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", data(10))
    _ = try await mount.fileSystem.setAttributes(of: file, AttributeChange(mtime: Self.time), isOpen: false)
    try await mount.truncate(file, to: 10, isOpen: false)
    #expect(try await mount.fileSystem.status(of: file).attributes.mtime > Self.time)
    #expect(mount.fileSystem.counts.files == 0)
    try await mount.end()
  }

  @Test(
    arguments: [
      (0o4755, 0o755), (0o2755, 0o755), (0o6755, 0o755), (0o2745, 0o2745), (0o6744, 0o2744), (0o1777, 0o1777),
    ] as [(UInt16, UInt16)])
  func privilegesGoWithWriteAndOwner(mode: UInt16, expected: UInt16) async throws {
    let mount = try await TestMount(.small())
    let fileSystem = mount.fileSystem
    func setMode(_ file: NodeID) async throws {
      _ = try await fileSystem.setAttributes(of: file, AttributeChange(mode: mode), isOpen: false)
    }
    let file = try await mount.makeFile("file", data(10))

    try await setMode(file)
    #expect(try await fileSystem.status(of: file).attributes.mode == mode)
    let owned = try await fileSystem.setAttributes(of: file, AttributeChange(uid: 5), isOpen: false)
    #expect(owned.attributes.mode == expected)
    #expect(owned.attributes.uid == 5)

    try await setMode(file)
    let cut = AttributeChange(size: 3, clearsPrivileges: true)
    #expect(try await fileSystem.setAttributes(of: file, cut, isOpen: false).attributes.mode == expected)

    try await setMode(file)
    try await fileSystem.open(file, isWritable: true)
    try await fileSystem.write(file, at: 0, OwnedPayload([1]), isFromCache: false, clearsPrivileges: true)
    #expect(try await fileSystem.status(of: file).attributes.mode == expected)

    // In one step with the mode itself.
    let both = AttributeChange(mode: mode, gid: 7)
    #expect(try await fileSystem.setAttributes(of: file, both, isOpen: true).attributes.mode == expected)
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  @Test func setgidDirectoriesHandTheirGroupDown() async throws {
    let mount = try await TestMount(.small())
    let fileSystem = mount.fileSystem
    let directory = try await fileSystem.makeDirectory(
      "shared", in: NodeRecord.root, mode: 0o755, caller: TestMount.user
    ).node
    _ = try await fileSystem.setAttributes(of: directory, AttributeChange(mode: 0o2775, gid: 50), isOpen: false)
    #expect(try await fileSystem.status(of: directory).attributes.mode == 0o2775)
    let file = try await fileSystem.makeFile("file", in: directory, mode: 0o644, caller: TestMount.user)
    #expect(file.attributes.gid == 50)
    #expect(file.attributes.mode == 0o644)
    let below = try await fileSystem.makeDirectory("below", in: directory, mode: 0o755, caller: TestMount.user)
    #expect(below.attributes.gid == 50)
    #expect(below.attributes.mode == 0o2755)
    #expect(try await fileSystem.status(of: directory).links == 3)
    try await mount.end()
  }

  @Test func extendedAttributes() async throws {
    let mount = try await TestMount(.small())
    let fileSystem = mount.fileSystem
    let file = try await mount.makeFile("file", data(10))
    try await fileSystem.setExtendedAttribute("user.b", [1, 2], mode: .any, of: file)
    try await fileSystem.setExtendedAttribute("user.a", [], mode: .create, of: file)
    #expect(
      await errorCode { try await fileSystem.setExtendedAttribute("user.a", [], mode: .create, of: file) } == .exists)
    #expect(
      await errorCode { try await fileSystem.setExtendedAttribute("user.c", [], mode: .replace, of: file) }
        == .noAttribute)
    #expect(
      await errorCode { try await fileSystem.setExtendedAttribute("security.x", [], mode: .any, of: file) }
        == .notSupported)
    #expect(
      await errorCode { try await fileSystem.setExtendedAttribute("user.ipfs.cid", [], mode: .any, of: file) }
        == .notPermitted)
    let long = [UInt8](repeating: 0, count: FileSystem.maximumAttributeValue + 1)
    #expect(
      await errorCode { try await fileSystem.setExtendedAttribute("user.c", long, mode: .any, of: file) }
        == .attributeTooLarge)
    let longName = EntryName(String(repeating: "n", count: 256))
    #expect(await errorCode { try await fileSystem.extendedAttribute(longName, of: file) } == .resultTooLarge)
    #expect(await errorCode { try await fileSystem.extendedAttribute("user.", of: file) } == .notSupported)
    #expect(await errorCode { try await fileSystem.extendedAttribute("user.ipfs.no", of: file) } == .noAttribute)

    let again = try await mount.remounted()
    #expect(try await again.fileSystem.extendedAttributeNames(of: file) == ["user.a", "user.b"])
    #expect(try await again.fileSystem.extendedAttribute("user.b", of: file) == [1, 2])
    try await again.fileSystem.removeExtendedAttribute("user.b", of: file)
    #expect(await errorCode { try await again.fileSystem.extendedAttribute("user.b", of: file) } == .noAttribute)
    #expect(
      await errorCode { try await again.fileSystem.removeExtendedAttribute("user.b", of: file) } == .noAttribute)
    try await again.end()
  }
}
