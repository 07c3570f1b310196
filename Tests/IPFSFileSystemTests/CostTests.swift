import IPFSFileSystem
import IPFSNode
import TestSupport
import Testing
import UnixFS

/// What writing costs: it follows what was written, not the file.
@Suite struct CostTests {
  @Test func aPieceInALargeFileStoresItsChunkAlone() async throws {
    let mount = try await TestMount(.unixfsV1_2025)
    let file = try await mount.create("large")
    let size = 64
    for chunk in 0..<size {
      try await mount.write(file, at: UInt64(chunk << 20), [UInt8](repeating: UInt8(chunk), count: 1 << 20))
    }
    try await mount.flushAndClose(file)
    // 64 leaves and a root, and nothing was left for later.
    #expect(mount.volume.count(.put) == size + 1)
    #expect(mount.fileSystem.counts.files == 0)

    try await mount.fileSystem.open(file, isWritable: true)
    try await mount.write(file, at: (10 << 20) + 5000, data(4096))
    try await mount.flushAndClose(file)
    #expect(mount.volume.count(.put) == size + 1)
    _ = try await mount.fileSystem.cid(of: file)
    #expect(mount.volume.count(.put) == size + 3)

    // Across the border of two chunks.
    try await mount.fileSystem.open(file, isWritable: true)
    try await mount.write(file, at: (20 << 20) - 2048, data(4096))
    try await mount.flushAndClose(file)
    _ = try await mount.fileSystem.cid(of: file)
    #expect(mount.volume.count(.put) == size + 6)
    try await mount.end()
  }

  @Test func appendingAndFlushingDoesNotStoreTheChunkEachTime() async throws {
    let mount = try await TestMount(.unixfsV1_2025)
    let file = try await mount.create("log")
    var content: [UInt8] = []
    for line in 0..<100 {
      let bytes = data(500, seed: "\(line)")
      try await mount.write(file, at: UInt64(content.count), bytes)
      content += bytes
      try await mount.fileSystem.flush(file)
    }
    #expect(mount.volume.count(.put) <= 2)
    #expect(mount.node.statistics.journalRows <= 102)
    try await mount.flushAndClose(file)
    #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID(content))
    try await mount.end()
  }

  @Test func aFlushWithNothingNewDoesNothing() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.create("file")
    try await mount.write(file, at: 0, data(1000))
    try await mount.write(file, at: 300, data(10, seed: "piece"))
    try await mount.fileSystem.flush(file)
    let before = mount.node.statistics
    let updates = mount.volume.count(.update)
    for _ in 0..<20 {
      try await mount.fileSystem.open(file, isWritable: true)
      try await mount.fileSystem.flush(file)
      await mount.fileSystem.close(file, isWritable: true)
    }
    #expect(mount.node.statistics == before)
    #expect(mount.volume.count(.update) == updates)
    try await mount.flushAndClose(file)
    #expect(mount.node.statistics == before)
    try await mount.end()
  }

  @Test func aSmallFileIsOneBlockAndTwoRows() async throws {
    let mount = try await TestMount(.unixfsV1_2025)
    try await mount.makeFile("file", data(3000))
    // Made, and its content told.
    #expect(mount.node.statistics.journalRows == 2)
    #expect(mount.node.statistics.blocksWritten == 1)
    #expect(mount.fileSystem.counts.files == 0)
    try await mount.end()
  }

  @Test func sequentialWritingNeedsNoSpoolFile() async throws {
    let mount = try await TestMount(.unixfsV1_2025)
    let file = try await mount.create("file")
    let content = data(2_500_000)
    for start in stride(from: 0, to: content.count, by: 4096) {
      try await mount.write(file, at: UInt64(start), Array(content[start..<min(content.count, start + 4096)]))
    }
    try await mount.fileSystem.flush(file)
    #expect(try mount.spoolFiles == [])
    await mount.fileSystem.close(file, isWritable: true)
    #expect(mount.fileSystem.counts.files == 0)
    #expect(try await mount.content("file") == content)
    try await mount.end()
  }
}
