import Foundation
import IPFSFileSystem
import IPFSNode
import TestSupport
import Testing
import UnixFS

/// Ranges of files: holes that are made and found, and copies that share what is stored.
@Suite struct RangeTests {
  private func copy(
    _ mount: TestMount, _ source: NodeID, at offset: UInt64 = 0, to target: NodeID, at newOffset: UInt64 = 0,
    _ length: UInt64 = 1 << 32
  ) async throws -> UInt64 {
    try await mount.fileSystem.copy(
      source, at: offset, to: target, at: newOffset, length: length, clearsPrivileges: false)
  }

  private func punch(_ mount: TestMount, _ node: NodeID, _ range: Range<UInt64>) async throws {
    try await mount.fileSystem.allocate(node, range, .punch, keepsSize: true, clearsPrivileges: false)
  }

  private func data(of node: NodeID, on mount: TestMount) async throws -> [Range<UInt64>] {
    var ranges: [Range<UInt64>] = []
    var position: UInt64 = 0
    while let start = try? await mount.fileSystem.seek(node, .data, from: position) {
      position = try await mount.fileSystem.seek(node, .hole, from: start)
      ranges.append(start..<position)
    }
    return ranges
  }

  @Test func aCopyOfAWholeFileIsItsDAG() async throws {
    let mount = try await TestMount(.small())
    let content = TestSupport.data(100_000)
    let source = try await mount.makeFile("source", content)
    let cid = try await mount.fileSystem.cid(of: source)
    try await mount.fileSystem.open(source, isWritable: false)
    let target = try await mount.create("target")
    let puts = mount.volume.count(.put)
    // In pieces, as the kernel asks.
    var done: UInt64 = 0
    while done < 100_000 { done += try await copy(mount, source, at: done, to: target, at: done, 33_333) }
    #expect(try await mount.read(target, count: 200_000) == content)
    try await mount.flushAndClose(target)
    #expect(mount.volume.count(.put) == puts)
    #expect(try await mount.fileSystem.cid(of: target) == cid)
    #expect(mount.fileSystem.counts.files == 1)
    await mount.fileSystem.close(source, isWritable: false)
    try await mount.end()
  }

  @Test func aCopyOutlivesItsSource() async throws {
    let mount = try await TestMount(.small())
    let content = TestSupport.data(10_000)
    let source = try await mount.makeFile("source", content)
    try await mount.fileSystem.open(source, isWritable: true)
    let target = try await mount.create("target")
    try await mount.write(target, at: 0, [1])
    #expect(try await copy(mount, source, at: 256, to: target, at: 512, 5_000) == 5_000)
    try await mount.truncate(source, to: 0)
    try await mount.flushAndClose(source)
    try await mount.fileSystem.remove("source", in: NodeRecord.root, as: .nonDirectory)
    try await mount.flushAndClose(target)
    let expected = [1] + [UInt8](repeating: 0, count: 511) + content[256..<5_256]
    let again = try await mount.remounted()
    #expect(try await again.content("target") == expected)
    #expect(
      try await again.fileSystem.cid(of: again.fileSystem.lookup("target", in: NodeRecord.root).node)
        == again.importedCID(expected))
    try await again.end()
  }

  @Test func holesAreFoundBeforeAndAfterTheDAGIsBuilt() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.create("file")
    try await mount.write(file, at: 0, TestSupport.data(256 * 40))
    try await mount.write(file, at: 256 * 100 + 17, [1])
    try await mount.truncate(file, to: 256 * 1000 + 3)
    try await punch(mount, file, 256 * 10..<256 * 30)
    let expected: [Range<UInt64>] = [0..<256 * 10, 256 * 30..<256 * 40, 256 * 100..<256 * 101]
    #expect(try await data(of: file, on: mount).prefix(2) == expected.prefix(2))
    _ = try await mount.fileSystem.cid(of: file)
    #expect(try await data(of: file, on: mount) == expected)
    #expect(await errorCode { try await mount.fileSystem.seek(file, .data, from: 256 * 101) } == .noSuchOffset)
    #expect(try await mount.fileSystem.seek(file, .hole, from: 256 * 500) == 256 * 500)
    #expect(await errorCode { try await mount.fileSystem.seek(file, .hole, from: 256 * 1000 + 3) } == .noSuchOffset)
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  /// Chunks that end where their content says so: those of zeros have the least size.
  @Test(arguments: ["rabin-100-256-600", "rabin-200-256-600,trickle,raw-leaves=false", "buzhash"])
  func holesAreFoundAmongChunksOfAnySize(_ options: String) async throws {
    let profile = try #require(ImportProfile.profile("chunker=\(options)"))
    let unit = profile.chunker.minimumChunkSize
    let mount = try await TestMount(profile)
    let file = try await mount.create("file")
    let size = unit * 100
    let written = [0..<unit * 4, unit * 20 + 17..<unit * 20 + 18, unit * 60..<unit * 62]
    for range in written {
      try await mount.write(file, at: UInt64(range.lowerBound), TestSupport.data(range.count).map { $0 | 1 })
    }
    try await mount.truncate(file, to: UInt64(size))
    _ = try await mount.fileSystem.cid(of: file)
    let found = try await data(of: file, on: mount)
    for range in written {
      let covering = found.contains { $0.lowerBound <= range.lowerBound && $0.upperBound >= range.upperBound }
      #expect(covering, "\(range) among \(found)")
    }
    // A chunk has data and zeros at each end of what was written, and so has the file's last one.
    let bytes = found.reduce(0) { $0 + Int($1.upperBound - $1.lowerBound) }
    #expect(bytes <= written.reduce(0) { $0 + $1.count } + 7 * profile.chunker.maximumChunkSize)
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  @Test func aHoleNeedsNoSpace() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", TestSupport.data(256 * 64))
    try await mount.fileSystem.open(file, isWritable: true)
    let puts = mount.volume.count(.put)
    try await punch(mount, file, 256..<256 * 64)
    try await mount.fileSystem.flush(file)
    // A leaf of zeros, nodes above it, and those on the left edge.
    #expect(mount.volume.count(.put) - puts <= 7)
    let expected = TestSupport.data(256) + [UInt8](repeating: 0, count: 256 * 63)
    #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID(expected))
    await mount.fileSystem.close(file, isWritable: true)
    try await mount.end()
  }

  @Test func overlapsAndTooLargeAreRefused() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", TestSupport.data(1000))
    try await mount.fileSystem.open(file, isWritable: true)
    #expect(await errorCode { try await copy(mount, file, at: 0, to: file, at: 999, 1000) } == .invalidArgument)
    #expect(try await copy(mount, file, at: 0, to: file, at: 1000, 1000) == 1000)
    #expect(try await mount.read(file, count: 3000) == TestSupport.data(1000) + TestSupport.data(1000))
    #expect(
      await errorCode { try await copy(mount, file, at: 0, to: file, at: UInt64(Int64.max) - 5, 10) } == .fileTooLarge)
    #expect(
      await errorCode {
        try await mount.fileSystem.allocate(file, 0..<1 << 62, .reserve, keepsSize: false, clearsPrivileges: false)
      } == .noSpace)
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  @Test func aMapOfVeryManyPiecesIsCommitted() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.create("file")
    for piece in 0..<5_000 {
      try await mount.write(file, at: UInt64(piece * 512 + 5), [UInt8(truncatingIfNeeded: piece)])
    }
    try await mount.flushAndClose(file)
    #expect(mount.fileSystem.counts.files == 0)
    #expect(try await mount.content("file")[512 * 77 + 5] == 77)
    try await mount.end()
  }
}
