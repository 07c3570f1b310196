import IPFSFileSystem
import IPFSNode
import Multiformats
import TestSupport
import Testing
import UnixFS

/// However the bytes were written, the CID is that of importing them.
@Suite struct ContentIDTests {
  enum Order: CaseIterable {
    case sequential, backwards, overwriting, growingFromHoles
  }

  /// Sizes around the borders of chunks and nodes.
  @Test(arguments: [0, 1, 255, 256, 257, 1023, 1024, 1025, 1280, 4096, 5000], Order.allCases)
  func smallChunks(size: Int, order: Order) async throws {
    try await check(size: size, order: order, profile: .small(), piece: 100)
  }

  @Test(arguments: [1, 1 << 20, (1 << 20) + 1, 3_500_000], Order.allCases)
  func standardChunks(size: Int, order: Order) async throws {
    try await check(size: size, order: order, profile: .unixfsV1_2025, piece: 128 << 10)
  }

  @Test(arguments: [1000, 262_144, 700_000], Order.allCases)
  func leavesWithNodesAroundThem(size: Int, order: Order) async throws {
    try await check(size: size, order: order, profile: .kuboDefault, piece: 4096)
  }

  private func check(size: Int, order: Order, profile: ImportProfile, piece: Int) async throws {
    let mount = try await TestMount(profile)
    let content = data(size)
    let file = try await mount.create("file")
    var pieces = stride(from: 0, to: size, by: piece).map { $0..<min(size, $0 + piece) }
    switch order {
    case .sequential: break
    case .backwards: pieces.reverse()
    case .overwriting:
      try await mount.write(file, at: 0, data(size + 777, seed: "other"))
      try await mount.fileSystem.flush(file)
      _ = try await mount.fileSystem.cid(of: file)
      try await mount.truncate(file, to: UInt64(size))
    case .growingFromHoles:
      try await mount.truncate(file, to: UInt64(size))
      var random = SeededGenerator(seed: UInt64(size))
      pieces.shuffle(using: &random)
    }
    for range in pieces { try await mount.write(file, at: UInt64(range.lowerBound), Array(content[range])) }
    let expected = try await mount.importedCID(content)
    #expect(try await mount.fileSystem.cid(of: file) == expected)
    try await mount.flushAndClose(file)
    #expect(try await mount.content("file") == content)
    #expect(mount.fileSystem.counts.files == 0)
    let path = try await mount.fileSystem.extendedAttribute("user.ipfs.path", of: file)
    #expect(path == Array("/ipfs/\(expected)".utf8))
    try await mount.end()
  }

  @Test func aDirectorysCIDCountsWhatIsNotFlushed() async throws {
    let mount = try await TestMount(.small())
    let kernel = RecordedKernel()
    mount.fileSystem.attach(kernel)
    let file = try await mount.create("file")
    try await mount.write(file, at: 0, data(700))
    let store = MemoryBlockStore()
    let leaf = try await importFile(data(700), profile: mount.profile, to: store)
    let expected = try await DirectoryWriter(profile: mount.profile, store: store)
      .build([DirectoryEntry(name: "file", cid: leaf.cid, tsize: leaf.tsize)]).root.cid
    #expect(try await mount.fileSystem.cid(of: NodeRecord.root) == expected)
    #expect(kernel.writtenBack == [file])
    try await mount.flushAndClose(file)
    try await mount.end()
  }

  @Test(arguments: [1 << 50, UInt64(Int64.max)])
  func aHugeHoleHasACIDAtOnce(size: UInt64) async throws {
    let mount = try await TestMount(.unixfsV1_2025)
    let file = try await mount.create("file")
    try await mount.truncate(file, to: size)
    #expect(try await mount.read(file, at: size - 5, count: 10) == [0, 0, 0, 0, 0])
    _ = try await mount.fileSystem.cid(of: file)
    #expect(mount.volume.count(.put) < 100)
    try await mount.flushAndClose(file)
    #expect(try await mount.fileSystem.status(of: file).size == size)
    try await mount.end()
  }

  @Test func sizesBeyondTheLargestAreRefused() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", [1, 2, 3])
    try await mount.fileSystem.open(file, isWritable: true)
    #expect(await errorCode { try await mount.truncate(file, to: 1 << 63) } == .fileTooLarge)
    #expect(await errorCode { try await mount.write(file, at: .max, [1, 2]) } == .fileTooLarge)
    #expect(await errorCode { try await mount.write(file, at: UInt64(Int64.max), [1]) } == .fileTooLarge)
    #expect(try await mount.read(file, at: .max, count: 5) == [])
    try await mount.flushAndClose(file)
    #expect(try await mount.content("file") == [1, 2, 3])
    try await mount.end()
  }
}
