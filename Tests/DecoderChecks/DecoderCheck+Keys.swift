import Foundation
import IPFSNode
import UnixFS

extension DecoderCheck {
  /// An Ed25519 key as OpenSSL writes it.
  private static let pem = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g
    -----END PRIVATE KEY-----

    """
  /// libp2p's form of the public half of an RSA key that nobody has.
  private static let rsa = """
    CAASpgIwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQCSmw0XwjDtByxmvJy7+Uph78oK38hZQlUryvCIuOmLfUXs92npfRh58St3qs+357tt\
    EpRZ/cqlfoW7oeF7yYtdRKiRlLD92erqhxgIrHCUwbPlWLEgwMIdKdB8dIjd7HqZF6/cIg6m+3U7Zu6vtMrGOjQq14KNuAhSJP5aGKg8c8FGtLso77dB\
    ZTvXbYM875m0PUlar+L/VbqPpwYda7VBdTqvGF8eq7YzRuuWxDApHGRiCn3nNJTH7xMMMkr6JFKQznx5SP///DPcikM9m66oABdpLUndrdu5PTzpYh0P\
    fGKalDGDCQ2y0V95fgzhQ6TZGK/cntXqjV1DkKruR0W/AgMBAAE=
    """

  /// Records of a name: with and without what is for old readers, and with a public key in it.
  private static let records: [[UInt8]] = {
    guard let key = try? PrivateKey(Array(pem.utf8), as: .pem) else { return [] }
    let end = Timestamp(seconds: 4_000_000_000, nanoseconds: 123_000)
    var records = [true, false].compactMap { hasVersion1 in
      try? IPNSRecord(
        value: "/ipfs/bafkqaaa/a", key: key, sequence: .max, validity: end, hasVersion1: hasVersion1
      ).message
    }
    if var message = records.last {
      message.publicKey = key.publicKey.serialized
      records.append(message)
    }
    return records.map(\.encoded)
  }()

  /// What keys, names and their records are read from.
  static let keys = [
    DecoderCheck(
      "public key", seeds: [Data(base64Encoded: rsa).map(Array.init) ?? [], [8, 1, 18, 32] + [UInt8](1...32)]
    ) {
      bytes in
      guard let key = try? PublicKey(serialized: bytes) else { return false }
      let again = try PublicKey(serialized: key.serialized)
      try hold(again.peerID == key.peerID && again.kind == key.kind, "another key")
      try hold(try PeerID(key.peerID.description) == key.peerID, "another name")
      return true
    },
    DecoderCheck("private key", texts: [pem]) { text in
      // What accepts the one form must write the other so that it is the same key.
      guard let key = try? PrivateKey(Array(text.utf8), as: .pem) else { return false }
      try hold(try PrivateKey(serialized: key.serialized) == key, "another key as protobuf")
      try hold(try PrivateKey(key.encoded(as: .pem), as: .pem) == key, "another key as PEM")
      return true
    },
    DecoderCheck(
      "peer",
      texts: [
        "12D3KooWPrgZtauEzVygLRW54YoABSAKikBRqUQ5Ys9fy8NG5ZdN", "QmaadUK3sFYDLmdSFZR7RZcHn1egt8vx2vBUCxUSaML4Hf",
        "k51qzi5uqu5dldrjeuu35p78l5ker3yzax6cb6m9niecfehw5w8s8cdp46a819",
      ]
    ) { text in
      guard let peer = try? PeerID(text) else { return false }
      try hold(try PeerID(peer.ipnsName) == peer && PeerID(bytes: peer.bytes) == peer, "another name")
      _ = try? peer.publicKey()
      return true
    },
    DecoderCheck("file of a key", texts: ["key_nv4wwzlz", "key_me", "key_onymhjdumuqeo4wdxtbz6zi"]) { text in
      guard let name = Keystore.name(ofFile: text) else { return false }
      try hold(try Keystore.file(ofName: name).isSame(text), "another file: \(name)")
      return true
    },
    DecoderCheck("IPNS record", seeds: records) { bytes in
      guard let record = try? IPNSRecord(bytes: bytes) else { return false }
      let again = try IPNSRecord(bytes: record.message.encoded)
      try hold(again.message == record.message, "another record")
      try hold(again.value == record.value && again.sequence == record.sequence, "another content")
      try hold(again.validity == record.validity && again.ttl == record.ttl, "another validity")
      try hold(!record.isBetter(than: record), "better than itself")
      return true
    },
    DecoderCheck(
      "time", texts: ["2033-05-18T03:33:20.123456789Z", "1969-12-31T23:59:59+01:30", "0000-01-01T00:00:00Z"]
    ) { text in
      guard let time = RFC3339.time(text.utf8) else { return false }
      let known = min(max(time, RFC3339.earliest), RFC3339.latest)
      try hold(RFC3339.time(RFC3339.text(time).utf8) == known, "another time")
      return true
    },
    DecoderCheck(
      "whole configuration",
      texts: [NodeConfiguration.standard, #"{"a":{"b.c":[1,2.5e3,null,true,"\u00e9\n"]},"d":-9223372036854775808}"#]
    ) { text in
      guard let value = try? ConfigurationValue(json: Array(text.utf8)) else { return false }
      try hold(try ConfigurationValue(json: value.json()) == value, "another value")
      return true
    },
  ]
}
