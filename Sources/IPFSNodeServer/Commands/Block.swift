import IPFSNode
import IPLD
import Multiformats
import NIOCore
import UnixFS

/// `block/*`.
let blockCommands: [Command] = [
  Command("block/get", [.string("cid")]) { call in
    let block = try call.node.blockstore.block(try await call.resolve(call.arguments[0]).cid)
    try await call.reply.beginBytes(type: "application/vnd.ipld.raw")
    try await call.reply.write(ByteBuffer(bytes: block.data))
  },
  Command("block/stat", [.string("cid")]) { call in
    let cid = try await call.resolve(call.arguments[0]).cid
    let size = try call.node.blockstore.size(cid)
    try await call.reply.value(["Key": call.json(cid), "Size": .int(Int64(size))])
  },
  Command(
    "block/put", [.file("data", variadic: true)],
    options: [
      .init(.string, "cid-codec"), .init(.string, "mhtype"), .init(.int, "mhlen"), .init(.bool, "pin"),
      .init(.bool, "allow-big-block"), .init(.string, "format", "f"),
    ]
  ) { call in try await call.putBlocks() },
  Command(
    "block/rm", [.string("cid", variadic: true, readsBody: true)],
    options: [.init(.bool, "force", "f"), .init(.bool, "quiet", "q")]
  ) { call in try await call.removeBlocks() },
]

/// How large blocks may be.
enum BlockLimit {
  /// What other nodes take.
  static let network = 2 << 20
  /// What this one takes where it is asked to.
  static let allowed = 64 << 20

  static let tooBig = RPCError(
    "produced block is over 2MiB: big blocks can't be exchanged with other peers. consider using UnixFS for automatic "
      + "chunking of bigger files, or pass --allow-big-block to override")
}

extension Call {
  /// The bytes of the current file, which is to become one block.
  ///
  /// - Throws: For more bytes than a block may have.
  func readBlock() async throws -> [UInt8] {
    let allowsBig = options.bool("allow-big-block") == true
    var bytes: [UInt8] = []
    while let part = try await files.read() {
      bytes += part.readableBytesView
      if !allowsBig { guard bytes.count <= BlockLimit.network else { throw BlockLimit.tooBig } }
      guard bytes.count <= BlockLimit.allowed else {
        throw RPCError("a block of more than \(BlockLimit.allowed) bytes")
      }
    }
    return bytes
  }

  fileprivate func putBlocks() async throws {
    let hash = options.string("mhtype").flatMap { $0.isEmpty ? nil : $0 } ?? node.profile.hashFunction.name ?? ""
    guard let function = Multihash.Code(name: hash) else {
      throw RPCError("unrecognized multihash function: \(hash)")
    }
    let length = options.integer("mhlen").flatMap { $0 < 0 ? nil : Int(clamping: $0) }
    let (codec, version) = try blockCodec(function, length)
    let lease = node.blockstore.beginLease()
    defer { lease.end() }
    while let file = try await files.next() {
      guard file.kind == .file else { throw RPCError("expected a file") }
      let bytes = try await readBlock()
      let cid = try Self.cid(of: bytes, codec, version, function, length)
      try await node.blockstore.put(cid, bytes)
      if options.bool("pin") == true { try await node.pins.add(stored: [cid]) }
      try await reply.emit(["Key": json(cid), "Size": .int(Int64(bytes.count))])
    }
  }

  /// The codec and version of `block/put`, of its options in their new or old form.
  private func blockCodec(
    _ function: Multihash.Code, _ length: Int?
  ) throws(RPCError) -> (Multicodec, CID.Version) {
    let name = options.string("cid-codec") ?? "raw"
    guard let format = options.string("format"), !format.isEmpty else {
      return (name.isEmpty ? .raw : try Multicodec(known: name), .v1)
    }
    guard name.isEmpty || name == "raw" else {
      throw RPCError("unable to use \"format\" (deprecated) and a custom \"cid-codec\" at the same time")
    }
    switch format {
    case "v0":
      guard function == .sha2_256, length == nil || length == 32 else {
        throw RPCError("only sha2-255-32 is allowed with CIDv0")
      }
      return (.dagPB, .v0)
    case "protobuf": return (.dagPB, .v1)
    case "cbor": return (.dagCBOR, .v1)
    default: return (try Multicodec(known: format), .v1)
    }
  }

  /// Names a block; its hash may be cut.
  private static func cid(
    of bytes: [UInt8], _ codec: Multicodec, _ version: CID.Version, _ function: Multihash.Code, _ length: Int?
  ) throws(RPCError) -> CID {
    do throws(MultiformatsError) {
      var hash = try bytes.span.withUnsafeBytes { bytes throws(MultiformatsError) in
        try Multihash(hashing: bytes, with: function)
      }
      if let length, length != hash.digest.count {
        guard length < hash.digest.count, function != .identity else {
          throw MultiformatsError(.invalidDigest, "requested length was too large for digest")
        }
        hash = try Multihash(code: function, digest: Array(hash.digest.prefix(length)))
      }
      return try CID(version: version, codec: codec, multihash: hash)
    } catch { throw RPCError(error.message) }
  }

  fileprivate func removeBlocks() async throws {
    let force = options.bool("force") == true
    for argument in arguments {
      let cid = try await resolve(argument).cid
      var members: [(name: String, value: JSON)] = [("Hash", json(cid))]
      if let problem = try await removeBlock(cid, force: force) {
        members.append(("Error", .string(problem)))
      } else if options.bool("quiet") == true {
        continue
      }
      try await reply.emit(.object(members))
    }
  }

  /// Removes a block that is not pinned, once nobody is about to link it. Returns why it is there still.
  private func removeBlock(_ cid: CID, force: Bool) async throws -> String? {
    while true {
      switch try await node.pins.state(of: cid) {
      case .pinned(let pin): return "pinned: \(pin.kind == .direct ? "direct" : "recursive")"
      case .indirect(let root): return "pinned via \(root.kuboText)"
      case .none: break
      }
      do {
        if try node.blockstore.remove(cid) { return nil }
      } catch {
        guard error.code == .notFound else { throw error }
        return force ? nil : "ipld: could not find \(cid.kuboText)"
      }
      // Somebody is storing a DAG that may have it.
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}

extension Multicodec {
  /// A codec by its name, or by its number as `0x…`.
  ///
  /// - Throws: For what is neither.
  init(known name: String) throws(RPCError) {
    if name.hasPrefix("0x"), let number = UInt64(name.dropFirst(2), radix: 16) {
      self.init(rawValue: number)
    } else if let codec = Multicodec(name: name) {
      self = codec
    } else {
      throw RPCError("unknown multicodec: \"\(name)\"")
    }
  }
}
