import Foundation
import IPFSClient
import NIOSSL
import RPCTestSupport
import Synchronization
import Testing

/// A daemon behind TLS, with a certificate that was made for the test.
struct TLSTests {
  /// A certificate for an address, signed by its own key.
  private struct Certificate {
    let tree: LocalTree
    let path: String
    let server: TLSConfiguration

    init(for name: String, change: (inout TLSConfiguration) -> Void = { _ in }) throws {
      tree = try LocalTree()
      path = tree.path + "/cert.pem"
      try run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test "
          + "-addext 'subjectAltName=\(name)' -keyout '\(tree.path)/key.pem' -out '\(path)' 2>/dev/null")
      var server = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMFile(path).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: tree.path + "/key.pem", format: .pem)))
      change(&server)
      self.server = server
    }
  }

  private func withServer(
    _ certificate: Certificate, _ tls: ClientConfiguration.TLS, host: String? = nil,
    _ body: (Client) async throws -> Void
  ) async throws {
    let server = try await RPCTestServer(tls: certificate.server) { request in
      [.head(200), .chunk(Array("\(request.path) \(request.bodyLength)".utf8)), .end()]
    }
    let address = host.map { server.multiaddr.replacing("/ip4/127.0.0.1", with: $0) } ?? server.multiaddr
    #expect(address.hasSuffix("/https"))
    let client = try Client(ClientConfiguration(address: address, timeouts: 20, tls: tls))
    try await body(client)
    await client.close()
    await server.stop()
  }

  @Test func aTrustedCertificateIsAccepted() async throws {
    let certificate = try Certificate(for: "IP:127.0.0.1,DNS:localhost")
    let trusted = ClientConfiguration.TLS(trustedCertificates: certificate.path)
    for host in [nil, "/dns4/localhost"] {
      try await withServer(certificate, trusted, host: host) { client in
        let text = try await client.cat("x").text()
        #expect(text == "/api/v0/cat 0")
        // Large bodies in both directions.
        try await client.files.write("/a", .bytes([UInt8](repeating: 1, count: 3_000_000)))
      }
    }
  }

  @Test func anUnknownCertificateIsRefused() async throws {
    let certificate = try Certificate(for: "IP:127.0.0.1")
    let other = try Certificate(for: "IP:127.0.0.1")
    for tls in [ClientConfiguration.TLS(), ClientConfiguration.TLS(trustedCertificates: other.path)] {
      try await withServer(certificate, tls) { client in
        let error = await #expect(throws: ClientError.self) { try await client.version() }
        #expect(error?.code == .connection)
      }
    }
  }

  @Test func aCertificateForAnotherHostIsRefused() async throws {
    let certificate = try Certificate(for: "DNS:example.com,IP:192.0.2.1")
    try await withServer(certificate, ClientConfiguration.TLS(trustedCertificates: certificate.path)) { client in
      let error = await #expect(throws: ClientError.self) { try await client.version() }
      #expect(error?.code == .connection)
    }
  }

  @Test func anyCertificateIsAcceptedIfNoneIsChecked() async throws {
    let certificate = try Certificate(for: "DNS:example.com")
    try await withServer(certificate, ClientConfiguration.TLS(verifiesCertificate: false)) { client in
      let text = try await client.cat("x").text()
      #expect(text == "/api/v0/cat 0")
    }
  }

  @Test(arguments: [(TLSVersion.tlsv11, false), (.tlsv12, true)])
  func oldVersionsAreRefused(_ version: TLSVersion, _ isAccepted: Bool) async throws {
    let certificate = try Certificate(for: "IP:127.0.0.1") { configuration in
      configuration.minimumTLSVersion = .tlsv1
      configuration.maximumTLSVersion = version
    }
    try await withServer(certificate, ClientConfiguration.TLS(trustedCertificates: certificate.path)) { client in
      do {
        _ = try await client.cat("x").text()
        #expect(isAccepted)
      } catch let error as ClientError {
        #expect(!isAccepted && error.code == .connection)
      }
    }
  }

  @Test func aReadIsSentAgainIfTheConnectionEndsWithoutAFarewell() async throws {
    let certificate = try Certificate(for: "IP:127.0.0.1")
    let count = Mutex(0)
    let server = try await RPCTestServer(tls: certificate.server) { _ in
      let number = count.withLock {
        $0 += 1
        return $0
      }
      return number == 2 ? [.stall] : [.head(200), .chunk([1]), .end()]
    }
    let relay = try await TCPRelay(to: server)
    let client = try Client(
      ClientConfiguration(
        address: "/ip4/127.0.0.1/tcp/\(relay.port)/https", timeouts: 20,
        tls: ClientConfiguration.TLS(trustedCertificates: certificate.path)))
    #expect(try await client.cat("x").collect() == [1])
    let second = Task { try await client.cat("x").collect() }
    while server.requestCount < 2 { try await Task.sleep(for: .milliseconds(5)) }
    await relay.cut()
    #expect(try await second.value == [1])
    #expect(relay.connectionCount == 2)
    await client.close()
    await relay.stop()
    await server.stop()
  }

  @Test func aConnectionThatBrokeWhileItLayIdleIsNotUsedAgain() async throws {
    let certificate = try Certificate(for: "IP:127.0.0.1")
    let server = try await RPCTestServer(tls: certificate.server) { request in
      let reply: [RPCTestServer.Step] = [.head(200), .end()]
      // Then something that nobody asked for.
      let more: [RPCTestServer.Step] = [.wait(milliseconds: 300), .raw(Array("nonsense\r\n\r\n".utf8)), .stall]
      return request.query[0].value == "/a" ? reply + more : reply
    }
    let relay = try await TCPRelay(to: server)
    let client = try Client(
      ClientConfiguration(
        address: "/ip4/127.0.0.1/tcp/\(relay.port)/https", timeouts: 20,
        tls: ClientConfiguration.TLS(trustedCertificates: certificate.path)))
    try await client.files.mkdir("/a")
    // So that the connection's end is not answered.
    try await relay.deafen()
    try await Task.sleep(for: .seconds(2))
    try await client.files.mkdir("/b")
    #expect(relay.connectionCount == 2)
    await client.close()
    await relay.stop()
    await server.stop()
  }

  @Test func aFileOfNoCertificatesIsAnError() async throws {
    let certificate = try Certificate(for: "IP:127.0.0.1")
    try certificate.tree.write("empty.pem", "nothing")
    for name in ["/empty.pem", "/missing.pem"] {
      let tls = ClientConfiguration.TLS(trustedCertificates: certificate.tree.path + name)
      try await withServer(certificate, tls) { client in
        let error = await #expect(throws: ClientError.self) { try await client.version() }
        #expect(error?.code == .connection)
      }
    }
  }
}
