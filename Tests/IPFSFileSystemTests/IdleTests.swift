import IPFSFileSystem
import IPFSNode
import TestSupport
import Testing
import UnixFS

/// What happens when nobody does anything.
@Suite struct IdleTests {
  /// Returns when a condition is true; a test that it never becomes true in runs into its time limit.
  private func wait(until condition: () throws -> Bool) async throws {
    while try !condition() { try await Task.sleep(for: .milliseconds(5)) }
  }

  @Test(.timeLimit(.minutes(10)))
  func aFlushedFileGetsItsDAG() async throws {
    let mount = try await TestMount(.small(), idleDelay: .milliseconds(10))
    let file = try await mount.create("file")
    for round in 0..<3 {
      try await mount.write(file, at: UInt64(300 * round + 7), data(50, seed: "\(round)"))
      try await mount.fileSystem.flush(file)
      // The task ends when it is done, and the next change begins a new one.
      try await wait { try mount.spoolFiles.isEmpty }
    }
    let encoded = mount.node.statistics.directoryBlocksEncoded
    await mount.fileSystem.close(file, isWritable: true)
    try await mount.makeFile("other", data(10))
    try await wait { mount.node.statistics.directoryBlocksEncoded > encoded }
    #expect(mount.fileSystem.counts.files == 0)
    try await mount.end()
  }

  @Test(.timeLimit(.minutes(10)))
  func whatACrashLeftIsCommitted() async throws {
    let mount = try await TestMount(.small())
    let file = try await mount.makeFile("file", data(1000))
    try await mount.fileSystem.open(file, isWritable: true)
    try await mount.write(file, at: 300, data(20, seed: "piece"))
    try await mount.fileSystem.flush(file)
    let copy = try TemporaryFolder(copyOf: mount.folder)
    try await mount.flushAndClose(file)
    try await mount.end()

    let crashed = try await TestMount(.small(), in: copy, idleDelay: .milliseconds(10))
    try await wait { crashed.fileSystem.counts.files == 0 }
    try await wait { try crashed.spoolFiles.isEmpty }
    try await crashed.end()
  }

  @Test(.timeLimit(.minutes(10)))
  func aFileThatCannotBeCommittedIsTriedAgain() async throws {
    let mount = try await TestMount(.small(), idleDelay: .milliseconds(10))
    let file = try await mount.makeFile("file", data(1000))
    mount.volume.allow(0, .put)
    let before = mount.volume.count(.put)
    try await mount.fileSystem.open(file, isWritable: true)
    try await mount.write(file, at: 300, data(20, seed: "piece"))
    try await mount.flushAndClose(file)
    try await wait { mount.volume.count(.put) >= before + 2 }
    mount.volume.allow(nil, .put)
    try await wait { mount.fileSystem.counts.files == 0 }
    var expected = data(1000)
    expected.replaceSubrange(300..<320, with: data(20, seed: "piece"))
    #expect(try await mount.content("file") == expected)
    try await mount.end()
  }
}
