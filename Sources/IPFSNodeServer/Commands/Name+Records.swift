import IPFSNode
import NIOCore

/// The longest body that is read as a record: more than one may have, so that it is told that it is too large.
private let recordLimit = 1 << 20

/// The commands of `name/*` for single records.
let nameRecordCommands: [Command] = [
  Command("name/get", [.string("name")]) { call in
    let name = try recordName(call.arguments[0])
    guard let record = try await call.node.names.record(of: name) else { throw RPCError.routingNotFound }
    try await call.reply.beginBytes(type: "application/vnd.ipfs.ipns-record", length: UInt64(record.bytes.count))
    try await call.reply.write(ByteBuffer(bytes: record.bytes))
  },
  Command(
    "name/put", [.string("name"), .file("record")],
    options: [
      .init(.bool, "force", "f"), .init(.bool, "allow-offline"), .init(.bool, "allow-delegated"),
      .init(.bool, "quiet", "q"),
    ]
  ) { call in
    if call.options.bool("allow-delegated") == true {
      guard call.options.bool("allow-offline") != true else {
        throw RPCError("cannot use both --allow-offline and --allow-delegated flags")
      }
      throw RPCError.noDelegates
    }
    let name: PeerID
    do {
      name = try recordName(call.arguments[0])
    } catch {
      throw RPCError("invalid IPNS name: \(RPCError(error).message)")
    }
    _ = try await call.files.first()
    let bytes = try await call.files.readAll(limit: recordLimit)
    guard !bytes.isEmpty else { throw RPCError("record is empty") }
    if call.options.bool("force") != true { try await checkRecord(bytes, name, call.node.names) }
    // That checks once more what no option lets pass.
    try await call.node.names.put(bytes, of: name)
    let value = (try? IPNSRecord(bytes: bytes))?.value ?? ""
    try await call.reply.value(["Name": .string(name.ipnsName), "Value": .string(value)])
  },
  Command(
    "name/inspect", [.file("record")], options: [.init(.string, "verify"), .init(.bool, "dump")]
  ) { call in
    _ = try await call.files.first()
    let record = try IPNSRecord(bytes: await call.files.readAll(limit: recordLimit))
    var validation = JSON.null
    if let text = call.options.string("verify") {
      let name = try recordName(text)
      var reason = ""
      do throws(NodeError) {
        try record.validate(as: name, at: Names.now())
      } catch {
        reason = error.message
      }
      validation = [
        "Valid": .bool(reason.isEmpty), "Reason": .string(reason), "Name": .string(name.ipnsName),
      ]
    }
    let dump = call.options.bool("dump") != false
    try await call.reply.value([
      "Entry": [
        "Value": .string(record.value ?? ""), "ValidityType": record.validityType.map { .int($0) } ?? nil,
        "Validity": JSON(record.validity.map(RFC3339.text)), "Sequence": record.sequence.map { .uint($0) } ?? nil,
        "TTL": record.ttl.map { .int($0) } ?? nil,
      ],
      "PbSize": .int(Int64(record.bytes.count)), "SignatureType": .string(record.hasVersion1 ? "V1+V2" : "V2"),
      "HexDump": .string(dump ? hexadecimalDump(record.bytes) : ""), "Validation": validation,
    ])
  },
]

extension RPCError {
  static let routingNotFound = RPCError("routing: not found")
}

/// The name in an argument: `/ipns/NAME`, or the name alone.
func recordName(_ text: String) throws(NodeError) -> PeerID {
  try PeerID(text.hasPrefix("/ipns/") ? String(text.dropFirst(6)) : text)
}

/// What `name/put` checks unless it is forced to.
private func checkRecord(_ bytes: [UInt8], _ name: PeerID, _ names: Names) async throws {
  guard bytes.count <= IPNSRecord.maximumSize else {
    throw RPCError("record exceeds maximum size of \(IPNSRecord.maximumSize) bytes, use --force to skip size check")
  }
  let record: IPNSRecord
  do {
    record = try IPNSRecord(bytes: bytes)
  } catch {
    throw RPCError("invalid IPNS record: \(error.message)")
  }
  do {
    try record.validate(as: name, at: Names.now())
  } catch {
    throw RPCError("record validation failed: \(error.message)")
  }
  if let present = try await names.record(of: name), present.bytes != bytes, let number = present.sequence,
    let new = record.sequence, number >= new
  {
    throw RPCError(
      "existing IPNS record has sequence \(number) >= new record sequence \(new), "
        + "use 'ipfs name put --force' to skip this check")
  }
}

/// Bytes as `hexdump -C` writes them.
private func hexadecimalDump(_ bytes: [UInt8]) -> String {
  func digits(_ number: Int, _ width: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
  var text = ""
  for start in stride(from: 0, to: bytes.count, by: 16) {
    let line = bytes[start..<min(start + 16, bytes.count)]
    text += digits(start, 8) + " "
    for index in 0..<16 {
      if index == 8 { text += " " }
      text += index < line.count ? " " + digits(Int(line[start + index]), 2) : "   "
    }
    let characters = line.map { 32...126 ~= $0 ? Character(Unicode.Scalar($0)) : "." }
    text += "  |\(String(characters))|\n"
  }
  return text
}
