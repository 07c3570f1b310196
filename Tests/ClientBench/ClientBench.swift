import Glibc
import IPFSClient
import RPCTestSupport

/// What `scripts/bench client` runs: a server that answers without work, and the client beside curl.
///
///     client-bench serve            prints the port, and serves until its input ends
///     client-bench small PORT N     N requests with small replies, one after the other
///     client-bench cat PORT         reads 1 GiB
///     client-bench add PORT FILE    sends a file
///
/// The last three print how many seconds it took.
@main
enum ClientBench {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    switch (arguments.first, arguments.dropFirst().first, arguments.last) {
    case ("serve", _, _): try await serve()
    case ("small", .some(let port), .some(let count)):
      try await with(port) { client in
        for _ in 0..<(Int(count) ?? 0) { _ = try await client.version() }
      }
    case ("cat", .some(let port), _):
      try await with(port) { client in
        var count = 0
        for try await chunk in client.cat("/ipfs/bafkqaaa") { count += chunk.count }
        guard count == 1 << 30 else { fatalError("read \(count) bytes") }
      }
    case ("add", .some(let port), .some(let path)):
      try await with(port) { client in _ = try await client.add(.path(path)).collect() }
    default: fatalError("usage: client-bench serve | small PORT COUNT | cat PORT | add PORT FILE")
    }
  }

  private static func with(_ port: String, _ body: @Sendable (Client) async throws -> Void) async throws {
    let client = try Client(ClientConfiguration(address: "/ip4/127.0.0.1/tcp/\(port)"))
    let took = try await ContinuousClock().measure { try await body(client) }
    print(took / .seconds(1))
    await client.close()
  }

  private static func serve() async throws {
    let chunk = [UInt8](repeating: 7, count: 1 << 20)
    let version = Array(#"{"Version":"0.42.0","Commit":"","Repo":"18","System":"amd64/linux","Golang":""}"#.utf8)
    let server = try await RPCTestServer(bodyLimit: 0) { request in
      switch request.path {
      case "/api/v0/version":
        [
          .head(200, [("Content-Type", "application/json"), ("Content-Length", "\(version.count)")]), .chunk(version),
          .end(),
        ]
      case "/api/v0/cat": [.head(200, [("X-Content-Length", "\(1 << 30)")]), .repeating(chunk, times: 1024), .end()]
      case "/api/v0/add":
        [.head(200), .chunk(Array(#"{"Name":"f","Hash":"bafkqaaa","Size":"\#(request.bodyLength)"}"#.utf8)), .end()]
      default: [.head(404), .end()]
      }
    }
    print(server.multiaddr.split(separator: "/")[3])
    // Whoever waits for this line waits behind a pipe.
    fflush(nil)
    while readLine() != nil {}
    await server.stop()
  }
}
