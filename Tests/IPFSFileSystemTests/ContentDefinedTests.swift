import IPFSFileSystem
import IPFSNode
import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

extension ImportProfile {
  /// Profiles beside that of fixed chunks under a balanced tree, with small chunks.
  static let unusual: [ImportProfile] = [
    "chunker=rabin-16-64-256", "chunker=rabin-500-1024-3000,trickle", "chunker=rabin-16-64-256,raw-leaves=false",
    "chunker=size-256,trickle", "chunker=size-256,trickle,raw-leaves=false,cid-version=0",
    "chunker=size-256,inline,inline-limit=100", "chunker=rabin-100-200-300,inline,inline-limit=128,trickle",
    "chunker=size-256,hash=blake3", "chunker=rabin-2000-4096-9000,hash=sha1",
  ].compactMap { profile($0) }

  /// The profile that the options of a mount mean, with few links.
  static func profile(_ list: String) -> ImportProfile? {
    var options = ImportOptions()
    options.maxFileLinks = 5
    for option in list.split(separator: ",") {
      let parts = option.split(separator: "=").map(String.init)
      guard (try? options.set(parts[0], to: parts.count > 1 ? parts[1] : "true")) != nil else { return nil }
    }
    return try? options.profile(over: .unixfsV1_2025)
  }
}

/// Chunks that end where their content says so.
@Suite struct ContentDefinedTests {
  @Test func allProfilesAreTaken() {
    #expect(ImportProfile.unusual.count == 9)
    #expect(Set(ImportProfile.unusual.map(\.fingerprint)).count == 9)
  }

  /// In whichever pieces and order a file is written, it has the CID of its bytes.
  @Test(arguments: ["chunker=rabin", "chunker=buzhash", "chunker=rabin-1000-4096-10000,trickle"])
  func orderDoesNotMatter(_ options: String) async throws {
    let profile = try #require(ImportProfile.profile(options))
    let mount = try await TestMount(profile)
    let content = data(5_300_000)
    let expected = try await mount.importedCID(content)
    var random = SeededGenerator(seed: 1)
    for (name, size) in [("in order", 131_072), ("odd", 100_003), ("backwards", 262_144), ("shuffled", 77_777)] {
      let file = try await mount.create(EntryName(name))
      var starts = Array(stride(from: 0, to: content.count, by: size))
      if name == "backwards" { starts.reverse() }
      if name == "shuffled" { starts.shuffle(using: &random) }
      for start in starts {
        try await mount.write(file, at: UInt64(start), Array(content[start..<min(content.count, start + size)]))
      }
      try await mount.flushAndClose(file)
      #expect(try await mount.fileSystem.cid(of: file) == expected, "\(name)")
      #expect(try await mount.content(of: file) == content, "\(name)")
    }
    try await mount.end()
  }

  /// A file that gets other content by its CID, also while it is being written, is chunked anew when it is changed.
  @Test(arguments: [true, false])
  func contentThatIsReplaced(isFlushed: Bool) async throws {
    let profile = try #require(ImportProfile.profile("chunker=rabin-1000-4096-10000"))
    let mount = try await TestMount(profile)
    let other = data(50_000, seed: "other")
    let root = try await importFile(other, profile: .small(), to: mount.volume)
    let file = try await mount.create("file")
    try await mount.write(file, at: 0, data(100_000))
    if isFlushed { try await mount.fileSystem.flush(file) }
    try await mount.fileSystem.setExtendedAttribute(
      "user.ipfs.cat", Array("/ipfs/\(root.cid)".utf8), mode: .any, of: file)
    #expect(try await mount.fileSystem.cid(of: file) == root.cid)
    try await mount.write(file, at: 50_000, data(20_000))
    try await mount.flushAndClose(file)
    let expected = other + data(20_000)
    let node = try await mount.fileSystem.lookup("file", in: NodeRecord.root).node
    #expect(try await mount.content(of: node) == expected)
    #expect(try await mount.fileSystem.cid(of: node) == mount.importedCID(expected))
    try await mount.end()
  }

  /// A file that is written in order is chunked as it arrives, and needs neither a spool file nor reading.
  @Test(arguments: ["chunker=rabin", "chunker=buzhash"])
  func sequentialWritingNeedsNoSpoolFile(_ options: String) async throws {
    let mount = try await TestMount(try #require(ImportProfile.profile(options)))
    let file = try await mount.create("file")
    let content = data(6_000_000)
    for start in stride(from: 0, to: content.count, by: 100_000) {
      try await mount.write(file, at: UInt64(start), Array(content[start..<start + 100_000]))
      // At most what a buffer and a chunk have is not stored yet.
      #expect(mount.volume.bytesStored + (2 << 20) > start)
    }
    try await mount.fileSystem.flush(file)
    #expect(try mount.spoolFiles == [])
    #expect(mount.volume.bytesRead == 0)
    await mount.fileSystem.close(file, isWritable: true)
    #expect(mount.fileSystem.counts.files == 0)
    #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID(content))
    try await mount.end()
  }

  /// A disk that fills up while a file is chunked as it arrives is an error, and the file stays as it was.
  @Test(arguments: ["chunker=rabin-1000-4096-10000", "chunker=rabin-1000-4096-10000,trickle"])
  func aFullDiskFailsWritesAndFlushes(_ options: String) async throws {
    let mount = try await TestMount(try #require(ImportProfile.profile(options)))
    mount.volume.suspendPuts()
    let old = data(50_000, seed: "old")
    let file = try await mount.makeFile("file", old)
    // In a write that stores chunks, and in a flush that stores the last one.
    for length in [200_000, 900] {
      try await mount.fileSystem.open(file, isWritable: true)
      try await mount.truncate(file, to: 0)
      mount.volume.allow(length > 1000 ? 3 : 0, .put)
      let written = await errorCode { try await mount.write(file, at: 0, data(length)) }
      #expect(written == (length > 1000 ? .noSpace : nil))
      #expect(await errorCode { try await mount.fileSystem.flush(file) } == .noSpace)
      mount.volume.allow(nil, .put)
      await mount.fileSystem.close(file, isWritable: true)
      #expect(try await mount.content(of: file) == old)
    }
    try await mount.end()
  }

  /// After an edit, chunks are made anew only until they fall in step with the old ones: also in a later mount.
  @Test(arguments: ["chunker=rabin", "chunker=buzhash"])
  func costFollowsTheEdit(_ options: String) async throws {
    var mount = try await TestMount(try #require(ImportProfile.profile(options)))
    var content = data(16 << 20)
    try await mount.makeFile("file", content)
    for (offset, isRemounted) in [(5_000_000, false), (10_000_000, true), (16 << 20, false)] {
      if isRemounted { mount = try await mount.remounted() }
      let file = try await mount.fileSystem.lookup("file", in: NodeRecord.root).node
      let before = (mount.volume.bytesRead, mount.volume.bytesStored)
      try await mount.fileSystem.open(file, isWritable: true)
      try await mount.write(file, at: UInt64(offset), [1, 2, 3])
      try await mount.flushAndClose(file)
      let cid = try await mount.fileSystem.cid(of: file)
      #expect(mount.volume.bytesRead - before.0 < 3 << 20, "read at \(offset)")
      #expect(mount.volume.bytesStored - before.1 < 3 << 20, "stored at \(offset)")
      content.replaceSubrange(offset..<min(offset + 3, content.count), with: [1, 2, 3])
      #expect(try await cid == mount.importedCID(content))
    }
    try await mount.end()
  }

  /// A file that other options built is made anew as a whole when it changes: also where its form would not tell.
  @Test func otherOptions() async throws {
    let folder = try TemporaryFolder()
    var content = data(60_000)
    var mount = try await TestMount(ImportProfile.unusual[0], in: folder)
    try await mount.makeFile("file", content)
    for (index, profile) in (ImportProfile.unusual + [.unixfsV1_2025, ImportProfile.unusual[0]]).enumerated() {
      try await mount.end()
      mount = try await TestMount(profile, in: folder)
      let file = try await mount.fileSystem.lookup("file", in: NodeRecord.root).node
      try await mount.fileSystem.open(file, isWritable: true)
      content[30_000 + index] ^= 1
      try await mount.write(file, at: UInt64(30_000 + index), [content[30_000 + index]])
      try await mount.flushAndClose(file)
      #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID(content), "options \(index)")
    }
    try await mount.end()
  }

  @Test(arguments: [
    "chunker=size-1048576", "chunker=size-256", "chunker=size-256,trickle", "chunker=rabin", "chunker=buzhash,trickle",
  ])
  func petabyteOfHole(_ options: String) async throws {
    let mount = try await TestMount(try #require(ImportProfile.profile(options)))
    let file = try await mount.create("file")
    try await mount.truncate(file, to: 1 << 50)
    try await mount.fileSystem.flush(file)
    let empty = try await mount.fileSystem.cid(of: file)
    #expect(mount.volume.count(.put) < 200)
    #expect(try await mount.read(file, at: (1 << 50) - 3, count: 10) == [0, 0, 0])
    try await mount.write(file, at: 1 << 40, [7])
    #expect(try await mount.fileSystem.cid(of: file) != empty)
    #expect(mount.volume.count(.put) < 800)
    #expect(try await mount.read(file, at: (1 << 40) - 1, count: 3) == [0, 7, 0])
    try await mount.truncate(file, to: 5)
    try await mount.flushAndClose(file)
    #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID([0, 0, 0, 0, 0]))
    try await mount.end()
  }

  /// What was written before the process died is chunked as if it had not.
  @Test func crashInTheMiddle() async throws {
    let profile = try #require(ImportProfile.profile("chunker=rabin-1000-4096-10000"))
    let mount = try await TestMount(profile)
    let file = try await mount.create("file")
    let content = data(200_000)
    try await mount.write(file, at: 0, Array(content[..<150_000]))
    try await mount.fileSystem.flush(file)
    try await mount.write(file, at: 150_000, Array(content[150_000...]))
    try await mount.fileSystem.flush(file)
    let crashed = try await mount.crashed()
    let left = try await crashed.fileSystem.lookup("file", in: NodeRecord.root).node
    #expect(try await crashed.fileSystem.cid(of: left) == crashed.importedCID(content))
    try await crashed.end()
    try await mount.flushAndClose(file)
    #expect(try await mount.fileSystem.cid(of: file) == mount.importedCID(content))
    try await mount.end()
  }
}
