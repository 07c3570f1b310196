import Foundation
import IPFSClient
import IPFSNode
import IPFSNodeServer
import Multiformats
import Testing
import UnixFS

/// `key/*`, `name/*` and `routing/*` beyond what was recorded of a real daemon.
struct NameCommandTests {
  private static let path = "/ipfs/bafkqaaa"

  @Test func keysLeaveAndReturn() async throws {
    let test = try LocalNode()
    let key = test.client.key
    for type in ["ed25519", "rsa"] {
      let made = try await key.gen(type, type: type)
      for format in PrivateKey.Format.allCases.map(\.rawValue) {
        let bytes = try await key.export(type, format: format).collect()
        let name = "\(type) \(format)"
        #expect(try await key.import(name, .bytes(bytes), format: format).id == made.id)
        #expect(
          await test.refusal { _ = try await key.import(name, .bytes(bytes), format: format) }
            == "key with name '\(name)' already exists")
      }
    }
    let pem = try await key.export("rsa", format: "pem-pkcs8-cleartext").collect()
    let refusal = await test.refusal { _ = try await key.import("x", .bytes(pem)) }
    #expect(refusal?.hasPrefix("unexpected PEM block for format=libp2p-protobuf-cleartext: try again") == true)
    #expect(
      await test.refusal { _ = try await key.import("x", .bytes(pem), format: "jwk") }
        == "unrecognized import format: jwk")
    #expect(
      await test.refusal { _ = try await key.import("self", .bytes(pem)) }
        == "cannot import key with name 'self'")
    #expect(await test.refusal { _ = try await key.export("y").collect() } == "key with name 'y' doesn't exist")
    #expect(
      await test.refusal { _ = try await key.export("self").collect() }
        == "cannot export key with name 'self'")
    #expect(await test.refusal { _ = try await key.gen("x", type: "dsa") } == "unrecognized key type: dsa")
    #expect(
      await test.refusal { _ = try await key.gen("x", type: "rsa", size: 1024) }
        == "rsa keys must be >= 2048 bits to be useful")
    #expect(try await key.list().map(\.name).sorted() == (try await key.list()).map(\.name).sorted())
    #expect(try await key.list(ipnsBase: "b").allSatisfy { $0.id.hasPrefix("bafz") })
    #expect(await test.refusal { _ = try await key.list(ipnsBase: "base1") } == "unsupported multibase encoding: base1")
    try await test.node.close()
  }

  @Test func aPrivateKeyLeavesToItsOwnerAlone() async throws {
    let test = try LocalNode()
    _ = try await test.client.key.gen("k")
    let sink = RecordingSink()
    try await RPCService(test.services).respond(
      to: RPCRequest(command: "key/export", query: [(name: "arg", value: "k")]), through: sink)
    #expect(sink.recorded.status == 404)
    try await test.node.close()
  }

  @Test func signaturesFitTheirKeyAndMessage() async throws {
    let test = try LocalNode()
    let key = test.client.key
    _ = try await key.gen("k")
    let data = Upload.text("message")
    for name in [nil, "k"] {
      let signed = try await key.sign(data, key: name)
      #expect(signed.key.name == name ?? "self")
      for verifier in [name, signed.key.id, "/ipns/\(signed.key.id)"] {
        let verified = try await key.verify(data, signature: signed.signature, key: verifier)
        #expect(verified.isValid && verified.key.id == signed.key.id)
      }
      #expect(try await !key.verify(.text("other"), signature: signed.signature, key: name).isValid)
    }
    let signature = try await key.sign(data).signature
    #expect(try await !key.verify(data, signature: signature, key: "k").isValid)
    // It is of more than the bytes alone.
    let own = try await test.node.identity().privateKey
    let bare = try own.signature(of: Array("message".utf8))
    #expect(!own.publicKey.verifies(bare, of: Array("libp2p-key signed message:message".utf8)))
    let stranger = await test.refusal { _ = try await key.verify(data, signature: signature, key: "nobody") }
    #expect(stranger == "'\"nobody\"' is not a known key, an IPNS Name, or a valid PeerID")
    try await test.node.close()
  }

  @Test func namesArePublishedAsAsked() async throws {
    let test = try LocalNode()
    let client = test.client
    let key = try await client.key.gen("k")
    let entry = try await client.name.publish(Self.path, resolve: false, key: "k")
    #expect(entry.name == key.id && entry.value == Self.path)
    #expect(try await client.name.resolve(key.id) == Self.path)
    #expect(try await client.name.resolve("/ipns/\(key.id)/a") == "\(Self.path)/a")
    // Of another name, with and without following it.
    _ = try await client.name.publish("/ipns/\(key.id)", resolve: false)
    #expect(try await client.name.resolve(recursive: nil) == Self.path)
    #expect(try await client.name.resolve(recursive: false) == "/ipns/\(key.id)")
    let record = try await client.name.get(key.id).collect()
    let seen = try await client.name.inspect(.bytes(record), verify: key.id)
    #expect(seen.entry.value == Self.path && seen.entry.sequence == 0 && seen.entry.ttl == 3_600_000_000_000)
    #expect(seen.validation?.isValid == true && seen.validation?.name == key.id && seen.signatureType == "V1+V2")
    #expect(seen.pbSize == record.count && seen.hexDump.hasPrefix("00000000  0a "))
    #expect(seen.hexDump.split(separator: "\n").count == (record.count + 15) / 16)
    let other = try await client.key.gen("other")
    let wrong = try await client.name.inspect(.bytes(record), verify: other.id, dump: false)
    #expect(wrong.validation?.reason == "signature verification failed" && wrong.hexDump.isEmpty)
    for (lifetime, ttl, refusal) in [
      ("x", nil, "error parsing lifetime option: time: invalid duration \"x\""),
      ("0s", nil, "lifetime must be greater than zero, got 0s"),
      ("1h", "2h", "ttl (2h) must not be greater than lifetime (1h)"),
    ] as [(String, String?, String)] {
      let said = await test.refusal {
        _ = try await client.name.publish(Self.path, resolve: false, lifetime: lifetime, ttl: ttl, key: "k")
      }
      #expect(said == refusal)
    }
    try await test.node.close()
  }

  @Test func recordsOfOthersAreStored() async throws {
    let test = try LocalNode()
    let client = test.client
    let key = PrivateKey.ed25519()
    let name = key.peerID.ipnsName
    let end = Timestamp(seconds: Names.now().seconds + 3600)
    func record(_ sequence: UInt64) throws -> [UInt8] {
      try IPNSRecord(value: "\(Self.path)/\(sequence)", key: key, sequence: sequence, validity: end).bytes
    }
    #expect(try await client.name.put(name, .bytes(record(2))).value == "\(Self.path)/2")
    // The same may come again, an older one not.
    _ = try await client.name.put("/ipns/\(name)", .bytes(record(2)))
    let older = await test.refusal { _ = try await client.name.put(name, .bytes(try record(1))) }
    #expect(older?.hasPrefix("existing IPNS record has sequence 2 >= new record sequence 1") == true)
    _ = try await client.name.put(name, .bytes(record(1)), force: true)
    #expect(try await client.name.resolve(name) == "\(Self.path)/2")
    #expect(await test.refusal { _ = try await client.name.put(name, .bytes([])) } == "record is empty")
    let stranger = try await client.key.gen("k").id
    let stolen = await test.refusal { _ = try await client.name.put(stranger, .bytes(try record(3))) }
    #expect(stolen == "record validation failed: signature verification failed")
    let forced = await test.refusal { _ = try await client.name.put(stranger, .bytes(try record(3)), force: true) }
    #expect(forced == "signature verification failed")
    let large = [UInt8](repeating: 1, count: 11 << 10)
    #expect(await test.refusal { _ = try await client.name.put(name, .bytes(large)) }?.contains("10240 bytes") == true)
    #expect(
      await test.refusal { _ = try await client.name.put("x", .bytes(large)) }?.hasPrefix("invalid IPNS name") == true)
    let found = try await test.node.names.record(of: key.peerID)
    #expect(try await client.name.get(name).collect() == found?.bytes)
    #expect(await test.refusal { _ = try await client.name.get(stranger).collect() } == "routing: not found")
    try await test.node.close()
  }

  @Test func contentIsFoundUnderNames() async throws {
    let test = try LocalNode()
    let key = try await test.node.identity().privateKey
    try await test.node.names.publish(Self.path, with: key)
    let block = try await test.client.block.stat("/ipns/\(key.peerID.ipnsName)")
    #expect(block.cid.description == "bafkqaaa")
    try await test.node.close()
  }
}
