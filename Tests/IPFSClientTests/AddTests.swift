import Foundation
import Glibc
import IPFSClient
import Multiformats
import RPCTestSupport
import Synchronization
import Testing

/// What of local files reaches the daemon.
struct AddTests {
  /// A server that keeps the bodies of requests and answers with as many bytes as it got.
  private func withServer(_ body: (Client, @escaping @Sendable () -> MultipartForm?) async throws -> Void) async throws
  {
    let forms = Mutex<[MultipartForm]>([])
    let server = try await RPCTestServer { request in
      if let form = MultipartForm(request.body, contentType: request.header("Content-Type") ?? "") {
        forms.withLock { $0.append(form) }
      }
      let entry =
        #"{"Name":"x","Hash":"QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o","Size":"\#(request.bodyLength)"}"#
      return [.head(200, [("Content-Type", "application/json")]), .chunk(Array(entry.utf8)), .end()]
    }
    let client = try Client(ClientConfiguration(address: server.multiaddr, timeouts: 20, chunkSize: 1000))
    try await body(client) { forms.withLock { $0.last } }
    await client.close()
    await server.stop()
  }

  @Test func directoriesGoWithModesTimesAndPlaces() async throws {
    let tree = try LocalTree()
    try tree.write("d/a é", "content")
    try tree.write("d/.hidden/b")
    try run("chmod 640 '\(tree.path)/d/a é'; touch -d @1700000000.5 '\(tree.path)/d/a é'")
    try await withServer { client, form in
      _ = try await client.add(
        .path(tree.path + "/d"), recursive: true, pattern: "*", options: AddOptions(nocopy: true, preserveMode: true)
      ).collect()
      let parts = try #require(form()).parts
      #expect(parts.map { $0.parameter("filename") } == ["d", "d/a%20%C3%A9"])
      #expect(parts[1].parameter("name") == "file?mode=0640&mtime=1700000000&mtime-nsecs=500000000")
      #expect(parts[1].body == Array("content".utf8))
      let place = try #require(parts[1].headers["abspath-encoded"].map { unescape($0) })
      #expect(place.hasSuffix("/d/a é"))
      #expect(parts[1].headers["abspath"] == nil)
      #expect(parts[0].headers["abspath"]?.hasSuffix("/d") == true)
    }
  }

  @Test func aPlaceIsTheOneThatWasNamed() async throws {
    let tree = try LocalTree()
    try tree.write("d/a", "content")
    try run("ln -s d '\(tree.path)/link'")
    // Something else than a reader of the text would think.
    try tree.write("e/a", "other")
    try tree.write("e/f/b", "b")
    try run("ln -s ../e/f '\(tree.path)/d/deep'")
    try await withServer { client, form in
      _ = try await client.add(.path(tree.path + "/d/deep/../a"), options: AddOptions(nocopy: true)).collect()
      #expect(try #require(form()).parts[0].headers["abspath"]?.hasSuffix("/e/a") == true)
      for path in ["/link/a", "/d/.././link//a"] {
        _ = try await client.add(.path(tree.path + path), options: AddOptions(nocopy: true)).collect()
        #expect(try #require(form()).parts[0].headers["abspath"] == tree.path + "/link/a")
      }
    }
  }

  @Test func chunksAreOneFile() async throws {
    let entry = #"{"Name":"n","Hash":"\#(Recorded.hello)","Size":"9"}"#
    let transport = ScriptedTransport([Array(entry.utf8)])
    let client = Client(transport: transport)
    let bytes = AsyncStream { continuation in
      for byte in UInt8(0)..<3 { continuation.yield([byte, byte]) }
      continuation.finish()
    }
    #expect(try await client.addBytes(bytes).description == Recorded.hello)
    #expect(transport.parts.map(\.body) == [[0, 0, 1, 1, 2, 2]])
    let texts = AsyncStream { continuation in
      for text in ["é", "", "z"] { continuation.yield(text) }
      continuation.finish()
    }
    #expect(try await client.addString(texts).description == Recorded.hello)
    #expect(transport.parts.map(\.body) == [Array("éz".utf8)])
  }

  @Test(arguments: [("true", 100_000), ("truncate -s 5000", 5000), ("truncate -s 700000", 700_000)])
  func aFileIsSentAsItIsRead(_ change: String, _ length: Int) async throws {
    let tree = try LocalTree()
    try tree.write("file", String(repeating: "0123456789", count: 10_000))
    let path = tree.path + "/file"
    let transport = ScriptedTransport(onChunk: { if $0 == 2 { try run("\(change) '\(path)'") } })
    _ = try await Client(transport: transport, chunkSize: 1000).add(.path(path), .text("t", name: "t")).collect()
    #expect(transport.parts.map(\.body.count) == [length, 1])
  }

  @Test func whatCannotBeReadIsAnErrorAndNoWholeRequest() async throws {
    let tree = try LocalTree()
    try tree.write("d/a", "a")
    try await withServer { client, form in
      let missing = await #expect(throws: ClientError.self) {
        try await client.add(.path(tree.path + "/missing")).collect()
      }
      #expect(missing?.code == .encoding)
      #expect(missing?.command == "add")
      #expect((missing?.cause as? POSIXError)?.code == .ENOENT)
      let pattern = await #expect(throws: ClientError.self) {
        try await client.add(.path(tree.path + "/d"), pattern: "/etc/*").collect()
      }
      #expect(pattern?.code == .encoding)
      struct Stop: Error {}
      let stopped = await #expect(throws: ClientError.self) {
        let chunks = AsyncThrowingStream<[UInt8], any Error> { continuation in
          continuation.yield([1])
          continuation.finish(throwing: Stop())
        }
        _ = try await client.add(.stream(Sent(chunks: chunks))).collect()
      }
      #expect(stopped?.code == .encoding)
      #expect(stopped?.cause is Stop)
      #expect(form() == nil)
      // The client goes on.
      let entries = try await client.add(.bytes([1])).collect()
      #expect(entries.count == 1)
    }
  }

  private struct Sent: AsyncSequence, Sendable {
    let chunks: AsyncThrowingStream<[UInt8], any Error>
    func makeAsyncIterator() -> AsyncThrowingStream<[UInt8], any Error>.Iterator { chunks.makeAsyncIterator() }
  }
}
