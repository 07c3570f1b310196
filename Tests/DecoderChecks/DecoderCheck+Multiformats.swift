import Multiformats
import TestSupport

extension DecoderCheck {
  static let cid = CID.sha256(of: "leaf", codec: .raw)

  private static let texts = [
    "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
    "k51qzi5uqu5dh71qgwangrt6r0nd4094i88nsady6qgd1dhjcyfsaqmpp143ab", cid.text(in: .base64URLPad),
    cid.text(in: .base16Upper), cid.text(in: .base256Emoji),
  ]

  /// Varints, multibase, multihashes and CIDs.
  static let names = [
    DecoderCheck("varint", seeds: [[0x00], [0xAC, 0x02], Array(repeating: 0xFF, count: 8) + [0x7F]]) { bytes in
      var position = 0
      guard let value = try? Varint.decode(bytes, at: &position) else { return false }
      var again: [UInt8] = []
      Varint.append(value, to: &again)
      try hold(again.elementsEqual(bytes[..<position]), "\(value) is written in another way")
      return true
    },
    DecoderCheck("multibase", texts: Multibase.all.map { $0.encode(Array("yes mani !".utf8)) } + texts.dropFirst()) {
      text in
      guard let (base, bytes) = try? Multibase.decode(text) else { return false }
      try hold(base.encode(bytes).utf8.elementsEqual(text.utf8), "\(base.name) has another text")
      return true
    },
    DecoderCheck("multihash", seeds: [cid.multihash.bytes, [0, 3, 1, 2, 3], [0x1E, 20] + data(20), [0x99, 0x01, 0]]) {
      bytes in
      guard let hash = try? Multihash(bytes: bytes) else { return false }
      try hold(hash.bytes == bytes, "the multihash is written in another way")
      try hold(try Multihash(code: hash.code, digest: hash.digest) == hash, "the multihash is not its parts")
      return true
    },
    DecoderCheck(
      "CID",
      seeds: texts.compactMap { try? CID($0).bytes } + [
        [1, 0x55, 0, 3, 9, 9, 9], [1, 0xA9, 0x02, 0x1E, 20] + data(20),
      ]
    ) { bytes in
      guard let cid = try? CID(bytes: bytes) else { return false }
      try hold(cid.bytes == bytes, "the CID has other bytes")
      try hold(try CID(version: cid.version, codec: cid.codec, multihash: cid.multihash) == cid, "not its parts")
      try hold(try CID(cid.description) == cid, "the CID's text is another")
      _ = try? bytes.withUnsafeBytes { try cid.verifies($0) }
      return true
    },
    DecoderCheck("CID text", texts: texts) { text in
      guard let cid = try? CID(text), let first = text.unicodeScalars.first else { return false }
      try hold(try CID(cid.description) == cid, "the CID's usual text is another")
      guard let base = cid.version == .v0 ? .base58btc : Multibase(prefix: first) else {
        throw Violation(message: "a CID without a base")
      }
      try hold(cid.text(in: base).utf8.elementsEqual(text.utf8), "the CID has another text")
      return true
    },
  ]

  private static let addressTexts = [
    "/ip4/127.0.0.1/tcp/5001", "/ip6/2001:db8::1/udp/4001/quic-v1/webtransport", "/unix/var/run/ipfs.sock",
    "/dnsaddr/bootstrap.libp2p.io/p2p/QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC", "/ip6zone/x/ip6/fe80::1/tcp/1",
    "/ip4/1.2.3.4/tcp/443/tls/sni/a.b/http/http-path/a%2Fb", "/memory/12345", "/ip4/192.168.0.0/ipcidr/16",
    "/p2p/12D3KooWCryG7Mon9orvQxcS1rYZjotPgpwoJNHHKcLLfE4Hf5mV/p2p-circuit", "/ip6/::ffff:1.2.3.4/tcp/1/wss",
    "/udp/1/certhash/uEiAsGPzpiPGQzSlVHRXrUCT5EkTV7YFrV4VZ3hpEKTd_zg",
  ]

  /// Addresses.
  static let addresses = [
    DecoderCheck("multiaddr", seeds: addressTexts.compactMap { try? Multiaddr($0).bytes }) { bytes in
      guard let address = try? Multiaddr(bytes: bytes) else { return false }
      try hold(address.bytes == bytes, "the address has other bytes")
      try hold(try Multiaddr(address.description) == address, "the text is another address: \(address)")
      return true
    },
    DecoderCheck("multiaddr text", texts: addressTexts) { text in
      guard let address = try? Multiaddr(text) else { return false }
      try hold(try Multiaddr(address.description) == address, "the text is another address: \(address)")
      try hold(try Multiaddr(bytes: address.bytes) == address, "the bytes are another address: \(address)")
      return true
    },
  ]
}

extension CID {
  static func sha256(of text: String, codec: Multicodec) -> CID {
    Array(text.utf8).withUnsafeBytes { sha256(of: $0, codec: codec) }
  }
}
