import Foundation
import IPFSClient
import RPCTestSupport
import Testing

/// Bodies of requests: chunks of any size, and replies that do not wait for them.
extension TransportFaultTests {
  /// So many chunks.
  private struct Chunks: AsyncSequence, Sendable {
    let chunk: [UInt8]
    let count: Int

    struct AsyncIterator: AsyncIteratorProtocol {
      let chunk: [UInt8]
      var left: Int

      mutating func next() async -> [UInt8]? {
        guard left > 0 else { return nil }
        left -= 1
        return chunk
      }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(chunk: chunk, left: count) }
  }

  @Test(.timeLimit(.minutes(10))) func chunksOfAnySizeAreSent() async throws {
    let server = try await RPCTestServer { request in
      let form = MultipartForm(request.body, contentType: request.header("Content-Type") ?? "")
      let lengths = (form?.parts ?? []).map { part in part.body.allSatisfy { $0 == 0x61 } ? part.body.count : -1 }
      let lines = lengths.map {
        #"{"Name":"x","Hash":"QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o","Size":"\#($0)"}"#
      }
      return [.head(200, Self.json), .chunk(Array(lines.joined(separator: "\n").utf8)), .end()]
    }
    let size = 3 << 20
    let chunk = [UInt8](repeating: 0x61, count: size)
    let tree = try LocalTree()
    try tree.write("file", String(repeating: "a", count: 3 * size))
    for chunkSize in [ClientConfiguration.defaultChunkSize, 4 << 20] {
      let client = try Client(
        ClientConfiguration(address: server.multiaddr, timeouts: 60, chunkSize: chunkSize))
      let streamed = try await client.add(.stream(Chunks(chunk: chunk, count: 4))).collect()
      #expect(streamed.map(\.size) == [UInt64(4 * size)])
      let bytes = try await client.add(.bytes(chunk, name: "a"), .bytes(chunk, name: "b")).collect()
      #expect(bytes.map(\.size) == [UInt64(size), UInt64(size)])
      let file = try await client.add(.path(tree.path + "/file")).collect()
      #expect(file.map(\.size) == [UInt64(3 * size)])
      await client.close()
    }
    await server.stop()
  }

  @Test func aConnectionIsNotUsedAgainWhileABodyWaitsForIt() async throws {
    // A unix socket takes less than the body.
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("swipfs-\(UUID()).sock").path
    try await withServer(
      .unix(path: path), answersEarly: true,
      script: { request in
        let reply: [RPCTestServer.Step] = [.head(200, Self.json), .chunk(Self.version), .end()]
        return request.path == "/api/v0/files/write" ? [.deaf, .wait(milliseconds: 300)] + reply + [.stall] : reply
      }
    ) { client, server in
      try await client.files.write("/a", .bytes([UInt8](repeating: 1, count: 1_000_000)))
      _ = try await client.version()
      #expect(server.connectionCount == 2)
    }
    try? FileManager.default.removeItem(atPath: path)
  }
}
