import IPFSFileSystem
import IPFSNode
import TestSupport
import Testing
import UnixFS

/// Listings and names.
@Suite struct DirectoryTests {
  /// Lists as the kernel does: so many entries a call, from where the last one stopped.
  private func list(
    _ handle: HandleID, from start: UInt64 = 0, _ mount: TestMount, entriesACall: Int
  ) async throws -> [EntryName] {
    var names: [EntryName] = []
    var position = start
    while true {
      var taken = 0
      try await mount.fileSystem.list(handle, from: position) { entry in
        guard taken < entriesACall else { return false }
        taken += 1
        names.append(entry.name)
        position = entry.next
        return true
      }
      if taken == 0 { return names }
    }
  }

  private func mount(entries: Int) async throws -> TestMount {
    let mount = try await TestMount(.small())
    for index in 0..<entries {
      let status = try await mount.fileSystem.makeFile(
        EntryName("\(index)"), in: NodeRecord.root, mode: 0o644, caller: TestMount.user)
      await mount.fileSystem.forget(status.node, count: 1)
    }
    return mount
  }

  @Test(arguments: [1, 7, 128, 1000])
  func everyEntryIsListedOnce(entriesACall: Int) async throws {
    let mount = try await mount(entries: 300)
    let handle = try await mount.fileSystem.openDirectory(NodeRecord.root)
    let names = try await list(handle, mount, entriesACall: entriesACall)
    #expect(names.prefix(2) == [".", ".."])
    #expect(Set(names.dropFirst(2)) == Set((0..<300).map { EntryName("\($0)") }))
    #expect(names.count == 302)
    // Again from a place in the middle.
    #expect(try await list(handle, from: 150, mount, entriesACall: entriesACall) == Array(names.dropFirst(150)))
    mount.fileSystem.closeDirectory(handle)
    #expect(await errorCode { try await mount.fileSystem.list(handle, from: 0) { _ in true } } == .invalidArgument)
    try await mount.end()
  }

  @Test func removingWhatIsListedMissesNothing() async throws {
    let mount = try await mount(entries: 300)
    let fileSystem = mount.fileSystem
    let handle = try await fileSystem.openDirectory(NodeRecord.root)
    var position: UInt64 = 2
    var removed = 0
    while true {
      var batch: [EntryName] = []
      try await fileSystem.list(handle, from: position) { entry in
        guard batch.count < 10 else { return false }
        batch.append(entry.name)
        position = entry.next
        return true
      }
      if batch.isEmpty { break }
      for name in batch {
        try await fileSystem.remove(name, in: NodeRecord.root, as: .nonDirectory)
        removed += 1
      }
    }
    #expect(removed == 300)
    // From the beginning again it shows what is there now.
    try await mount.makeFile("new", [])
    #expect(try await list(handle, mount, entriesACall: 5) == [".", "..", "new"])
    fileSystem.closeDirectory(handle)
    try await mount.end()
  }

  @Test func aListingShowsSizesThatAreNotFlushed() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.create("file")
    try await mount.write(file, at: 0, data(12345))
    let handle = try await mount.fileSystem.openDirectory(NodeRecord.root)
    var sizes: [UInt64] = []
    try await mount.fileSystem.list(handle, from: 2) { entry in
      sizes.append(entry.status.size)
      return true
    }
    #expect(sizes == [12345])
    mount.fileSystem.closeDirectory(handle)
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  @Test func namesThatCannotBe() async throws {
    let mount = try await TestMount(.small())
    let fileSystem = mount.fileSystem
    let long = EntryName(String(repeating: "n", count: 256))
    let longest = EntryName(String(repeating: "n", count: 255))
    #expect(await errorCode { try await mount.create(long) } == .nameTooLong)
    #expect(await errorCode { try await fileSystem.lookup(long, in: NodeRecord.root) } == .nameTooLong)
    #expect(
      await errorCode { try await fileSystem.remove(long, in: NodeRecord.root, as: .directory) } == .nameTooLong)
    for name in ["", ".", "..", "a/b", "a\0b"] as [EntryName] {
      #expect(await errorCode { try await mount.create(name) } == .invalidArgument)
    }
    try await mount.makeFile(longest, [1])
    try await mount.makeFile(EntryName(bytes: [0xFF, 0xFE]), [2])
    let again = try await mount.remounted()
    #expect(try await again.content(longest) == [1])
    #expect(try await again.content(EntryName(bytes: [0xFF, 0xFE])) == [2])
    try await again.end()
  }

  @Test func whatIsNoFileCannotBeOpened() async throws {
    let mount = try await TestMount(.small())
    let fileSystem = mount.fileSystem
    let link = try await fileSystem.makeSymlink("link", to: [0x61], in: NodeRecord.root, caller: TestMount.user).node
    #expect(await errorCode { try await fileSystem.open(NodeRecord.root, isWritable: false) } == .isDirectory)
    #expect(await errorCode { try await fileSystem.open(link, isWritable: false) } == .invalidArgument)
    #expect(await errorCode { try await fileSystem.openDirectory(link) } == .notDirectory)
    #expect(await errorCode { try await fileSystem.readLink(NodeRecord.root) } == .invalidArgument)
    #expect(await errorCode { try await mount.truncate(NodeRecord.root, to: 0, isOpen: false) } == .isDirectory)
    #expect(await errorCode { try await mount.read(link, count: 1) } == .stale)
    #expect(await errorCode { try await fileSystem.status(of: 4711) } == .notFound)
    try await mount.end()
  }

  @Test func theKernelsReferencesAreCounted() async throws {
    let mount = try await TestMount(.small())
    let fileSystem = mount.fileSystem
    let file = try await mount.makeFile("file", data(10))
    #expect(fileSystem.counts.nodes == 1)
    _ = try await fileSystem.lookup("file", in: NodeRecord.root)
    let handle = try await fileSystem.openDirectory(NodeRecord.root)
    try await fileSystem.list(handle, from: 2) { entry in
      fileSystem.noteLookup(entry)
      return true
    }
    try await fileSystem.remove("file", in: NodeRecord.root, as: .nonDirectory)
    await fileSystem.forget(file, count: 2)
    #expect(try await fileSystem.status(of: file).links == 0)
    await fileSystem.forget(file, count: 1)
    #expect(await errorCode { try await fileSystem.status(of: file) } == .notFound)
    #expect(fileSystem.counts.nodes == 0)
    try await mount.end()
  }
}
