import Foundation
import IPFSFileSystem
import IPFSNode
import TestSupport
import Testing
import UnixFS

/// A disk that is full: the error stays with the file until its last close, then the file is as it was.
@Suite struct FailureTests {
  private static let old = data(1500, seed: "old")

  /// Where the lack of space shows.
  enum Place: CaseIterable {
    case wholeChunk, tail, journal
  }

  @Test(arguments: Place.allCases)
  func aFailedWriteIsTakenBackAtTheLastClose(place: Place) async throws {
    let mount = try await TestMount(.small())
    let kernel = RecordedKernel()
    mount.fileSystem.attach(kernel)
    let file = try await mount.makeFile("file", Self.old)
    let other = try await mount.create("other")
    try await mount.fileSystem.open(file, isWritable: true)
    try await mount.fileSystem.open(file, isWritable: true)

    switch place {
    case .wholeChunk:
      mount.volume.allow(1, .put)
      #expect(await errorCode { try await mount.write(file, at: 256, data(2000)) } == .noSpace)
    case .tail:
      mount.volume.allow(0, .put)
      try await mount.write(file, at: 1536, data(100))
      #expect(await errorCode { try await mount.fileSystem.flush(file) } == .noSpace)
    case .journal:
      mount.volume.allow(0, .update)
      try await mount.write(file, at: 700, data(100))
      #expect(await errorCode { try await mount.fileSystem.synchronize(file) } == .noSpace)
    }
    mount.volume.allow(nil, .put)
    mount.volume.allow(nil, .update)

    #expect(await errorCode { try await mount.write(file, at: 0, [1]) } == .noSpace)
    #expect(await errorCode { try await mount.truncate(file, to: 3) } == .noSpace)
    #expect(await errorCode { try await mount.fileSystem.flush(file) } == .noSpace)
    await mount.fileSystem.close(file, isWritable: true)
    #expect(await errorCode { try await mount.fileSystem.synchronize(file) } == .noSpace)
    #expect(kernel.forgotten.isEmpty)

    // Others are not touched by it.
    try await mount.write(other, at: 0, data(1000))
    try await mount.flushAndClose(other)
    #expect(await errorCode { try await mount.fileSystem.cid(of: NodeRecord.root) } == nil)

    await mount.fileSystem.close(file, isWritable: true)
    #expect(kernel.forgotten == [.init(name: "file", directory: NodeRecord.root)])
    let found = try await mount.fileSystem.lookup("file", in: NodeRecord.root)
    #expect(found.node != file)
    #expect(found.inode == file)
    #expect(found.size == UInt64(Self.old.count))
    #expect(try await mount.content(of: found.node) == Self.old)
    #expect(try mount.spoolFiles == [])

    // And can be written again.
    try await mount.fileSystem.open(found.node, isWritable: true)
    try await mount.write(found.node, at: 0, [7])
    try await mount.flushAndClose(found.node)
    let again = try await mount.remounted()
    #expect(try await again.content("file") == [7] + Self.old.dropFirst())
    #expect(try await again.content("other") == data(1000))
    try await again.end()
  }

  @Test func whatWasFlushedStaysWhenALaterWriteFails() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.create("file")
    try await mount.write(file, at: 0, Self.old)
    try await mount.write(file, at: 300, [1, 2, 3])
    try await mount.fileSystem.flush(file)
    mount.volume.allow(0, .put)
    #expect(await errorCode { try await mount.write(file, at: 0, data(5000)) } == .noSpace)
    mount.volume.allow(nil, .put)
    await mount.fileSystem.close(file, isWritable: true)
    var expected = Self.old
    expected.replaceSubrange(300..<303, with: [1, 2, 3])
    let found = try await mount.fileSystem.lookup("file", in: NodeRecord.root)
    #expect(try await mount.content(of: found.node) == expected)
    #expect(try await mount.fileSystem.cid(of: found.node) == mount.importedCID(expected))
    try await mount.end()
  }

  /// A map that is too long for a row of the journal is journaled all the same where its DAG cannot be built.
  @Test func aLongMapIsKeptThoughItsDAGCannotBeBuilt() async throws {
    let mount = try await TestMount(.small())
    var expected = data(4200 * 256)
    let file = try await mount.makeFile("file", expected)
    try await mount.fileSystem.open(file, isWritable: true)
    for chunk in 0..<4200 {
      try await mount.write(file, at: UInt64(chunk * 256 + 100), [1, 2, 3])
      expected.replaceSubrange(chunk * 256 + 100..<chunk * 256 + 103, with: [1, 2, 3])
    }
    mount.volume.allow(0, .put)
    try await mount.fileSystem.flush(file)
    let crashed = try await mount.crashed()
    #expect(try await crashed.content("file") == expected)
    try await crashed.end()
    #expect(await errorCode { try await mount.fileSystem.cid(of: file) } == .noSpace)
    mount.volume.allow(nil, .put)
    #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID(expected))
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  @Test func aFailedTruncationByPathLeavesTheFile() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", Self.old)
    mount.volume.allow(0, .update)
    #expect(await errorCode { try await mount.truncate(file, to: 10, isOpen: false) } == .noSpace)
    mount.volume.allow(nil, .update)
    #expect(mount.fileSystem.counts.files == 0)
    #expect(try await mount.content("file") == Self.old)
    try await mount.end()
  }

  @Test func aFileOpenWithAFailedWriteEndsAsItWasFlushed() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", Self.old)
    try await mount.fileSystem.open(file, isWritable: true)
    mount.volume.allow(0, .put)
    #expect(await errorCode { try await mount.write(file, at: 0, data(600)) } == .noSpace)
    mount.volume.allow(nil, .put)
    let again = try await mount.remounted()
    #expect(try await again.content("file") == Self.old)
    try await again.end()
  }

  @Test func blocksThatAreMissingFailReadsAlone() async throws {
    let mount = try await TestMount(.small())
    let content = data(1000)
    let file = try await mount.makeFile("file", content)
    let chunk = Array(content[256..<512])
    let blocks = "\(mount.folder.path)/blocks"
    var removed = 0
    for path in try FileManager.default.subpathsOfDirectory(atPath: blocks)
    where FileManager.default.contents(atPath: "\(blocks)/\(path)") == Data(chunk) {
      try FileManager.default.removeItem(atPath: "\(blocks)/\(path)")
      removed += 1
    }
    #expect(removed == 1)
    try await mount.fileSystem.open(file, isWritable: false)
    #expect(await errorCode { try await mount.read(file, at: 300, count: 10) } == .corrupt)
    #expect(try await mount.read(file, at: 0, count: 256) == Array(content[..<256]))
    await mount.fileSystem.close(file, isWritable: false)
    try await mount.end()
  }
}
