import Foundation
import IPFSNode
import Multiformats
import Testing

/// Keys, their names and their files.
struct KeyTests {
  /// The example of <https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md>.
  private static let example = """
    080112407e0830617c4a7de83925dfb2694556b12936c477a0e1feb2e148ec9da60fee7d\
    1ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e
    """
  /// A Kubo's, as it was recorded.
  private static let recorded = (
    key: "CAESINCblR0kIYu8CW+o+tPVTqexPRGXjfV54xR8Hc8v6W0t",
    peer: "12D3KooWPrgZtauEzVygLRW54YoABSAKikBRqUQ5Ys9fy8NG5ZdN",
    name: "k51qzi5uqu5dldrjeuu35p78l5ker3yzax6cb6m9niecfehw5w8s8cdp46a819"
  )
  /// PKCS #8 as OpenSSL writes it, of the seed 1, 2, … 32.
  private static let pem = """
    -----BEGIN PRIVATE KEY-----
    MC4CAQAwBQYDK2VwBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g
    -----END PRIVATE KEY-----

    """

  static func bytes(_ hexadecimal: String) -> [UInt8] {
    var rest = hexadecimal[...]
    var bytes: [UInt8] = []
    while let byte = UInt8(rest.prefix(2), radix: 16) {
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }

  // MARK: Names and forms

  @Test func aKeyIsReadAndWrittenAsLibp2pDoes() throws {
    let serialized = Self.bytes(Self.example)
    #expect(serialized.count == 68)
    let key = try PrivateKey(serialized: serialized)
    #expect(key.serialized == serialized)
    let publicKey = "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
    #expect(key.publicKey.serialized == Self.bytes(publicKey))
    // The old form has the public half twice.
    let old = Array(serialized[..<3]) + [0x60] + serialized[4...] + serialized.suffix(32)
    #expect(try PrivateKey(serialized: old) == key)
  }

  @Test func namesAreThoseOfKubo() throws {
    let data = try #require(Data(base64Encoded: Self.recorded.key))
    let peer = try PublicKey(serialized: Array(data)).peerID
    #expect(peer.description == Self.recorded.peer)
    #expect(peer.ipnsName == Self.recorded.name)
    for text in [Self.recorded.peer, Self.recorded.name, peer.text(in: .base32)] {
      #expect(try PeerID(text) == peer)
    }
    #expect(try peer.publicKey().serialized == Array(data))
    let rsa = try PeerID("QmaadUK3sFYDLmdSFZR7RZcHn1egt8vx2vBUCxUSaML4Hf")
    #expect(rsa.ipnsName == "k2k4r8ny7gxvxipwcjnmsns4985yuow7we4rp7wm06maeqk0o08lg24q")
    #expect(throws: NodeError.self) { try rsa.publicKey() }
    // Another codec, no multihash, nothing.
    for text in ["bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am", "12D3", "", "1", "Qm", "k51"] {
      #expect(throws: NodeError.self, "\(text)") { try PeerID(text) }
    }
  }

  @Test func anRSAKeyKeepsItsNameInEveryForm() async throws {
    let key = try await PrivateKey.rsa()
    #expect(key.peerID.description.hasPrefix("Qm"))
    #expect(key.peerID.ipnsName.hasPrefix("k2k4"))
    for format in PrivateKey.Format.allCases {
      #expect(try PrivateKey(key.encoded(as: format), as: format) == key)
    }
    let pem = String(decoding: key.encoded(as: .pem), as: UTF8.self)
    #expect(pem.hasPrefix("-----BEGIN PRIVATE KEY-----\nMII"))
    #expect(pem.split(separator: "\n").allSatisfy { $0.utf8.count <= 64 })
    let data = Array("data".utf8)
    let signature = try key.signature(of: data)
    #expect(signature.count == 256)
    let read = try PublicKey(serialized: key.publicKey.serialized)
    #expect(read.verifies(signature, of: data))
    #expect(!read.verifies(signature, of: data + [0]))
    #expect(!read.verifies([], of: data))
  }

  @Test func pemIsThatOfOpenSSL() throws {
    let key = try PrivateKey(Array(Self.pem.utf8), as: .pem)
    #expect(key.encoded(as: .pem) == Array(Self.pem.utf8))
    #expect(key.serialized.dropFirst(4).prefix(32).elementsEqual(1...32))
    // With something before it, line ends of Windows, and as version 1 with the public key behind it (RFC 5958).
    let windows = "Bag Attributes\n" + Self.pem.replacing("\n", with: "\r\n")
    #expect(try PrivateKey(Array(windows.utf8), as: .pem) == key)
    let long =
      "MFECAQEwBQYDK2VwBCIEIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8ggSEAebVWLo/mVPlAeLESKOmp3mhPGxTCjWTpLRzwVXgmj+g="
    let version1 = "-----BEGIN PRIVATE KEY-----\n\(long)\n-----END PRIVATE KEY-----"
    #expect(try PrivateKey(Array(version1.utf8), as: .pem) == key)
  }

  @Test func whatIsNoKeyIsRefused() async throws {
    let serialized = Self.bytes(Self.example)
    var mixed = serialized
    mixed[67] ^= 1
    let ellipticCurve: [UInt8] = [0x08, 0x02, 0x12, 0x01, 0x00]
    for bytes in [[], [0], Array(serialized.dropLast()), mixed, ellipticCurve, Array(Self.pem.utf8)] {
      #expect(await codeOfNodeError { _ = try PrivateKey(bytes, as: .protobuf) } == .invalid, "\(bytes)")
    }
    let certificate = Self.pem.replacing("PRIVATE KEY", with: "CERTIFICATE")
    for text in ["", "x", certificate, "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----"] {
      #expect(await codeOfNodeError { _ = try PrivateKey(Array(text.utf8), as: .pem) } == .invalid, "\(text)")
    }
    for bits in [0, 1024, 2047, 2049, 8200, .max] {
      #expect(await codeOfNodeError { _ = try await PrivateKey.rsa(bits: bits) } == .invalid, "\(bits)")
    }
  }

  // MARK: Keystore

  @Test func keysAreFilesThatKuboReads() async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    let key = PrivateKey.ed25519()
    #expect(try await node.keystore.names() == [])
    try await node.keystore.add(key, as: "næme/with spaces")
    // "key_" and the name in base32.
    let name = Multibase.base32.encode(Array("næme/with spaces".utf8)).dropFirst()
    let path = "\(repo.path)/keystore/key_\(name)"
    #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == key.serialized)
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    let folder = try FileManager.default.attributesOfItem(atPath: "\(repo.path)/keystore")
    #expect(folder[.posixPermissions] as? Int == 0o700)
    // What a Kubo or an editor left there.
    for other in ["key_mfrgg", "key_", "notes", "key_0189", "\(path).new"] {
      let file = other.hasPrefix("/") ? other : "\(repo.path)/keystore/\(other)"
      try Data(key.serialized).write(to: URL(fileURLWithPath: file))
    }
    #expect(try await node.keystore.names() == ["abc", "næme/with spaces"])
    #expect(try await node.keystore.key("abc") == key)
    try await node.close()
  }

  @Test func keysAreRenamedAndRemoved() async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    let store = node.keystore
    let keys = [PrivateKey.ed25519(), PrivateKey.ed25519()]
    try await store.add(keys[0], as: "a")
    try await store.add(keys[1], as: "b")
    #expect(await codeOfNodeError { try await store.add(keys[1], as: "a") } == .exists)
    #expect(await codeOfNodeError { _ = try await store.rename("a", to: "b") } == .exists)
    #expect(await codeOfNodeError { _ = try await store.rename("x", to: "b") } == .notFound)
    let same = try await store.rename("a", to: "a")
    #expect(same.key == keys[0] && !same.hasReplaced)
    let forced = try await store.rename("a", to: "b", replacing: true)
    #expect(forced.key == keys[0] && forced.hasReplaced)
    #expect(try await store.names() == ["b"])
    #expect(try await store.key("b") == keys[0])
    #expect(try await store.remove("b") == keys[0])
    #expect(await codeOfNodeError { try await store.remove("b") } == .notFound)
    for name in ["self", ""] {
      #expect(await codeOfNodeError { try await store.add(keys[0], as: name) } == .invalid)
      #expect(await codeOfNodeError { _ = try await store.rename("b", to: name) } != nil)
    }
    let long = String(repeating: "n", count: 200)
    #expect(await codeOfNodeError { try await store.add(keys[0], as: long) } == .nameTooLong)
    try await node.close()
  }

  // MARK: Identity

  @Test func anIdentityIsMadeOnceAndKept() async throws {
    let repo = try TemporaryRepo()
    let config = "\(repo.path)/config"
    // A repo that an older version made, and that its owner has edited.
    try #"{"Mine": {"a": [1, 2.5, null, true]}, "Import": {"CidVersion": 1}}"#.write(
      toFile: config, atomically: true, encoding: .utf8)
    let first = try Node.open(path: repo.path)
    #expect(try !String(contentsOfFile: config, encoding: .utf8).contains("PrivKey"))
    async let other = first.identity()
    let identity = try await first.identity()
    #expect(try await other.peerID == identity.peerID)
    #expect(identity.privateKey.publicKey.kind == .ed25519)
    try await first.close()
    #expect(try FileManager.default.attributesOfItem(atPath: config)[.posixPermissions] as? Int == 0o600)
    let node = try Node.open(path: repo.path)
    #expect(try await node.identity().privateKey == identity.privateKey)
    let kept = try node.configuration.value(at: "Mine.a")
    #expect(kept == .list([.integer(1), .number(2.5), .null, .bool(true)]))
    #expect(try await node.key("self") == identity.privateKey)
    #expect(try await node.key(identity.peerID.ipnsName) == identity.privateKey)
    try await node.keystore.add(.ed25519(), as: "k")
    let key = try await node.keystore.key("k")
    #expect(try await node.key(key.peerID.description) == key)
    #expect(await codeOfNodeError { _ = try await node.key("nobody") } == .notFound)
    #expect(await codeOfNodeError { _ = try await node.key(PrivateKey.ed25519().peerID.ipnsName) } == .notFound)
    try await node.close()
  }

  @Test func anIdentityThatIsNoneIsRefused() async throws {
    let other = PrivateKey.ed25519()
    let key = Data(other.serialized).base64EncodedString()
    let identities = [
      #"{"PrivKey": "!"}"#, #"{"PrivKey": "AAAA"}"#,
      #"{"PrivKey": "\#(key)", "PeerID": "\#(PrivateKey.ed25519().peerID)"}"#,
    ]
    for identity in identities {
      let repo = try TemporaryRepo()
      try #"{"Identity": \#(identity)}"#.write(toFile: "\(repo.path)/config", atomically: true, encoding: .utf8)
      // The files are there all the same.
      let node = try Node.open(path: repo.path)
      #expect(await codeOfNodeError { _ = try await node.identity() } == .unusableRepo, "\(identity)")
      try await node.close()
    }
    // One without its name is whole.
    let repo = try TemporaryRepo()
    try #"{"Identity": {"PrivKey": "\#(key)"}}"#.write(
      toFile: "\(repo.path)/config", atomically: true, encoding: .utf8)
    let node = try Node.open(path: repo.path)
    #expect(try await node.identity().privateKey == other)
    try await node.close()
  }
}
