import Multiformats
import TestSupport
import Testing

@Suite struct MultiaddrTests {
  private static let peer = "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC"

  /// Addresses that are their own canonical text; most are in the configuration of a Kubo.
  @Test(arguments: [
    "/ip4/127.0.0.1/tcp/5001", "/ip4/0.0.0.0/udp/4001/quic-v1", "/ip4/0.0.0.0/udp/4001/quic-v1/webtransport",
    "/ip4/0.0.0.0/udp/4001/webrtc-direct", "/ip6/::/tcp/4001", "/ip6/::1/udp/0/quic", "/ip6/2001:db8::/ipcidr/32",
    "/ip4/192.168.0.0/ipcidr/16", "/ip6zone/x%y/ip6/fe80::1/tcp/1", "/ip6/::ffff:1.2.3.4", "/ip6/1:0:2::3:0",
    "/ip6/0:1:2:3:4:5:6:7", "/ip6/2601:9:4f81:9700:803e:ca65:66e8:c21", "/ip6/::102:304", "/ip6/1::",
    "/dns/example.org/tcp/443/tls/http", "/dns4/example.org/tcp/443/wss", "/dns6/example.org/tcp/443/tls/sni/a.b/ws",
    "/dnsaddr/bootstrap.libp2p.io/p2p/\(peer)", "/p2p/\(peer)/p2p-circuit", "/dns4/é.example/https",
    "/unix/var/run/ipfs.sock", "/unix/a", "/ip4/1.2.3.4/tcp/80/unix/a/b", "/memory/18446744073709551615",
    "/ip4/127.0.0.1/tcp/9090/http/http-path/a%2Fb%20c", "/p2p/12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV",
    "/ip4/1.2.3.4/udp/1/quic-v1/webtransport/certhash/uEiAsGPzpiPGQzSlVHRXrUCT5EkTV7YFrV4VZ3hpEKTd_zg",
  ])
  func canonicalTexts(text: String) throws {
    let address = try Multiaddr(text)
    #expect(address.description == text)
    #expect(try Multiaddr(bytes: address.bytes) == address)
    #expect(try Multiaddr(text + "/") == address)
  }

  @Test(arguments: [
    ("/ip6/2001:0DB8:0:0::1", "/ip6/2001:db8::1"), ("/ip6/0:0:0:0:0:0:0:0", "/ip6/::"),
    ("/ip6/1:0:0:2:0:0:0:3", "/ip6/1:0:0:2::3"), ("/ip6/1:0:0:2:0:0:3:4", "/ip6/1::2:0:0:3:4"),
    ("/ipfs/\(peer)", "/p2p/\(peer)"), ("/tcp/1///", "/tcp/1"), ("/ip6/::ffff:102:304", "/ip6/::ffff:1.2.3.4"),
    (
      "/p2p/bafzbeigvf25ytwc3akrijfecaotc74udrhcxzh2cx3we5qqnw5vgrei4bm",
      "/p2p/QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC"
    ),
    ("/http-path/a%2fb", "/http-path/a%2Fb"),
    (
      "/certhash/zQmbWTwYGcmdyK9CYfNBcfs9nhZs17a6FQ4Y8oea278xx41",
      "/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g"
    ),
  ])
  func otherTexts(text: String, canonical: String) throws {
    #expect(try Multiaddr(text).description == canonical)
  }

  @Test(
    arguments: [
      ("/ip4/127.0.0.1/udp/1234", [4, 127, 0, 0, 1, 0x91, 0x02, 0x04, 0xD2]),
      ("/unix/a/b", [0x90, 0x03, 4, 0x2F, 0x61, 0x2F, 0x62]), ("/tcp/80/tls/ws", [6, 0, 80, 0xC0, 0x03, 0xDD, 0x03]),
    ] as [(String, [UInt8])])
  func binaryForms(text: String, bytes: [UInt8]) throws {
    #expect(try Multiaddr(text).bytes == bytes)
    #expect(try Multiaddr(bytes: bytes).description == text)
  }

  @Test func values() throws {
    let address = try Multiaddr("/ip4/127.0.0.1/tcp/5001/http")
    #expect(address.components.map(\.proto.name) == ["ip4", "tcp", "http"])
    #expect(address.value(of: "tcp") == "5001")
    #expect(address.value(of: "http") == "")
    #expect(address.value(of: "udp") == nil)
    #expect(try Multiaddr("/unix/run/a.sock").value(of: "unix") == "/run/a.sock")
  }

  @Test(arguments: [
    "", "/", "//", "tcp/1", "nonsense", "/nonsense", "/tcp", "/tcp/", "/tcp/-1", "/tcp/+1", "/tcp/01", "/tcp/65536",
    "/tcp/x",
    "/tcp//1", "//tcp/1", "/ip4", "/ip4/::1", "/ip4/1.2.3", "/ip4/1.2.3.256", "/ip4/01.2.3.4", "/ip4/1.2.3.4.5",
    "/ip4/1.2.3.4 ",
    "/ip6/1.2.3.4", "/ip6/:::", "/ip6/1::2::3", "/ip6/12345::", "/ip6/fe80::1%eth0", "/ip6zone//ip6/::1", "/dns/",
    "/dns//tcp/1",
    "/unix", "/unix/", "/unix//", "/udp/1/quic/1", "/p2p/tcp", "/p2p/\(peer)x", "/ip4/1.2.3.4\0",
    "/p2p/QmxoHT6iViN5xAjoz1VZ553cL31U9F94ht3QvWR1FrEbZY",
    "/p2p/bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
    "/certhash/b2uaraocy6yrdblb4sfptaddgimjmmp", "/certhash/nonsense", "/http-path/%2", "/http-path/%zz",
    "/http-path/%+1", "/ip4/::/ipcidr/256",
    "/ip4/127.0.0.1/tcp/9090/http/p2p-webcrt-direct", "/memory/18446744073709551616",
  ])
  func refusedTexts(text: String) {
    #expect(throws: MultiformatsError.self) { try Multiaddr(text) }
  }

  @Test(
    arguments: [
      ([], .invalidAddress), ([4, 127, 0, 0], .truncated), ([6], .truncated), ([0x7F], .invalidAddress),
      ([0x80], .truncated),
      ([0x84, 0x00, 1, 2, 3, 4], .invalidVarint), ([53, 0], .invalidAddress), ([53, 1, 0x2F], .invalidAddress),
      ([53, 1, 0], .invalidAddress),
      ([53, 1, 0xFF], .invalidAddress), ([53, 2, 0x61], .truncated),
      ([53, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .truncated),
      ([0x90, 0x03, 1, 0x2F], .invalidAddress),
      ([0x90, 0x03, 2, 0x61, 0x2F], .invalidAddress), ([0x90, 0x03, 2, 0x2F, 0x61, 6, 0, 1], .invalidAddress),
      ([0xA5, 0x03, 2, 0x12, 0x20], .invalidAddress), ([0xA5, 0x03, 0], .invalidAddress),
      ([0xD2, 0x03, 0], .invalidAddress),
    ] as [([UInt8], MultiformatsError.Code)])
  func refusedBytes(bytes: [UInt8], code: MultiformatsError.Code) {
    #expect { try Multiaddr(bytes: bytes) } throws: { ($0 as? MultiformatsError)?.code == code }
  }
}
