import Foundation
import Glibc
import IPFSNode
import IPLD
import Multiformats
import TestSupport
import Testing
import UnixFS

@Suite struct BlockstoreTests {
  private static func put(_ bytes: [UInt8], in store: Blockstore) throws -> CID {
    try bytes.withUnsafeBytes { data in
      let cid = CID.sha256(of: data, codec: .raw)
      try store.put(cid, data)
      return cid
    }
  }

  private static func read(_ count: Int, of cid: CID, at offset: Int, in store: Blockstore) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try store.read(cid, at: offset, into: $0) }
    return bytes
  }

  private static func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
  }

  private static func file(of cid: CID, in repo: TemporaryRepo) -> String {
    "\(repo.path)/blocks/\(BlockPath(multihash: cid.multihashBytes).path)"
  }

  private static func flipByte(at offset: Int, of path: String) throws {
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    data[offset] ^= 0x40
    // In place: a new file would not be seen by whoever has the old one open.
    let handle = try #require(FileHandle(forWritingAtPath: path))
    try handle.write(contentsOf: data)
    try handle.close()
  }

  private static func code(_ body: () throws -> Void) -> BlockError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? BlockError)?.code
    }
  }

  @Test func filesLieWhereFlatfsPutsThem() throws {
    let empty = try CID("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn")
    let path = BlockPath(multihash: empty.multihashBytes).path
    #expect(path == "X3/CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y.data")
    let name = try #require(path.split(separator: "/").last)
    #expect(BlockPath.multihash(ofFile: String(name)) == empty.multihash)
    #expect(BlockPath.multihash(ofFile: "diskUsage.cache") == nil)
    #expect(BlockPath.multihash(ofFile: "CIQ.data") == nil)
  }

  @Test func folderIsOneThatKuboReads() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let root = try await node.tree.commit()
    #expect(root.cid == (try CID("bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354")))
    try await node.close()
    let sharding = try String(contentsOfFile: "\(repo.path)/blocks/SHARDING", encoding: .utf8)
    #expect(sharding == "/repo/flatfs/shard/v1/next-to-last/2\n")
    let block = "\(repo.path)/blocks/X3/CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y.data"
    #expect(try Data(contentsOf: URL(fileURLWithPath: block)) == Data([0x0A, 0x02, 0x08, 0x01]))
  }

  @Test(arguments: [0, 1, 4095, 16 << 10, (16 << 10) + 1, 1 << 20, (1 << 20) + 13])
  func whatWasPutIsReadFromAnywhere(size: Int) async throws {
    let repo = try TemporaryRepo()
    let bytes = Self.bytes(size, seed: UInt64(size))
    var node = try repo.open()
    let cid = try Self.put(bytes, in: node.blockstore)
    var random = SeededGenerator(seed: 2)
    // The second time checksums come from the database.
    for _ in 0..<2 {
      let store = node.blockstore
      #expect(store.has(cid))
      #expect(try store.size(cid) == size)
      #expect(try store.block(cid).data == bytes)
      for _ in 0..<20 {
        let start = Int.random(in: 0...size, using: &random)
        let count = Int.random(in: 0...size - start, using: &random)
        #expect(try Self.read(count, of: cid, at: start, in: store) == Array(bytes[start..<start + count]))
      }
      #expect(Self.code { _ = try Self.read(1, of: cid, at: size, in: store) } == .outOfRange)
      #expect(Self.code { _ = try Self.read(size + 1, of: cid, at: 0, in: store) } == .outOfRange)
      #expect(Self.code { _ = try Self.read(1, of: cid, at: -1, in: store) } == .outOfRange)
      try await node.close()
      node = try repo.open()
    }
    try await node.close()
  }

  /// From memory that is aligned as writing past the page cache needs it, and from such that is not; also in a file
  /// system of memory alone.
  @Test(arguments: [1 << 20, (1 << 20) + 4096, (1 << 20) + 13, 4096], [nil, "/dev/shm"])
  func whatIsPutPastTheCacheIsRead(size: Int, folder: String?) async throws {
    let repo = try TemporaryRepo(in: folder)
    let node = try repo.open()
    for shift in [0, 16] {
      let content = Self.bytes(size, seed: UInt64(size + shift))
      let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: size + shift, alignment: Blockstore.directAlignment)
      defer { memory.deallocate() }
      let data = UnsafeMutableRawBufferPointer(rebasing: memory[shift...])
      data.copyBytes(from: content)
      let cid = CID.sha256(of: UnsafeRawBufferPointer(data), codec: .raw)
      try await node.blockstore.putPastCache(cid, UnsafeRawBufferPointer(data))
      #expect(try Self.read(size, of: cid, at: 0, in: node.blockstore) == content)
      #expect(try Array(Data(contentsOf: URL(fileURLWithPath: Self.file(of: cid, in: repo)))) == content)
    }
    try await node.close()
  }

  @Test func aBlockIsStoredOnce() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    for _ in 0..<3 { _ = try Self.put([1, 2, 3], in: node.blockstore) }
    #expect(node.statistics.blocksWritten == 1)
    #expect(node.statistics.blockBytesWritten == 3)
    let inline = try CID(version: .v1, codec: .raw, multihash: Multihash(code: .identity, digest: [7, 8, 9]))
    try [7, 8, 9].withUnsafeBytes { try node.blockstore.put(inline, $0) }
    #expect(node.statistics.blocksWritten == 1)
    #expect(try Self.read(2, of: inline, at: 1, in: node.blockstore) == [8, 9])
    try await node.close()
  }

  @Test func aMissingBlockIsNotFound() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let cid = [1].withUnsafeBytes { CID.sha256(of: $0, codec: .raw) }
    #expect(!node.blockstore.has(cid))
    #expect(Self.code { _ = try node.blockstore.block(cid) } == .notFound)
    #expect(Self.code { _ = try Self.read(1, of: cid, at: 0, in: node.blockstore) } == .notFound)
    try await node.close()
  }

  /// A flipped byte is found whether the block was read before or not, with checksums known or not; other pages of it
  /// can still be read; and putting the block again repairs it.
  @Test(arguments: [100, 1 << 20], [false, true])
  func aFlippedByteIsCorruptUntilTheBlockIsPutAgain(size: Int, reopened: Bool) async throws {
    let repo = try TemporaryRepo()
    var node = try repo.open()
    let bytes = Self.bytes(size, seed: 3)
    let cid = try Self.put(bytes, in: node.blockstore)
    #expect(try Self.read(size, of: cid, at: 0, in: node.blockstore) == bytes)
    if reopened {
      try await node.close()
      node = try repo.open()
    }
    try Self.flipByte(at: size - 1, of: Self.file(of: cid, in: repo))
    #expect(Self.code { _ = try Self.read(1, of: cid, at: size - 1, in: node.blockstore) } == .corrupt)
    #expect(Self.code { _ = try Self.read(size, of: cid, at: 0, in: node.blockstore) } == .corrupt)
    #expect(Self.code { _ = try node.blockstore.block(cid) } == .corrupt)
    if size > 4096 {
      #expect(try Self.read(4096, of: cid, at: 0, in: node.blockstore) == Array(bytes[..<4096]))
    }
    #expect(try await node.verify() == [.damagedBlock(cid)])
    if reopened {
      try await node.close()
      node = try repo.open()
    }
    #expect(try Self.put(bytes, in: node.blockstore) == cid)
    #expect(try Self.read(size, of: cid, at: 0, in: node.blockstore) == bytes)
    #expect(try await node.verify().isEmpty)
    try await node.close()
  }

  @Test func aTruncatedBlockIsReplaced() async throws {
    let repo = try TemporaryRepo()
    let node = try repo.open()
    let bytes = Self.bytes(1 << 20, seed: 4)
    let cid = try Self.put(bytes, in: node.blockstore)
    // What a power cut may leave.
    try #require(truncate(Self.file(of: cid, in: repo), 0) == 0)
    #expect(Self.code { _ = try node.blockstore.block(cid) } == .corrupt)
    #expect(try Self.put(bytes, in: node.blockstore) == cid)
    #expect(try node.blockstore.block(cid).data == bytes)
    try await node.close()
  }

  @Test func halfWrittenBlocksOfADeadProcessAreRemoved() async throws {
    let repo = try TemporaryRepo()
    try await repo.open().close()
    let leftOver = "\(repo.path)/blocks/.temp/17"
    #expect(FileManager.default.createFile(atPath: leftOver, contents: Data([1])))
    try await repo.open().close()
    #expect(!FileManager.default.fileExists(atPath: leftOver))
  }
}
