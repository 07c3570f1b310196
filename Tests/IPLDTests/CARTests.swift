import Foundation
import IPLD
import Multiformats
import Synchronization
import TestSupport
import Testing

@Suite struct CARTests {
  /// What a real Kubo exported: a directory of four blocks.
  static let exported = Array(
    Data(
      base64Encoded:
        "OKJlcm9vdHOB2CpYIwASIJopTr3uCm+ImNR16hlfW5UWoycYhMo/4XHrqA5v+ZgtZ3ZlcnNpb24BfhIgmilOve4Kb4iY1HXqGV9blRajJxiEyj/h"
        + "ceuoDm/5mC0SKQoiEiDJ5IhewHYd0SBPKRuJNIijwWFc0OyU4p67SAqCi/qy6hIBYRgKEisKIhIglDAj4uOOcwK44iqaGhLri8Y45wiLyIM8p8Ux"
        + "zCQ4koESA3N1Yhg5CgIIASwSIMnkiF7Adh3RIE8pG4k0iKPBYVzQ7JTinrtICoKL+rLqCggIAhICYQoYAlESIJQwI+LjjnMCuOIqmhoS64vGOOcI"
        + "i8iDPKfFMcwkOJKBEikKIhIgKcxkxmknvCgbiX88979A6W43qN+kx/d4EO10koPdDfwSAWIYCgoCCAEsEiApzGTGaSe8KBuJfzz3v0Dpbjeo36TH"
        + "93gQ7XSSg90N/AoICAISAmIKGAI=") ?? Data())

  private func chunks(_ bytes: [UInt8], of size: Int) -> AsyncStream<[UInt8]> {
    AsyncStream { continuation in
      for start in stride(from: 0, to: bytes.count, by: size) {
        continuation.yield(Array(bytes[start..<min(start + size, bytes.count)]))
      }
      continuation.finish()
    }
  }

  private func read(_ bytes: [UInt8], inPieces size: Int = 1 << 20, limits: CARDecoder.Limits = .init()) async throws
    -> (roots: [CID], version: Int, blocks: [Block])
  {
    var reader = try await CARReader(chunks(bytes, of: size), limits: limits)
    var blocks: [Block] = []
    while let block = try await reader.next() { blocks.append(block) }
    #expect(try await reader.next() == nil)
    return (reader.roots, reader.version, blocks)
  }

  private func write(roots: [CID], _ blocks: [Block]) async throws -> [UInt8] {
    let output = Output()
    let writer = try await CARWriter(roots: roots) { output.append($0) }
    for block in blocks { try await writer.write(block) }
    return output.bytes
  }

  private final class Output: Sendable {
    private let state = Mutex<[UInt8]>([])
    var bytes: [UInt8] { state.withLock { $0 } }
    func append(_ bytes: [UInt8]) { state.withLock { $0 += bytes } }
  }

  @Test(arguments: [1, 2, 7, 64, 1000])
  func exportOfKubo(size: Int) async throws {
    let (roots, version, blocks) = try await read(Self.exported, inPieces: size)
    #expect(version == 1)
    #expect(roots.map(\.description) == ["QmYiS2ZCpXVuYuigAXpwnmhop43cUa56PssBqwZGwBqJEx"])
    #expect(blocks.count == 4)
    #expect(blocks.reduce(0) { $0 + $1.data.count } == 159)
    // All that is linked is there, and written again it is the same.
    let links = try blocks.flatMap { try $0.links() }
    #expect(Set(links + roots) == Set(blocks.map(\.cid)))
    #expect(try await write(roots: roots, blocks) == Self.exported)
  }

  private static func blocks() throws -> [Block] {
    let inline = try CID(version: .v1, codec: .raw, multihash: Multihash(code: .identity, digest: [1, 2, 3]))
    var blocks = [Block(unchecked: inline, data: [1, 2, 3])]
    for (length, function) in [
      (0, "sha2-256"), (1, "sha1"), (127, "blake3"), (1 << 20, "blake2b-256"), (3 << 20, "sha2-512"),
    ] {
      let bytes = data(length)
      let code = try #require(Multihash.Code(name: function))
      blocks.append(
        Block(unchecked: try bytes.withUnsafeBytes { try CID(hashing: $0, codec: .raw, function: code) }, data: bytes))
    }
    return blocks
  }

  @Test(arguments: [1000, 65_536, 10 << 20])
  func blocksComeBack(size: Int) async throws {
    let blocks = try Self.blocks()
    let bytes = try await write(roots: [], blocks)
    let result = try await read(bytes, inPieces: size)
    #expect(result.roots == [])
    #expect(result.blocks == blocks)
  }

  private static func version2(_ payload: [UInt8], padding: Int = 0, index: Int = 0, size: UInt64? = nil) -> [UInt8] {
    func number(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
    return [0x0A, 0xA1, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6F, 0x6E, 0x02] + Array(repeating: 0, count: 16)
      + number(51 + UInt64(padding)) + number(size ?? UInt64(payload.count)) + number(0)
      + Array(repeating: 0xEE, count: padding) + payload + Array(repeating: 0xFF, count: index)
  }

  @Test(arguments: [(0, 0), (1, 0), (0, 1), (5000, 5000)])
  func payloadOfVersion2(padding: Int, index: Int) async throws {
    for size in [1, 100, 1 << 20] {
      let bytes = Self.version2(Self.exported, padding: padding, index: index)
      let (roots, version, blocks) = try await read(bytes, inPieces: size)
      #expect(version == 2)
      #expect(roots.count == 1)
      #expect(blocks.count == 4)
    }
  }

  /// An archive may not end anywhere but behind a block.
  @Test func archivesThatEndTooEarly() async throws {
    var whole = 0
    for count in 0..<Self.exported.count {
      let bytes = Array(Self.exported.prefix(count))
      do {
        _ = try await read(bytes)
        whole += 1
      } catch let error as IPLDError {
        #expect(error.code == .truncated)
      }
      await #expect(throws: IPLDError.self) {
        try await read(Self.version2(bytes, size: UInt64(Self.exported.count)))
      }
    }
    // Behind the header and each of three blocks.
    #expect(whole == 4)
  }

  @Test(
    arguments: [
      (Array("not a car".utf8), .truncated), (Array("\u{4}no car".utf8), .invalidHeader), ([0x00], .truncated),
      ([0x01, 0xF6], .invalidHeader),
      ([0x01, 0xA0], .invalidHeader), ([0x80, 0x00], .invalidNumber), ([0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .tooLarge),
      // Version 3, version 2 with roots, no roots, a root that is none.
      ([0x0A, 0xA1, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6F, 0x6E, 0x03], .invalidHeader),
      ([0x0A, 0xA1, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6F, 0x6E, 0x01], .invalidHeader),
      (
        [0x11, 0xA2, 0x65, 0x72, 0x6F, 0x6F, 0x74, 0x73, 0x80, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6F, 0x6E, 0x02],
        .invalidHeader
      ),
      (
        [
          0x12, 0xA2, 0x65, 0x72, 0x6F, 0x6F, 0x74, 0x73, 0x81, 0x01, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6F, 0x6E,
          0x01,
        ], .invalidHeader
      ),
      (
        [0x11, 0xA2, 0x65, 0x72, 0x6F, 0x6F, 0x74, 0x73, 0xF6, 0x67, 0x76, 0x65, 0x72, 0x73, 0x69, 0x6F, 0x6E, 0x01],
        .invalidHeader
      ),
      (exported + [0x00], .truncated), (exported + [0x80], .truncated), (exported + [0x80, 0x00], .invalidNumber),
      (exported + [0x02, 0x01, 0x55], .invalidLink), (exported + [0x03, 0x05, 0x55, 0x00], .invalidLink),
      (exported + [0x81, 0x80, 0x80, 0x20], .tooLarge),
      (version2(exported, size: 0), .invalidHeader), (version2(exported, size: .max), .invalidHeader),
      (version2(exported, size: UInt64(exported.count - 1)), .truncated),
      (version2(exported, size: UInt64(exported.count + 1)), .truncated),
      (version2(exported, index: 1, size: UInt64(exported.count + 1)), .truncated),
      (version2(version2(exported)), .invalidHeader),
    ] as [([UInt8], IPLDError.Code)])
  func refused(bytes: [UInt8], code: IPLDError.Code) async {
    for size in [1, 1000] {
      await #expect { try await read(bytes, inPieces: size) } throws: { ($0 as? IPLDError)?.code == code }
    }
  }

  @Test func limits() async throws {
    let blocks = try await read(Self.exported).blocks
    // The header has 56 bytes, the longest section 126.
    #expect(try await read(Self.exported, limits: .init(header: 56, section: 126)).blocks == blocks)
    for limits in [CARDecoder.Limits(header: 55), CARDecoder.Limits(section: 125)] {
      await #expect { try await read(Self.exported, limits: limits) } throws: { ($0 as? IPLDError)?.code == .tooLarge }
    }
  }

  /// The exported archive with one byte changed, which Kubo refused, too.
  @Test func blocksThatAreNotWhatTheirNameSays() async throws {
    var bytes = Self.exported
    bytes[bytes.count - 3] = 0xF5
    await #expect { try await read(bytes) } throws: { error in
      (error as? BlockError)?.code == .corrupt
        && (error as? BlockError)?.cid.description == "QmR9pC5uCF3UExca8RSrCVL8eKv7nHMpATzbEQkAHpXmVM"
    }
    let unknown = try CID(
      version: .v1, codec: .raw, multihash: Multihash(code: .init(rawValue: 0x1052), digest: data(32)))
    let archive = try await write(roots: [unknown], [Block(unchecked: unknown, data: [1])])
    await #expect { try await read(archive) } throws: { ($0 as? BlockError)?.code == .unsupported }
  }

  @Test func errorsOfTheSourceAndTheSink() async throws {
    struct Failure: Error {}
    let source = AsyncThrowingStream<[UInt8], any Error> { continuation in
      continuation.yield(Array(Self.exported.prefix(100)))
      continuation.finish(throwing: Failure())
    }
    await #expect(throws: Failure.self) {
      var reader = try await CARReader(source)
      while try await reader.next() != nil {}
    }
    await #expect(throws: Failure.self) { _ = try await CARWriter(roots: []) { _ in throw Failure() } }
  }
}
