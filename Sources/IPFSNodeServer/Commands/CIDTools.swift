import Multiformats

/// `cid/*`: no block is looked at.
let cidCommands: [Command] = [
  Command(
    "cid/format", [.string("cid", variadic: true, readsBody: true)],
    options: [.init(.string, "f"), .init(.string, "v"), .init(.string, "mc"), .init(.string, "b")]
  ) { call in try await call.formatCIDs(try CIDFormat(call)) },
  Command("cid/base32", [.string("cid", variadic: true, readsBody: true)]) { call in
    try await call.formatCIDs(CIDFormat(text: "%s", base: .base32, version: .v1))
  },
  Command("cid/inspect", [.string("cid", readsBody: true)]) { call in
    try await call.reply.value(CIDInspection.json(call.arguments[0]))
  },
  Command("cid/bases", options: [.init(.bool, "prefix"), .init(.bool, "numeric")]) { call in
    try await call.listMultibases()
  },
  Command("cid/codecs", options: [.init(.bool, "numeric", "n"), .init(.bool, "supported", "s")]) { call in
    let isSupported = call.options.bool("supported") == true
    let codecs = Multicodec.named.filter { !isSupported || $0.codec.isForNodes || $0.codec == .libp2pKey }
    try await call.reply.value(
      .array(codecs.map { ["Code": .uint($0.codec.rawValue), "Name": .string($0.name)] }))
  },
  Command("cid/hashes", options: [.init(.bool, "numeric", "n"), .init(.bool, "supported", "s")]) { call in
    try await call.reply.value(
      .array(Multihash.Code.all.map { ["Code": .uint($0.rawValue), "Name": JSON($0.name)] }))
  },
]

extension Call {
  fileprivate func formatCIDs(_ format: CIDFormat) async throws {
    try await reply.beginValues()
    for text in arguments {
      var formatted = ""
      var problem = ""
      do throws(CIDFormat.Failure) {
        formatted = try format.format(text)
      } catch {
        guard case .cid(let message) = error else { throw error.rpcError }
        problem = message
      }
      try await reply.emit([
        "CidStr": .string(text), "Formatted": .string(formatted), "ErrorMsg": .string(problem),
      ])
    }
  }
}

/// How CIDs are written: a text with specifiers such as `%s`, and what is changed before.
struct CIDFormat {
  /// Why a CID was not written.
  enum Failure: Error {
    /// Because of itself: others may be.
    case cid(String)
    /// Because of the format.
    case format(String)

    var rpcError: RPCError {
      switch self {
      case .cid(let message), .format(let message): RPCError(message)
      }
    }
  }

  private let text: String
  private let base: Multibase?
  private let version: CID.Version?
  private var codec: Multicodec?

  init(text: String, base: Multibase?, version: CID.Version?) {
    self.text = text
    self.base = base
    self.version = version
  }

  /// Reads the options of `cid/format`.
  ///
  /// - Throws: For those that contradict each other, or are none.
  init(_ call: Call) throws(RPCError) {
    text = call.options.string("f") ?? "%s"
    guard text.contains("%") else { throw RPCError("invalid format string: \"\(text)\"") }
    if let name = call.options.string("mc"), !name.isEmpty { codec = try Multicodec(known: name) }
    let name = call.options.string("b").flatMap { $0.isEmpty ? nil : $0 }
    base = if let name { try call.multibase(named: name) } else { nil }
    switch call.options.string("v") ?? "" {
    case "": version = base == nil ? nil : .v1
    case "1": version = .v1
    case "0":
      guard codec == nil || codec == .dagPB else {
        throw RPCError("cannot convert to CIDv0 with any codec other than dag-pb")
      }
      guard base == nil || base == .base58btc else {
        throw RPCError("cannot convert to CIDv0 with any multibase other than the implicit base58btc")
      }
      version = .v0
    case let other: throw RPCError("invalid cid version: \"\(other)\"")
    }
  }

  /// Writes a CID.
  func format(_ given: String) throws(Failure) -> String {
    var cid: CID
    do throws(MultiformatsError) { cid = try CID(given) } catch { throw .cid("invalid cid: \(error.message)") }
    if let codec, codec != cid.codec { cid = try Self.cid(.v1, codec, cid.multihash) }
    if let version {
      guard version == .v1 || cid.codec == .dagPB else { throw .cid("can't convert non-dag-pb nodes to cidv0") }
      cid = try Self.cid(version, cid.codec, cid.multihash)
    }
    let own = given.hasPrefix("Qm") ? nil : given.unicodeScalars.first.flatMap { Multibase(prefix: $0) }
    return try write(cid, in: base ?? (cid.version == .v0 ? .base58btc : own ?? .base32))
  }

  private static func cid(
    _ version: CID.Version, _ codec: Multicodec, _ multihash: Multihash
  ) throws(Failure) -> CID {
    do throws(MultiformatsError) {
      return try CID(version: version, codec: codec, multihash: multihash)
    } catch { throw .cid(error.message) }
  }

  private func write(_ cid: CID, in base: Multibase) throws(Failure) -> String {
    var result = ""
    var isSpecifier = false
    for character in text {
      guard isSpecifier else {
        if character == "%" { isSpecifier = true } else { result.append(character) }
        continue
      }
      isSpecifier = false
      result += try Self.value(of: character, cid, base)
    }
    guard !isSpecifier else { throw .format("premature end of format string: %") }
    return result
  }

  private static func value(of specifier: Character, _ cid: CID, _ base: Multibase) throws(Failure) -> String {
    let multihash = cid.multihash
    let codec = cid.codec.name ?? "codec?\(cid.codec.rawValue)"
    let hash = multihash.code.name ?? "hash?\(multihash.code.rawValue)"
    switch specifier {
    case "%": return "%"
    case "b": return base.name
    case "B": return String(base.prefix)
    case "v": return "cidv\(cid.version.rawValue)"
    case "V": return "\(cid.version.rawValue)"
    case "c": return codec
    case "C": return "\(cid.codec.rawValue)"
    case "h": return hash
    case "H": return "\(multihash.code.rawValue)"
    case "L": return "\(multihash.digest.count)"
    case "m": return base.encode(multihash.bytes)
    case "M": return withoutPrefix(base.encode(multihash.bytes))
    case "d": return base.encode(multihash.digest)
    case "D": return withoutPrefix(base.encode(multihash.digest))
    case "s":
      guard cid.version == .v1 || base == .base58btc else { throw .cid("invalid base encoding") }
      return cid.text(in: base)
    case "S": return withoutPrefix(base.encode(cid.bytes))
    case "P": return "cidv\(cid.version.rawValue)-\(codec)-\(hash)-\(multihash.digest.count)"
    default: throw .format("unrecognized specifier in format string: \(specifier)")
    }
  }

  private static func withoutPrefix(_ text: String) -> String { String(text.unicodeScalars.dropFirst()) }
}

/// What a CID is made of.
private enum CIDInspection {
  static func json(_ text: String) -> JSON {
    let cid: CID
    do throws(MultiformatsError) {
      cid = try CID(text)
    } catch {
      return failure(text, "invalid CID: \(error.message)\(note(on: text))")
    }
    let base =
      cid.version == .v0 ? .base58btc : text.unicodeScalars.first.flatMap { Multibase(prefix: $0) } ?? .base32
    let multihash = cid.multihash
    var members: [(name: String, value: JSON)] = [
      ("cid", .string(text)), ("version", .int(Int64(cid.version.rawValue))),
      ("multibase", ["prefix": .string(String(base.prefix)), "name": .string(base.name)]),
      ("multicodec", ["code": .uint(cid.codec.rawValue), "name": .string(cid.codec.name ?? "unknown")]),
      (
        "multihash",
        [
          "code": .uint(multihash.code.rawValue), "name": .string(multihash.code.name ?? "unknown"),
          "length": .int(Int64(multihash.digest.count)),
          "digest": .string(String(Multibase.base16.encode(multihash.digest).dropFirst())),
        ]
      ),
    ]
    if let old = try? CID(version: .v0, codec: cid.codec, multihash: multihash) {
      members.append(("cidV0", .string(old.kuboText)))
    }
    let new = (try? CID(version: .v1, codec: cid.codec, multihash: multihash)) ?? cid
    members.append(("cidV1", .string(new.text(in: cid.codec == .libp2pKey ? .base36 : .base32))))
    return .object(members)
  }

  /// Names of peers look like CIDs of version 0, and some are none.
  private static func note(on text: String) -> String {
    guard let bytes = try? Multibase.decode("z" + text).bytes, let multihash = try? Multihash(bytes: bytes),
      let cid = try? CID(version: .v1, codec: .libp2pKey, multihash: multihash)
    else { return "" }
    return "\nNote: the value is a PeerID; inspect its CID representation instead:\n  \(cid.text(in: .base36))"
  }

  private static func failure(_ text: String, _ message: String) -> JSON {
    [
      "cid": .string(text), "version": 0, "multibase": ["prefix": "", "name": ""],
      "multicodec": ["code": 0, "name": ""], "multihash": ["code": 0, "name": "", "length": 0, "digest": ""],
      "cidV1": "", "errorMsg": .string(message),
    ]
  }
}
