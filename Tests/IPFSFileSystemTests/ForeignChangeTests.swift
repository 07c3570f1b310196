import IPFSFileSystem
import IPFSMount
import IPFSNode
import TestSupport
import Testing
import UnixFS

/// What a mount shows when its node's tree is changed by paths, and what such a change sees of the mount.
@Suite struct ForeignChangeTests {
  private struct Observed {
    let mount: TestMount
    let kernel = RecordedKernel()
    let observer: MountObserver
    var files: FilesService { mount.node.files }

    init() async throws {
      mount = try await TestMount(try .small())
      mount.fileSystem.attach(kernel)
      observer = MountObserver(mount.fileSystem)
      mount.node.tree.attach(observer: observer)
    }

    func write(_ text: String, to path: String, at offset: UInt64 = 0, parents: Bool = false) async throws {
      var options = WriteOptions(profile: mount.profile)
      options.offset = offset
      options.creates = true
      options.makesParents = parents
      try await files.write(try TreePath(path), options) { writing in
        _ = Array(text.utf8).withUnsafeBytes { writing.take($0) }
        try await writing.storeChunk()
      }
    }

    func end() async throws {
      mount.node.tree.attach(observer: nil)
      try await mount.end()
    }
  }

  @Test func aWriteSeesWhatAMountHasNotFlushed() async throws {
    let observed = try await Observed()
    let mount = observed.mount
    let old = try await mount.create("f")
    try await mount.write(old, at: 0, Array("0123456789".utf8))
    try await observed.write("abc", to: "/f", at: 4)
    #expect(observed.kernel.writtenBack.contains(old))
    #expect(observed.kernel.forgotten == [RecordedKernel.Name(name: "f", directory: NodeRecord.root)])
    // Who has it open keeps it, whoever opens it now has the new one.
    #expect(try await mount.read(old, count: 20) == Array("0123456789".utf8))
    let new = try await mount.fileSystem.lookup("f", in: NodeRecord.root).node
    #expect(new != old)
    #expect(try await mount.content(of: new) == Array("0123abc789".utf8))
    // What is written to the old one then goes with it.
    try await mount.write(old, at: 0, Array("lost".utf8))
    try await mount.flushAndClose(old)
    await mount.fileSystem.forget(old, count: 1)
    #expect(try await mount.content("f") == Array("0123abc789".utf8))
    #expect(throws: NodeError.self) { try mount.node.tree.record(old) }
    #expect(try mount.spoolFiles == [])
    try await observed.end()
  }

  @Test func namesAndAttributesAreForgotten() async throws {
    let observed = try await Observed()
    let mount = observed.mount
    let file = try await mount.makeFile("f", Array("content".utf8))
    try await observed.files.setMode(0o600, of: TreePath("/f"))
    let changed = try await mount.fileSystem.lookup("f", in: NodeRecord.root)
    #expect(changed.attributes.mode == 0o600)
    // The same file under another number, for the kernel takes no attributes of one that it knows.
    #expect(changed.node != file)
    #expect(changed.inode == file)
    try await observed.files.move(TreePath("/f"), to: TreePath("/g"))
    #expect(observed.kernel.forgotten.map(\.name) == ["f", "f", "g"])
    try await mount.fileSystem.open(changed.node, isWritable: false)
    try await observed.files.remove(TreePath("/g"), recursive: false)
    #expect(try await mount.read(changed.node, count: 7) == Array("content".utf8))
    await mount.fileSystem.close(changed.node, isWritable: false)
    await mount.fileSystem.forget(changed.node, count: 1)
    await mount.fileSystem.forget(file, count: 1)
    #expect(throws: NodeError.self) { try mount.node.tree.record(file) }
    try await observed.end()
  }

  /// Of a tree that goes at once, what somebody has open stays.
  @Test func anOpenFileOutlivesItsTree() async throws {
    let observed = try await Observed()
    let mount = observed.mount
    try await observed.write("a", to: "/d/e/f", parents: true)
    try mount.node.tree.checkpointNow()
    let directory = try await mount.fileSystem.lookup("d", in: NodeRecord.root)
    let below = try await mount.fileSystem.lookup("e", in: directory.node)
    let file = try await mount.fileSystem.lookup("f", in: below.node)
    try await mount.fileSystem.open(file.node, isWritable: true)
    try await observed.files.remove(TreePath("/d"), recursive: true)
    try await mount.write(file.node, at: 1, Array("b".utf8))
    #expect(try await mount.read(file.node, count: 2) == Array("ab".utf8))
    try await mount.flushAndClose(file.node)
    #expect(await errorCode { try await mount.fileSystem.lookup("d", in: NodeRecord.root) } == .notFound)
    for node in [file.node, below.node, directory.node] { await mount.fileSystem.forget(node, count: 1) }
    #expect(mount.node.tree.residentNodes == 1)
    #expect(try await mount.node.verify() == [])
    try await observed.end()
  }
}
