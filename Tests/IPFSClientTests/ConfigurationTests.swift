import Foundation
import IPFSClient
import RPCTestSupport
import Testing

/// Addresses, versions, and what is sent with each request.
struct ConfigurationTests {
  @Test func readsEachFormOfAddress() throws {
    let forms: [(String, ClientAddress)] = [
      ("/ip4/127.0.0.1/tcp/5001", .tcp(host: "127.0.0.1", port: 5001, isTLS: false)),
      ("/ip6/::1/tcp/5001/http", .tcp(host: "::1", port: 5001, isTLS: false)),
      ("/dns/example.com/tcp/443/https", .tcp(host: "example.com", port: 443, isTLS: true)),
      ("/dns4/localhost/tcp/1", .tcp(host: "localhost", port: 1, isTLS: false, family: .ip4)),
      ("/dns6/localhost/tcp/65535/http", .tcp(host: "localhost", port: 65535, isTLS: false, family: .ip6)),
      ("/unix/run/ipfs.sock", .unix(path: "/run/ipfs.sock")),
    ]
    for (text, address) in forms { #expect(try ClientAddress(text) == address) }
  }

  @Test(arguments: [
    "", "localhost:5001", "http://127.0.0.1:5001", "/ip4/127.0.0.1", "/ip4/127.0.0.1/udp/5001", "/tcp/5001",
    "/ip4/127.0.0.1/tcp/5001/ws", "/ip4/127.0.0.1/tcp/5001/http/p2p-circuit", "/ip4/1.2.3/tcp/1", "/dns/a/tcp/65536",
    "/ip4/127.0.0.1/tcp/5001/https/http",
  ]) func refusesAllOtherAddresses(_ text: String) {
    #expect(throws: ClientError.self) { try ClientAddress(text) }
    do {
      _ = try Client(ClientConfiguration(address: text))
      Issue.record("no error")
    } catch {
      #expect(error.code == .address)
    }
  }

  @Test func looksForTheDaemonWhereItWouldSayItIs() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swipfs-\(UUID())")
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent(".ipfs"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var environment = ["HOME": folder.path]
    #expect(ClientConfiguration.discoverAddress(environment: environment) == "/ip4/127.0.0.1/tcp/5001")
    try "/ip4/127.0.0.1/tcp/1\n".write(
      to: folder.appendingPathComponent(".ipfs/api"), atomically: false, encoding: .utf8)
    #expect(ClientConfiguration.discoverAddress(environment: environment) == "/ip4/127.0.0.1/tcp/1")
    try "/unix/run/2".write(to: folder.appendingPathComponent("api"), atomically: false, encoding: .utf8)
    environment["IPFS_PATH"] = folder.path
    #expect(ClientConfiguration.discoverAddress(environment: environment) == "/unix/run/2")
    // With a repo of its own, the one in the home directory is another daemon's.
    environment["IPFS_PATH"] = folder.path + "/other"
    #expect(ClientConfiguration.discoverAddress(environment: environment) == "/ip4/127.0.0.1/tcp/5001")
    environment["IPFS_PATH"] = "~/.ipfs"
    #expect(ClientConfiguration.discoverAddress(environment: environment) == "/ip4/127.0.0.1/tcp/1")
    environment["IPFS_API"] = "/ip4/127.0.0.1/tcp/3"
    #expect(ClientConfiguration.discoverAddress(environment: environment) == "/ip4/127.0.0.1/tcp/3")
  }

  @Test(arguments: ["0.4.22", "0.5.0", "0.42.0", "0.42.1-rc1", "0.5"]) func acceptsVersions(_ version: String) throws {
    try Client.assertVersion(version)
  }

  @Test(arguments: ["0.4.21", "0.43.0", "1.0", "", "x", "0.8.0"]) func refusesVersions(_ version: String) {
    let error = #expect(throws: ClientError.self) {
      try Client.assertVersion(version, in: VersionRange(blacklist: ["0.8.0"]))
    }
    #expect(error?.code == .versionMismatch)
  }

  @Test func sendsWhatIsConfiguredWithEachRequest() async throws {
    let server = try await RPCTestServer { request in
      let text = request.headers.filter { ["Authorization", "Cookie", "X-Own"].contains($0.name) }
        .map { "\($0.name): \($0.value)" }.sorted().joined(separator: "\n")
      return [.head(200), .chunk(Array("\(request.path)\n\(text)".utf8)), .end()]
    }
    for (authorization, expected) in [
      (ClientConfiguration.Authorization.basic(username: "a", password: "b:c"), "Basic YTpiOmM="),
      (.bearer(token: "secret"), "Bearer secret"),
    ] {
      let client = try Client(
        ClientConfiguration(
          address: server.multiaddr, basePath: "/other/v0/", authorization: authorization,
          cookies: ["k": "v", "l": "w"], headers: ["X-Own": "yes"]))
      #expect(
        try await client.cat("x").text()
          == "/other/v0/cat\nAuthorization: \(expected)\nCookie: k=v; l=w\nX-Own: yes")
      await client.close()
    }
    await server.stop()
  }

  @Test(arguments: [
    ClientConfiguration(authorization: .bearer(token: "secret\n")), ClientConfiguration(headers: ["X-Own": "a\r\nb"]),
    ClientConfiguration(headers: ["X Own": "a"]), ClientConfiguration(headers: ["": "a"]),
    ClientConfiguration(cookies: ["k": "secret\u{0}"]),
  ]) func refusesHeadersThatHTTPDoesNotAllow(_ configuration: ClientConfiguration) {
    var configuration = configuration
    configuration.address = "/ip4/127.0.0.1/tcp/5001"
    do {
      _ = try Client(configuration)
      Issue.record("no error")
    } catch {
      #expect(error.code == .encoding)
      #expect(!error.description.contains("secret"))
    }
  }

  @Test func refusesSuchHeadersOfARequestToo() async throws {
    let server = try await RPCTestServer { _ in [.head(200), .end()] }
    let client = try Client(ClientConfiguration(address: server.multiaddr))
    let request = TransportRequest(command: "version", headers: [(name: "X-Own", value: "a\nb")])
    let error = await #expect(throws: ClientError.self) { _ = try await client.transport.send(request) }
    #expect(error?.code == .encoding)
    #expect(server.requestCount == 0)
    await client.close()
    await server.stop()
  }

  @Test(arguments: [("/my node/é/", "/my node/é/"), ("a%20b", "/a b/"), ("", "/")])
  func escapesThePathBeforeCommands(_ path: String, _ expected: String) async throws {
    let server = try await RPCTestServer { request in [.head(200), .chunk(Array(request.path.utf8)), .end()] }
    let client = try Client(ClientConfiguration(address: server.multiaddr, basePath: path))
    #expect(try await client.cat("x").text() == expected + "cat")
    await client.close()
    await server.stop()
  }

  @Test func extraOptionsReplaceThoseOfParameters() {
    let command = Command("ls", ["a"]).option("long", true).option("size", Int?.none)
    let request = command.request(CallOptions(true, ["long": false, "x": 3, "x": "4"], nil), chunkSize: 1)
    #expect(
      request.query.map { "\($0.name)=\($0.value)" } == ["arg=a", "offline=true", "long=false", "x=3", "x=4"])
  }
}
