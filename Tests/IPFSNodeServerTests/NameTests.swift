import Foundation
import IPFSNode
import IPLD
import Multiformats
import Testing
import UnixFS

/// IPNS records, and what names point to.
struct NameTests {
  private static let path = "/ipfs/bafkreicysg23kiwv34eg2d7qweipxwosdo2py4ldv42nbauguluen5v6am"
  private static let otherPath = "/ipfs/QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"

  private static func defect(_ body: () async throws -> Void) async -> IPNSRecord.Defect? {
    do {
      try await body()
      return nil
    } catch {
      if case .invalidRecord(let defect)? = (error as? NodeError)?.code { return defect }
      return nil
    }
  }

  private static func record(
    _ key: PrivateKey, sequence: UInt64 = 3, end: Int64 = 2_000_000_000, ttl: Int64 = 5, hasVersion1: Bool = true
  ) throws -> IPNSRecord {
    try IPNSRecord(
      value: path, key: key, sequence: sequence, validity: Timestamp(seconds: end, nanoseconds: 120_000_000), ttl: ttl,
      hasVersion1: hasVersion1)
  }

  private static let now = Timestamp(seconds: 1_900_000_000)

  // MARK: Times

  @Test func timesAreThoseOfRFC3339() throws {
    let cases: [(String, Int64, UInt32)] = [
      ("1970-01-01T00:00:00Z", 0, 0), ("1970-01-01T00:00:00.000000001Z", 0, 1),
      ("1969-12-31T23:59:59.5Z", -1, 500_000_000), ("2000-02-29T12:34:56Z", 951_827_696, 0),
      ("2026-11-25T12:44:31.123456789Z", 1_795_610_671, 123_456_789), ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
      ("0000-01-01T00:00:00Z", -62_167_219_200, 0),
    ]
    for (text, seconds, nanoseconds) in cases {
      let time = Timestamp(seconds: seconds, nanoseconds: nanoseconds)
      #expect(RFC3339.text(time) == text)
      #expect(RFC3339.time(text.utf8) == time)
    }
    #expect(
      RFC3339.time("2000-01-01T01:30:00.1000000009+01:30".utf8)
        == Timestamp(seconds: 946_684_800, nanoseconds: 100_000_000))
    #expect(RFC3339.time("2000-01-01T00:00:00-00:30".utf8) == Timestamp(seconds: 946_686_600))
    let none = [
      "", "2000-01-01", "2000-02-30T00:00:00Z", "2001-02-29T00:00:00Z", "2000-13-01T00:00:00Z", "2000-01-01T24:00:00Z",
      "2000-01-01T00:00:00", "2000-01-01T00:00:00.Z", "2000-01-01T00:00:00Zx", "2000-01-01T00:00:00+24:00", "x",
      "+200-01-01T00:00:00Z",
    ]
    for text in none { #expect(RFC3339.time(text.utf8) == nil, "\(text)") }
  }

  // MARK: Records

  @Test(arguments: [true, false]) func aRecordSaysWhatItWasMadeOf(hasVersion1: Bool) async throws {
    for key in [PrivateKey.ed25519(), try await PrivateKey.rsa()] {
      let record = try Self.record(key, hasVersion1: hasVersion1)
      let read = try IPNSRecord(bytes: record.bytes)
      #expect(read == record)
      #expect(read.value == Self.path)
      #expect(read.sequence == 3)
      #expect(read.ttl == 5)
      #expect(read.validityType == 0)
      #expect(read.validity == Timestamp(seconds: 2_000_000_000, nanoseconds: 120_000_000))
      #expect(read.hasVersion1 == hasVersion1)
      try read.validate(as: key.peerID, at: Self.now)
      // A key that is in the name is not in the record, too.
      #expect(read.message.publicKey.isEmpty == (key.publicKey.kind == .ed25519))
    }
  }

  @Test func theFieldsAreThoseOfTheSpecification() throws {
    let key = PrivateKey.ed25519()
    let message = try Self.record(key).message
    #expect(message.value == Array(Self.path.utf8))
    #expect(message.validity == Array("2033-05-18T03:33:20.12Z".utf8))
    #expect(message.sequence == 3 && message.ttl == 5 && message.validityType == 0)
    let data = try DAGCBOR.decode(message.data)
    #expect(
      data
        == .map([
          "TTL": .integer(5), "Value": .bytes(message.value), "Sequence": .integer(3),
          "Validity": .bytes(message.validity), "ValidityType": .integer(0),
        ]))
    #expect(key.publicKey.verifies(message.signatureV1, of: message.value + message.validity + Array("EOL".utf8)))
    #expect(key.publicKey.verifies(message.signatureV2, of: Array("ipns-signature:".utf8) + message.data))
  }

  /// A message changed, and signed anew where the signature is not what is tested.
  private static func changed(
    _ record: IPNSRecord, _ key: PrivateKey? = nil, _ change: (inout IPNSRecord.Message) throws -> Void
  ) throws -> IPNSRecord {
    var message = record.message
    try change(&message)
    if let key { message.signatureV2 = try key.signature(of: message.signedDataV2) }
    return try IPNSRecord(bytes: message.encoded)
  }

  private static func data(
    value: IPLDValue = .bytes(Array(path.utf8)), validity: String = "2033-05-18T03:33:20.12Z", type: Int128 = 0,
    sequence: Int128 = 3, ttl: Int128 = 5
  ) throws -> [UInt8] {
    try DAGCBOR.encode(
      .map([
        "TTL": .integer(ttl), "Value": value, "Sequence": .integer(sequence),
        "Validity": .bytes(Array(validity.utf8)), "ValidityType": .integer(type),
      ]))
  }

  @Test func recordsThatAreNotOfTheirNameAreRefused() async throws {
    let key = PrivateKey.ed25519()
    let rsa = try await PrivateKey.rsa()
    let record = try Self.record(key)
    let old = try Self.record(key, hasVersion1: false)
    func defect(_ record: IPNSRecord, as name: PeerID? = nil, at time: Timestamp? = NameTests.now) async -> IPNSRecord
      .Defect?
    {
      await Self.defect { try record.validate(as: name ?? key.peerID, at: time) }
    }
    #expect(await defect(record) == nil)
    #expect(await defect(record, as: PrivateKey.ed25519().peerID) == .signature)
    #expect(await defect(record, as: rsa.peerID) == .noKey)
    #expect(await defect(try Self.changed(record) { $0.publicKey = rsa.publicKey.serialized }) == .otherKey)
    #expect(await defect(try Self.changed(record) { $0.publicKey = [8, 1] }) == .publicKey)
    #expect(await defect(try Self.changed(record) { $0.signatureV2 = [] }) == .signature)
    #expect(await defect(try Self.changed(record) { $0.signatureV2 = $0.signatureV1 }) == .signature)
    #expect(await defect(try Self.changed(record) { $0.data = try Self.data(sequence: 4) }) == .signature)
    // A signature of version 1 alone is none, whatever it is.
    #expect(await defect(try Self.changed(record) { $0.signatureV1[0] ^= 1 }) == nil)
    #expect(await defect(try Self.changed(record) { $0.value = Array(Self.otherPath.utf8) }) == .malformed)
    #expect(await defect(try Self.changed(record) { $0.sequence = 4 }) == .malformed)
    #expect(await defect(try Self.changed(record) { $0.ttl = nil }) == .malformed)
    #expect(await defect(try Self.changed(record) { $0.validity = [] }) == .malformed)
    #expect(await defect(try Self.changed(record) { $0.validityType = 1 }) == .malformed)
    #expect(await defect(try Self.changed(old, key) { $0.data = try Self.data(type: 1) }) == .validityType)
    #expect(await defect(try Self.changed(old, key) { $0.data = try Self.data(validity: "soon") }) == .validity)
    #expect(await defect(try Self.changed(old, key) { $0.data = try Self.data(ttl: -1) }) == .malformed)
    #expect(await defect(record, at: Timestamp(seconds: 2_000_000_000, nanoseconds: 120_000_001)) == .expired)
    #expect(await defect(record, at: Timestamp(seconds: 2_000_000_000, nanoseconds: 120_000_000)) == nil)
    #expect(await defect(record, at: nil) == nil)
    // Those that are no records at all.
    for bytes in [[], [0xFF], Array(record.bytes.dropLast()), Array("rec".utf8)] {
      #expect(await Self.defect { _ = try IPNSRecord(bytes: bytes) } == .malformed)
    }
    let long = String(repeating: "x", count: IPNSRecord.maximumSize)
    #expect(
      await Self.defect { _ = try IPNSRecord(value: long, key: key, sequence: 0, validity: Self.now) } == .size)
  }

  @Test func valuesAreTextsOrCIDs() throws {
    let key = PrivateKey.ed25519()
    let record = try Self.record(key, hasVersion1: false)
    let cid = try CID("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn")
    let cases: [(IPLDValue, String?)] = [
      (.bytes(cid.bytes), "/ipfs/\(cid)"), (.bytes([]), "/ipfs/bafkqaaa"), (.bytes([1, 2]), nil),
      (.bytes(Array("/\u{FF}".utf16.map { UInt8(truncatingIfNeeded: $0) })), nil), (.string(Self.path), nil),
    ]
    for (value, expected) in cases {
      let changed = try Self.changed(record, key) { $0.data = try Self.data(value: value) }
      #expect(changed.value == expected)
    }
  }

  @Test func aSequenceNumberHas64Bits() throws {
    let key = PrivateKey.ed25519()
    for number in [0, 1, UInt64(Int64.max), UInt64(Int64.max) + 1, .max] {
      let record = try Self.record(key, sequence: number)
      #expect(try IPNSRecord(bytes: record.bytes).sequence == number)
      try record.validate(as: key.peerID, at: Self.now)
    }
  }

  @Test func theBetterRecordIsTheLater() throws {
    let key = PrivateKey.ed25519()
    let first = try Self.record(key)
    #expect(try Self.record(key, sequence: 4, end: 1).isBetter(than: first))
    #expect(try !Self.record(key, sequence: 2, end: 3_000_000_000).isBetter(than: first))
    #expect(try Self.record(key, end: 2_000_000_001).isBetter(than: first))
    #expect(!first.isBetter(than: first))
    let other = try Self.record(key, ttl: 6)
    #expect(other.isBetter(than: first) != first.isBetter(than: other))
  }

  // MARK: Names

  @Test func aNamePointsToWhatWasPublishedLast() async throws {
    let repo = try TemporaryRepo()
    var node = try Node.open(path: repo.path)
    let key = try await node.identity().privateKey
    let name = key.peerID
    #expect(await codeOfNodeError { _ = try await node.names.resolve(name.ipnsName) } == .notFound)
    #expect(try await node.names.publish(Self.path, with: key).sequence == 0)
    #expect(try await node.names.resolve("/ipns/\(name)") == Self.path)
    // The same again has the same number, something else the next.
    #expect(try await node.names.publish(Self.path, with: key).sequence == 0)
    #expect(try await node.names.publish(Self.otherPath, with: key).sequence == 1)
    #expect(try await node.names.publish(Self.path, with: key, .init(sequence: 9)).sequence == 9)
    for number: UInt64 in [0, 8, 9] {
      #expect(
        await codeOfNodeError { try await node.names.publish(Self.path, with: key, .init(sequence: number)) }
          == .invalid)
    }
    #expect(
      await codeOfNodeError { try await node.names.publish(Self.path, with: .ed25519(), .init(sequence: 0)) }
        == .invalid)
    try await node.close()
    node = try Node.open(path: repo.path)
    #expect(try await node.names.resolve(name.ipnsName + "/a/b") == "\(Self.path)/a/b")
    let record = try #require(try await node.names.record(of: name))
    #expect(record.sequence == 9)
    try record.validate(as: name, at: Names.now())
    try await node.close()
  }

  @Test func namesThatPointToNamesAreFollowed() async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    let keys = (0..<40).map { _ in PrivateKey.ed25519() }
    try await node.names.publish("\(Self.path)/x", with: keys[0])
    for index in 1..<40 {
      try await node.names.publish("/ipns/\(keys[index - 1].peerID.ipnsName)/\(index)", with: keys[index])
    }
    #expect(try await node.names.resolve(keys[2].peerID.description) == "\(Self.path)/x/1/2")
    #expect(try await node.names.resolve(keys[2].peerID.ipnsName, depth: 1) == "/ipns/\(keys[1].peerID.ipnsName)/2")
    #expect(await codeOfNodeError { _ = try await node.names.resolve(keys[2].peerID.ipnsName, depth: 2) } == .invalid)
    _ = try await node.names.resolve(keys[31].peerID.ipnsName)
    #expect(await codeOfNodeError { _ = try await node.names.resolve(keys[32].peerID.ipnsName) } == .invalid)
    // A circle.
    try await node.names.publish("/ipns/\(keys[1].peerID)", with: keys[0])
    #expect(await codeOfNodeError { _ = try await node.names.resolve(keys[0].peerID.ipnsName) } == .invalid)
    #expect(await codeOfNodeError { _ = try await node.names.resolve("/ipns/example.com") } == .notFound)
    #expect(try await node.names.resolve(Self.path) == Self.path)
    try await node.close()
  }

  @Test func whatHasExpiredIsNoAnswerUntilItIsRenewed() async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    #expect(try await node.renewNames() == 0)
    #expect(throws: NodeError.self) { try node.configuration.value(at: "Identity") }
    let key = try await node.identity().privateKey
    try await node.names.publish(Self.path, with: key, .init(lifetime: 1, ttl: 7, sequence: 5))
    #expect(await codeOfNodeError { _ = try await node.names.resolve(key.peerID.ipnsName) } == .notFound)
    #expect(try await node.names.record(of: key.peerID) == nil)
    #expect(try await node.renewNames() == 1)
    let record = try #require(try await node.names.record(of: key.peerID))
    #expect(record.sequence == 5 && record.ttl == 7 && record.value == Self.path)
    // What is valid for long is left alone.
    #expect(try await node.renewNames() == 0)
    try await node.close()
  }

  @Test func recordsOfOthersAreTakenIfTheyAreBetter() async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    let key = PrivateKey.ed25519()
    let name = key.peerID
    let end = Timestamp(seconds: Names.now().seconds + 3600)
    func record(_ path: String, _ sequence: UInt64) throws -> [UInt8] {
      try IPNSRecord(value: path, key: key, sequence: sequence, validity: end).bytes
    }
    try await node.names.put(record(Self.path, 2), of: name)
    try await node.names.put(record(Self.otherPath, 1), of: name)
    #expect(try await node.names.resolve(name.ipnsName) == Self.path)
    try await node.names.put(record(Self.otherPath, 3), of: name)
    #expect(try await node.names.resolve(name.ipnsName) == Self.otherPath)
    let other = PrivateKey.ed25519().peerID
    #expect(await Self.defect { try await node.names.put(record(Self.path, 4), of: other) } == .signature)
    let past = try IPNSRecord(value: Self.path, key: key, sequence: 9, validity: Timestamp(seconds: 1)).bytes
    #expect(await Self.defect { try await node.names.put(past, of: name) } == .expired)
    #expect(try await node.names.resolve(name.ipnsName) == Self.otherPath)
    try await node.close()
  }

  @Test func publishersInParallelHaveNumbersOfTheirOwn() async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    let key = PrivateKey.ed25519()
    let numbers = try await withThrowingTaskGroup(of: UInt64?.self) { group in
      for index in 0..<20 {
        group.addTask { try await node.names.publish("\(Self.path)/\(index)", with: key).sequence }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(numbers.compactMap { $0 }) == Set(0..<20))
    try await node.close()
  }
}
