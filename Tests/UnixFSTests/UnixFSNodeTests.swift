import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

@Suite struct UnixFSNodeTests {
  @Test(
    arguments: [
      (UnixFSNode(kind: .directory), [0x08, 0x01]),
      (UnixFSNode(kind: .file, fileSize: 0), [0x08, 0x02, 0x18, 0x00]),
      (UnixFSNode(kind: .file, data: [7], fileSize: 1), [0x08, 0x02, 0x12, 0x01, 7, 0x18, 0x01]),
      (
        UnixFSNode(kind: .file, fileSize: 300, blockSizes: [256, 44]),
        [0x08, 0x02, 0x18, 0xAC, 0x02, 0x20, 0x80, 0x02, 0x20, 0x2C]
      ),
      (
        UnixFSNode(kind: .hamtShard, data: [1], hashType: 0x22, fanout: 256),
        [0x08, 0x05, 0x12, 0x01, 1, 0x28, 0x22, 0x30, 0x80, 0x02]
      ),
      (
        UnixFSNode(kind: .file, mode: 0o644, mtime: Timestamp(seconds: 5, nanoseconds: 1)),
        [0x08, 0x02, 0x38, 0xA4, 0x03, 0x42, 0x07, 0x08, 0x05, 0x15, 1, 0, 0, 0]
      ),
      (
        UnixFSNode(kind: .directory, mtime: Timestamp(seconds: -1)),
        [0x08, 0x01, 0x42, 0x0B, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
      ),
    ] as [(UnixFSNode, [UInt8])])
  func encodings(node: UnixFSNode, bytes: [UInt8]) throws {
    #expect(node.encoded() == bytes)
    #expect(try UnixFSNode(decoding: bytes) == node)
  }

  @Test func whatOtherWritersWrite() throws {
    // Packed block sizes, fields out of order, and fields of later versions.
    let node = try UnixFSNode(decoding: [0x22, 0x03, 0x80, 0x02, 0x2C, 0x7A, 0x01, 9, 0x79] + data(8) + [0x08, 0x02])
    #expect(node == UnixFSNode(kind: .file, blockSizes: [256, 44]))
  }

  @Test(
    arguments: [
      ("nothing", []), ("no kind", [0x18, 0x00]), ("unknown kind", [0x08, 0x06]),
      ("kind twice", [0x08, 0x01, 0x08, 0x01]),
      ("kind as bytes", [0x0A, 0x01, 0x01]), ("data as a number", [0x08, 0x02, 0x10, 0x01]),
      ("length beyond the end", [0x08, 0x02, 0x12, 0x05, 1]), ("file size as bytes", [0x08, 0x02, 0x1A, 0x00]),
      ("number not in its shortest form", [0x08, 0x82, 0x00]), ("packed sizes cut", [0x08, 0x02, 0x22, 0x01, 0x80]),
      ("time without seconds", [0x08, 0x01, 0x42, 0x00]),
      ("time cut", [0x08, 0x01, 0x42, 0x04, 0x08, 0x01, 0x15, 0x01]),
      ("a second of nanoseconds", [0x08, 0x01, 0x42, 0x07, 0x08, 0x05, 0x15, 0x00, 0xCA, 0x9A, 0x3B]),
      ("nanoseconds as a number", [0x08, 0x01, 0x42, 0x04, 0x08, 0x05, 0x10, 0x01]),
      ("group", [0x08, 0x01, 0x5B]), ("cut in a number of 8 bytes", [0x08, 0x01, 0x79, 1, 2]),
    ] as [(String, [UInt8])])
  func refused(name: String, bytes: [UInt8]) {
    #expect { try UnixFSNode(decoding: bytes) } throws: { ($0 as? UnixFSError)?.code == .malformed }
  }

  @Test func mutatedNodes() throws {
    var random = SeededGenerator(seed: 5)
    let node = UnixFSNode(
      kind: .file, data: data(5), fileSize: 605, blockSizes: [300, 300], mode: 0o755,
      mtime: Timestamp(seconds: 1_700_000_000, nanoseconds: 9))
    var accepted = 0
    for _ in 0..<4000 {
      guard let changed = try? UnixFSNode(decoding: mutated(node.encoded(), using: &random)) else { continue }
      accepted += 1
      #expect(try UnixFSNode(decoding: changed.encoded()) == changed)
    }
    #expect(100..<3900 ~= accepted)
  }

  /// Kubo's symlink to `hello.txt`, and a directory with it.
  @Test func symlinks() async throws {
    let store = MemoryBlockStore()
    let link = try await Symlink.store(Array("hello.txt".utf8), profile: .kuboDefault, to: store)
    #expect(link.cid.description == "QmPYf1QFHozJBBDAws6mzy3kzMPmtSuSc4iCwJS5GMYaSK")
    #expect(link.tsize == 15)
    #expect(link.size == 9)
    #expect(try Symlink.target(of: await store.block(link.cid)) == Array("hello.txt".utf8))

    let file = try await importFile(Array("hello world\n".utf8), profile: .kuboDefault, to: store)
    let directory = try await DirectoryWriter(profile: .kuboDefault, store: store).build([
      DirectoryEntry(name: "link", cid: link.cid, tsize: link.tsize),
      DirectoryEntry(name: "hello.txt", cid: file.cid, tsize: file.tsize),
    ]).root
    #expect(directory.cid.description == "Qmaq1mM9DJsHzDUsW8WYAqNGxnxWzdbNTL3LvxnqqmMA1N")
    #expect(directory.tsize == 136)
    await #expect {
      _ = try Symlink.target(of: await store.block(directory.cid))
    } throws: { ($0 as? UnixFSError)?.code == .wrongKind }
  }

  @Test func profilesOutsideWhatCanBeBuilt() throws {
    let sharding = ImportProfile.kuboDefault.sharding
    for (chunk, links) in [
      (0, 174), (-1, 174), (ImportProfile.maximumChunkSize + 1, 174), (1, 1), (1, 0), (1, 1 << 20),
    ] {
      #expect {
        try ImportProfile(
          chunker: .fixed(chunk), cidVersion: .v1, rawLeaves: true, maxFileLinks: links, sharding: sharding)
      } throws: { ($0 as? UnixFSError)?.code == .invalidProfile }
    }
    for fanout in [-8, 0, 1, 4, 12, 100, 2048, .max] {
      #expect { try ImportProfile.Sharding(fanout: fanout, estimate: .block) } throws: {
        ($0 as? UnixFSError)?.code == .invalidProfile
      }
    }
    _ = try ImportProfile(
      chunker: .fixed(ImportProfile.maximumChunkSize), cidVersion: .v1, rawLeaves: true, maxFileLinks: 2,
      sharding: .init(fanout: 8, estimate: .links))
  }
}
