import IPFSNode
import IPLD
import Multiformats
import Synchronization

private let provideOptions = [
  Command.Option(.bool, "fast-provide-root"), Command.Option(.bool, "fast-provide-dag"),
  Command.Option(.bool, "fast-provide-wait"),
]

/// `pin/*`, but for those of remote services.
let pinCommands: [Command] = [
  Command(
    "pin/add", [.string("ipfs-path", variadic: true, readsBody: true)],
    options: provideOptions + [
      Command.Option(.bool, "recursive", "r"), Command.Option(.string, "name", "n"), Command.Option(.bool, "progress"),
    ], lasting: true
  ) { call in
    let name = try call.pinName()
    guard call.options.bool("progress") == true else {
      return try await call.reply.value(["Pins": JSON(try await call.addPins(name: name) { _, _ in })])
    }
    let cids = try await call.reportingProgress { report in try await call.addPins(name: name, report) }
    try await call.reply.emit(["Pins": JSON(cids)])
  },
  Command(
    "pin/rm", [.string("ipfs-path", variadic: true, readsBody: true)],
    options: [Command.Option(.bool, "recursive", "r")]
  ) { call in
    var cids: [String] = []
    for argument in call.arguments {
      let cid = try await call.resolveBlock(argument)
      do {
        try await call.node.pins.remove(cid, kind: call.options.bool("recursive") == false ? .direct : nil)
      } catch {
        throw call.pinError(error, cid)
      }
      cids.append(call.text(cid))
    }
    try await call.reply.value(["Pins": JSON(cids)])
  },
  Command(
    "pin/ls", [.string("ipfs-path", required: false, variadic: true)],
    options: [
      Command.Option(.string, "type", "t"), Command.Option(.bool, "quiet", "q"), Command.Option(.string, "name", "n"),
      Command.Option(.bool, "stream", "s"), Command.Option(.bool, "names"),
    ], lasting: true
  ) { call in try await call.listPins() },
  Command(
    "pin/update", [.string("from-path"), .string("to-path")],
    options: provideOptions + [Command.Option(.bool, "unpin")], lasting: true
  ) { call in
    let old = try await call.resolveBlock(call.arguments[0])
    let new = try await call.resolveBlock(call.arguments[1])
    let pins = call.node.pins
    guard try pins.pin(of: old)?.kind == .recursive else {
      throw RPCError("'from' cid was not recursively pinned already")
    }
    if old != new {
      guard try pins.pin(of: new)?.kind != .recursive else {
        throw RPCError("'to' cid was already recursively pinned")
      }
      try await pins.update(from: old, to: new, keepsOld: call.options.bool("unpin") == false)
    }
    try await call.reply.value(["Pins": .array([call.json(old), call.json(new)])])
  },
  Command(
    "pin/verify", [], options: [Command.Option(.bool, "verbose"), Command.Option(.bool, "quiet", "q")], lasting: true
  ) { call in try await call.verifyPins() },
]

extension Call {
  /// How often progress is told.
  private static let progressInterval = Duration.milliseconds(500)

  fileprivate func pinName() throws(RPCError) -> String? {
    guard let name = options.string("name"), !name.isEmpty else { return nil }
    let count = name.utf8.count
    guard count <= 255 else { throw RPCError("pin name is \(count) bytes (max 255 bytes)") }
    return name
  }

  fileprivate func pinError(_ error: any Error, _ cid: CID) -> RPCError {
    guard let error = error as? NodeError else { return RPCError(error) }
    switch error.code {
    case .notPinned, .pinnedIndirectly: return RPCError("not pinned or pinned indirectly")
    case .pinnedRecursively: return RPCError("\(cid.kuboText) is pinned recursively")
    default: return RPCError(error)
    }
  }

  /// Pins what the arguments name. Returns the CIDs, in order.
  fileprivate func addPins(
    name: String?, _ report: @escaping @Sendable (_ blocks: Int, _ bytes: UInt64) -> Void
  ) async throws -> [String] {
    var cids: [String] = []
    let isRecursive = options.bool("recursive") != false
    for argument in arguments {
      let cid = try await resolveBlock(argument)
      do {
        try await node.pins.add(cid, kind: isRecursive ? .recursive : .direct, name: name, progress: report)
      } catch {
        try Task.checkCancellation()
        if error.code == .pinnedRecursively { throw RPCError("pin: \(cid.kuboText) already pinned recursively") }
        throw RPCError("pin: \(RPCError(error).message)")
      }
      cids.append(text(cid))
    }
    return cids
  }

  /// Runs `body`, and tells meanwhile what it reports.
  fileprivate func reportingProgress(
    _ body: @escaping @Sendable (@escaping @Sendable (_ blocks: Int, _ bytes: UInt64) -> Void) async throws -> [String]
  ) async throws -> [String] {
    let progress = PinProgress()
    func emit() async throws {
      let (blocks, bytes) = progress.sum
      var members: [(name: String, value: JSON)] = []
      if blocks > 0 { members.append(("Progress", .int(Int64(blocks)))) }
      if bytes > 0 { members.append(("Bytes", .uint(bytes))) }
      try await reply.emit(.object(members))
      try await reply.flush()
    }
    let cids = try await withThrowingTaskGroup(of: [String]?.self) { group in
      group.addTask { try await body { progress.note($0, $1) } }
      func wait() {
        group.addTask {
          try await Task.sleep(for: Self.progressInterval)
          return nil
        }
      }
      wait()
      defer { group.cancelAll() }
      while let result = try await group.next() {
        if let result { return result }
        try await emit()
        wait()
      }
      return []
    }
    if progress.sum.blocks > 0 { try await emit() }
    return cids
  }

  // MARK: Listing

  fileprivate func listPins() async throws {
    let type = options.string("type") ?? "all"
    guard ["all", "direct", "indirect", "recursive"].contains(type) else {
      throw RPCError("invalid type '\(type)', must be one of {direct, indirect, recursive, all}")
    }
    let filter = try pinName()
    let isStreaming = options.bool("stream") == true
    let hasNames = options.bool("names") == true || filter != nil
    var value = LongValue(to: reply, opening: #"{"Keys":{"#, closing: "}}", empty: "{}")
    if isStreaming, arguments.isEmpty { try await reply.beginValues() }
    func emit(_ cid: CID, _ type: String, _ name: String?) async throws {
      let name = hasNames ? name ?? "" : ""
      guard isStreaming else {
        return try await value.append(["Type": .string(type), "Name": .string(name)], named: text(cid))
      }
      var members: [(name: String, value: JSON)] = [("Cid", json(cid))]
      if !name.isEmpty { members.append(("Name", .string(name))) }
      members.append(("Type", .string(type)))
      try await reply.emit(.object(members))
    }
    if arguments.isEmpty {
      try await forEachPin(type) { cid, type, name in
        if let filter, name?.contains(filter) != true { return }
        try await emit(cid, type, name)
      }
    } else {
      // All of them are looked for before any is told of: one that is not pinned is an error of the whole.
      var found: [(cid: CID, type: String, name: String?)] = []
      for argument in arguments {
        let cid = try await resolveBlock(argument)
        guard let pin = try await pin(of: cid, type) else { throw RPCError("path '\(argument)' is not pinned") }
        found.append((cid, pin.type, pin.name))
      }
      for (cid, type, name) in found { try await emit(cid, type, name) }
    }
    if !isStreaming { try await value.finish() }
  }

  private func forEachPin(
    _ type: String, _ body: (_ cid: CID, _ type: String, _ name: String?) async throws -> Void
  ) async throws {
    let pins = node.pins
    for (kind, name) in [(Pin.Kind.recursive, "recursive"), (.direct, "direct")] where type == name || type == "all" {
      var last: CID?
      while let step = try Optional(pins.list(kind: kind, after: last)), let end = step.last {
        try Task.checkCancellation()
        for pin in step { try await body(pin.cid, name, pin.name) }
        last = end.cid
      }
    }
    guard type == "indirect" || type == "all" else { return }
    let walk = pins.indirectWalk()
    while let step = try await walk.next() {
      try Task.checkCancellation()
      for cid in step { try await body(cid, "indirect", nil) }
    }
  }

  private func pin(of cid: CID, _ type: String) async throws -> (type: String, name: String?)? {
    if type != "indirect", let pin = try node.pins.pin(of: cid) {
      let name = pin.kind == .recursive ? "recursive" : "direct"
      return type == name || type == "all" ? (name, pin.name) : nil
    }
    guard type == "indirect" || type == "all", let root = try await node.pins.indirectRoot(of: cid) else { return nil }
    return ("indirect through \(text(root))", nil)
  }

  // MARK: Verifying

  fileprivate func verifyPins() async throws {
    let (isVerbose, isQuiet) = (options.bool("verbose") == true, options.bool("quiet") == true)
    guard !isVerbose || !isQuiet else {
      throw RPCError("the --verbose and --quiet options can not be used at the same time")
    }
    try await reply.beginValues()
    let verification = node.pins.verification()
    var last: CID?
    while let step = try Optional(node.pins.list(kind: .recursive, after: last)), let end = step.last {
      for pin in step {
        try Task.checkCancellation()
        let failures = await verification.check(pin.cid)
        if failures.isEmpty {
          if isVerbose { try await reply.emit(["Cid": json(pin.cid), "Ok": true]) }
          continue
        }
        var members: [(name: String, value: JSON)] = [("Cid", json(pin.cid))]
        if !isQuiet {
          let nodes = failures.map { failure -> JSON in
            ["Cid": json(failure.cid), "Err": .string(RPCError(failure).message)]
          }
          members.append(("BadNodes", .array(nodes)))
        }
        try await reply.emit(.object(members))
      }
      last = end.cid
    }
  }
}

/// How much of what is being pinned was seen, of one argument after the other.
///
/// The lock guards the counts.
private final class PinProgress: Sendable {
  private struct State {
    var done = (blocks: 0, bytes: UInt64(0))
    var current = (blocks: 0, bytes: UInt64(0))
  }

  private let state = Mutex(State())

  func note(_ blocks: Int, _ bytes: UInt64) {
    state.withLock { state in
      if blocks < state.current.blocks {
        state.done = (state.done.blocks + state.current.blocks, state.done.bytes + state.current.bytes)
      }
      state.current = (blocks, bytes)
    }
  }

  var sum: (blocks: Int, bytes: UInt64) {
    state.withLock { ($0.done.blocks + $0.current.blocks, $0.done.bytes + $0.current.bytes) }
  }
}
