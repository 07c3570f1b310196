import IPFSNode
import IPLD
import Multiformats
import NIOCore
import UnixFS

/// `dag/*`.
let dagCommands: [Command] = [
  Command(
    "dag/put", [.file("object data", variadic: true)],
    options: [
      .init(.string, "store-codec"), .init(.string, "input-codec"), .init(.bool, "pin"), .init(.string, "hash"),
      .init(.bool, "allow-big-block"), .init(.string, "format", "f"), .init(.string, "input-enc"),
    ]
  ) { call in try await call.putNodes() },
  Command("dag/get", [.string("ref")], options: [.init(.string, "output-codec")]) { call in
    let name = call.options.string("output-codec") ?? "dag-json"
    let codec = try Multicodec(known: name)
    let found = try await call.resolve(call.arguments[0])
    let block = try call.node.blockstore.block(found.cid)
    var value = try IPLDValue(decoding: block.data, as: found.cid.codec)
    for name in found.remainder { value = try Call.field(name, of: value) }
    guard codec.isForNodes else {
      throw RPCError("invalid encoding: \(name) - no encoder registered for multicodec code \(codec.kuboText)")
    }
    let bytes = try value.encoded(as: codec)
    try await call.reply.beginBytes()
    try await call.reply.write(ByteBuffer(bytes: bytes))
  },
  Command("dag/resolve", [.string("ref")]) { call in
    let found = try await call.resolve(call.arguments[0])
    let rest = found.remainder.map { "/" + $0 }.joined()
    try await call.reply.value(["Cid": .link(found.cid), "RemPath": .string(rest)])
  },
  Command(
    "dag/stat", [.string("root", variadic: true)], options: [.init(.bool, "progress", "p")], lasting: true
  ) { call in try await call.measureDAGs() },
  Command(
    "dag/export", [.string("root")], options: [.init(.bool, "progress", "p"), .init(.bool, "local-only")]
  ) { call in try await call.exportDAG() },
  Command(
    "dag/import", [.file("path", variadic: true)],
    options: [
      .init(.bool, "pin-roots"), .init(.bool, "local-only"), .init(.bool, "silent"), .init(.bool, "stats"),
      .init(.bool, "allow-big-block"), .init(.bool, "fast-provide-root"), .init(.bool, "fast-provide-dag"),
      .init(.bool, "fast-provide-wait"),
    ]
  ) { call in try await call.importArchives() },
]

extension JSON {
  /// A link as DAG-JSON has it, always in its usual base.
  static func link(_ cid: CID) -> JSON { ["/": .string(cid.kuboText)] }
}

extension Multicodec {
  /// Whether nodes can be read and written in it.
  var isForNodes: Bool { [.raw, .dagPB, .dagCBOR, .dagJSON].contains(self) }

  /// Its number as Go tells it.
  var kuboText: String { "\(rawValue) (0x\(String(rawValue, radix: 16)))" }
}

extension Call {
  fileprivate func putNodes() async throws {
    let input = try Multicodec(known: options.string("input-codec") ?? "dag-json")
    let stored = try Multicodec(known: options.string("store-codec") ?? "dag-cbor")
    let hash = options.string("hash").flatMap { $0.isEmpty ? nil : $0 } ?? node.profile.hashFunction.name ?? ""
    guard let function = Multihash.Code(name: hash) else { throw RPCError("unknown multicodec: \"\(hash)\"") }
    guard input.isForNodes else {
      throw RPCError("no decoder registered for multicodec code \(input.kuboText)")
    }
    guard stored.isForNodes else {
      throw RPCError("no encoder registered for multicodec code \(stored.kuboText)")
    }
    let lease = node.blockstore.beginLease()
    defer { lease.end() }
    var pinned: [CID] = []
    try await reply.beginValues()
    while let file = try await files.next() {
      guard file.kind == .file else { throw RPCError("expected a regular file") }
      let value: IPLDValue
      do throws(IPLDError) {
        value = try IPLDValue(decoding: try await readNode(), as: input)
      } catch {
        // As with Kubo, for which the end of the text is the end of the list.
        guard error.code == .truncated, input == .dagJSON else { throw error }
        break
      }
      let bytes = try value.encoded(as: stored)
      if options.bool("allow-big-block") != true, bytes.count > BlockLimit.network { throw BlockLimit.tooBig }
      let cid = try bytes.span.withUnsafeBytes { bytes throws(MultiformatsError) in
        try CID(hashing: bytes, codec: stored, function: function)
      }
      try await node.blockstore.put(cid, bytes)
      if options.bool("pin") == true { pinned.append(cid) }
      try await reply.emit(["Cid": .link(cid)])
    }
    for cid in pinned { try await node.pins.add(cid, kind: .recursive) }
  }

  /// Sizes of DAGs, each block once.
  fileprivate func measureDAGs() async throws {
    let tellsProgress = options.bool("progress") ?? true
    var stats = DAGStatistics()
    try await reply.beginValues()
    for argument in arguments {
      let found = try await resolve(argument)
      guard found.remainder.isEmpty else {
        throw RPCError("cannot return size for anything other than a DAG with a root CID")
      }
      _ = try node.blockstore.size(found.cid)
      stats.dags.append(.init(name: text(found.cid)))
      var traversal = DAGTraversal(found.cid, in: node.blockstore)
      do {
        while let step = try traversal.next() {
          try Task.checkCancellation()
          stats.add(step.cid, size: UInt64(try step.block?.data.count ?? node.blockstore.size(step.cid)))
          if tellsProgress { try await reply.emit(stats.json) }
        }
      } catch let error as BlockError {
        throw RPCError("error traversing DAG: \(RPCError(error).message)")
      }
    }
    stats.finish()
    try await reply.emit(stats.json)
  }
}

/// What `dag/stat` counts.
private struct DAGStatistics {
  struct DAG {
    var name: String
    var size: UInt64 = 0
    var blocks: Int64 = 0
  }

  var dags: [DAG] = []
  private var met: Set<CID> = []
  private var totalSize: UInt64 = 0
  private var sizeWithRepetitions: UInt64 = 0
  private var isFinished = false

  /// Counts a block of the last DAG.
  mutating func add(_ cid: CID, size: UInt64) {
    dags[dags.count - 1].size += size
    dags[dags.count - 1].blocks += 1
    if met.insert(cid).inserted { totalSize += size }
    sizeWithRepetitions += size
  }

  mutating func finish() { isFinished = true }

  /// As it is now; what is zero is left out, as Kubo does it.
  var json: JSON {
    var members: [(name: String, value: JSON)] = []
    func add(_ name: String, _ value: UInt64) { if value != 0 { members.append((name, .uint(value))) } }
    if isFinished { add("UniqueBlocks", UInt64(met.count)) }
    add("TotalSize", totalSize)
    if isFinished {
      add("SharedSize", sizeWithRepetitions - totalSize)
      if totalSize > 0 {
        // In as many digits as a number of 32 bits has.
        let ratio = "\(Float(sizeWithRepetitions) / Float(totalSize))"
        members.append(("Ratio", .encoded(Array((ratio.hasSuffix(".0") ? String(ratio.dropLast(2)) : ratio).utf8))))
      }
    }
    let list: [JSON] = dags.map { dag in
      var members: [(name: String, value: JSON)] = [("Cid", .string(dag.name))]
      if dag.size != 0 { members.append(("Size", .uint(dag.size))) }
      if dag.blocks != 0 { members.append(("NumBlocks", .int(dag.blocks))) }
      return .object(members)
    }
    if !list.isEmpty { members.append(("DagStats", .array(list))) }
    return .object(members)
  }
}

extension Call {
  /// The bytes of the current file, which is a node in whatever form.
  private func readNode() async throws(IPLDError) -> [UInt8] {
    do {
      return try await files.readAll(limit: BlockLimit.allowed)
    } catch {
      throw IPLDError(.tooLarge, RPCError(error).message, cause: error)
    }
  }
}
