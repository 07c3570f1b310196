import IPFSNodeServer
import NIOCore
import Synchronization
import TestSupport
import Testing

/// Bodies of many parts, however they are cut on their way and whatever is wrong with them.
struct MultipartDecoderTests {
  /// What a part was.
  struct Part: Hashable {
    var path: String?
    var isDirectory: Bool
    var mode: UInt32?
    var bytes: [UInt8]
  }

  private static let body: [UInt8] = {
    var body = Array("a preamble\r\n--b1\r\n".utf8)
    body += "Content-Disposition: form-data; name=\"file?mode=0640&mtime=5\"; filename=\"a%20b%2Fc\"\r\n\r\n".utf8
    // What looks like a boundary, and is none.
    body += "\r\n--b\r\n-b1\r\r\n--b0 and so on\r\n".utf8
    body +=
      "\r\n--b1\r\nContent-Type: application/x-directory\r\ncontent-disposition: attachment; filename=d\r\n\r\n".utf8
    body += "\r\n--b1\r\n\r\nwithout a head".utf8
    body += "\r\n--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"empty\"\r\n\r\n".utf8
    body += "\r\n--b1--\r\nan epilogue".utf8
    return body
  }()

  private static let parts = [
    Part(path: "a b/c", isDirectory: false, mode: 0o640, bytes: Array("\r\n--b\r\n-b1\r\r\n--b0 and so on\r\n".utf8)),
    Part(path: "d", isDirectory: true, mode: nil, bytes: []),
    Part(path: nil, isDirectory: false, mode: nil, bytes: Array("without a head".utf8)),
    Part(path: "empty", isDirectory: false, mode: nil, bytes: []),
  ]

  /// Reads a body that comes in pieces.
  private func read(_ body: [UInt8], piece: Int) async throws -> [Part] {
    let rest = Mutex(body[...])
    let request = RPCRequest(
      command: "add", headers: [(name: "Content-Type", value: "multipart/form-data; boundary=\"b1\"")],
      body: {
        rest.withLock { rest in
          guard !rest.isEmpty else { return nil }
          defer { rest = rest.dropFirst(piece) }
          return ByteBuffer(bytes: rest.prefix(piece))
        }
      })
    let files = RequestFiles(request)
    var parts: [Part] = []
    while let file = try await files.next() {
      let isDirectory = if case .directory = file.kind { true } else { false }
      let bytes = try await files.readAll(limit: 1 << 20)
      parts.append(Part(path: file.path.map { "\($0)" }, isDirectory: isDirectory, mode: file.mode, bytes: bytes))
    }
    return parts
  }

  @Test func aBodyIsTheSameHoweverItIsCut() async throws {
    for piece in Array(1...80) + [Self.body.count] {
      #expect(try await read(Self.body, piece: piece) == Self.parts, "pieces of \(piece)")
    }
  }

  @Test func aBodyThatEndsTooEarlyIsAnErrorWhereverItEnds() async throws {
    let end = Self.body.count - "--\r\nan epilogue".utf8.count
    for length in 0..<end {
      await #expect(throws: RPCError.self, "\(length) bytes") {
        _ = try await read(Array(Self.body.prefix(length)), piece: 7)
      }
    }
  }

  @Test func aDamagedBodyIsReadOrRefused() async throws {
    var random = SeededGenerator(seed: 1)
    var refused = 0
    for _ in 0..<5000 {
      let body = mutated(Self.body, using: &random)
      do {
        let parts = try await read(body, piece: 64)
        #expect(parts.reduce(0) { $0 + $1.bytes.count } <= body.count)
      } catch is RPCError {
        refused += 1
      }
    }
    #expect(refused > 0)
  }
}
