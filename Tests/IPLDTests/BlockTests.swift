import IPLD
import Multiformats
import TestSupport
import Testing

@Suite struct BlockTests {
  private let bytes = data(100)
  private var cid: CID { bytes.withUnsafeBytes { CID.sha256(of: $0, codec: .raw) } }

  @Test func bytesAreVerified() throws {
    #expect(try Block(verifying: cid, data: bytes).data == bytes)
    #expect { try Block(verifying: cid, data: bytes.dropLast()) } throws: { ($0 as? BlockError)?.code == .corrupt }
  }

  @Test func unknownHashFunctionIsNotTrusted() throws {
    let hash = try Multihash(code: .init(rawValue: 0x1052), digest: data(32))
    let cid = try CID(version: .v1, codec: .raw, multihash: hash)
    #expect { try Block(verifying: cid, data: bytes) } throws: { ($0 as? BlockError)?.code == .unsupported }
  }

  @Test(arguments: [(0, 100), (0, 0), (100, 0), (37, 63), (99, 1)])
  func rangesAreRead(offset: Int, count: Int) async throws {
    let store = MemoryBlockStore()
    let cid = store.add(bytes, codec: .raw)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    try await store.read(cid, at: offset, into: buffer)
    #expect(Array(buffer) == Array(bytes[offset..<offset + count]))
  }

  @Test(arguments: [(0, 101), (100, 1), (101, 0), (-1, 1), (Int.max, 1), (Int.max, 100)])
  func rangesBeyondTheBlockAreRefused(offset: Int, count: Int) async throws {
    let store = MemoryBlockStore()
    let cid = store.add(bytes, codec: .raw)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
    defer { buffer.deallocate() }
    await #expect {
      try await store.read(cid, at: offset, into: buffer)
    } throws: { ($0 as? BlockError)?.code == .outOfRange }
  }

  @Test func arraysAreStored() async throws {
    let store = MemoryBlockStore()
    try await store.put(cid, bytes)
    #expect(try await store.block(cid).data == bytes)
  }
}
