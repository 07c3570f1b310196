import Foundation
import IPFSClient
import NIOSSL
import RPCTestSupport
import Testing

/// A daemon behind TLS, with a certificate that was made for the test.
struct TLSTests {
  /// A certificate for an address, signed by its own key.
  private struct Certificate {
    let tree: LocalTree
    let path: String
    let server: TLSConfiguration

    init(for name: String) throws {
      tree = try LocalTree()
      path = tree.path + "/cert.pem"
      try run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test "
          + "-addext 'subjectAltName=\(name)' -keyout '\(tree.path)/key.pem' -out '\(path)' 2>/dev/null")
      server = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMFile(path).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: tree.path + "/key.pem", format: .pem)))
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
