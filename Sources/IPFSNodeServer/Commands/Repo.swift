import IPFSNode
import IPLD
import Multiformats
import Synchronization

/// `repo/*`, and other names of the same. `repo/migrate` is no command of a running node.
let repoCommands: [Command] = [
  Command("repo/stat", [], options: RepoStatus.options, lasting: true) { call in try await RepoStatus.reply(call) },
  Command("stats/repo", [], options: RepoStatus.options, lasting: true) { call in try await RepoStatus.reply(call) },
  Command("repo/version", [], options: [Command.Option(.bool, "quiet", "q")]) { call in
    try await call.reply.value(["Version": .string(String(RepoStatus.version))])
  },
  Command(
    "repo/gc", [],
    options: [
      Command.Option(.bool, "stream-errors"), Command.Option(.bool, "quiet", "q"), Command.Option(.bool, "silent"),
    ], lasting: true
  ) { call in try await call.collectGarbage() },
  Command(
    "repo/verify", [],
    options: [
      Command.Option(.bool, "drop"), Command.Option(.bool, "heal"), Command.Option(.string, "heal-timeout"),
    ], lasting: true
  ) { call in try await call.verifyRepo() },
  Command("repo/ls", [], lasting: true) { call in try await call.listBlocks() },
  Command("refs/local", [], lasting: true) { call in try await call.listBlocks() },
]

/// What `repo/stat` says.
private enum RepoStatus {
  /// The version of Kubo's repos that has all that this node is asked for.
  static let version = 18

  static let options = [Command.Option(.bool, "size-only", "s"), Command.Option(.bool, "human", "H")]

  /// Kubo's limit where none is configured.
  private static let standardMaximum: UInt64 = 10_000_000_000

  /// What the configuration says. This node has no limit of its own: it is full when the disk is.
  private static func maximum(_ node: Node) throws -> UInt64 {
    guard case .string(let text) = try node.configuration.contents()["Datastore"]?["StorageMax"], !text.isEmpty else {
      return standardMaximum
    }
    guard let size = ByteSize(text) else { throw RPCError("Datastore.StorageMax \"\(text)\" is no size") }
    return size.bytes
  }

  static func reply(_ call: Call) async throws {
    let storage = try await call.node.storage()
    let maximum = try maximum(call.node)
    let isSizeOnly = call.options.bool("size-only") == true
    try await call.reply.value([
      "RepoSize": .uint(storage.bytes + storage.databaseBytes), "StorageMax": .uint(maximum),
      "NumObjects": isSizeOnly ? 0 : .int(Int64(storage.blocks)),
      "RepoPath": .string(isSizeOnly ? "" : call.node.repo.path),
      "Version": .string(isSizeOnly ? "" : "fs-repo@\(version)"),
    ])
  }
}

extension Call {
  fileprivate func listBlocks() async throws {
    try await reply.beginValues()
    for group in await node.blockstore.groups() {
      for cid in await node.blockstore.blocks(inGroup: group) {
        try Task.checkCancellation()
        try await reply.emit(["Ref": json(cid), "Err": ""])
      }
    }
  }

  // MARK: Garbage

  fileprivate func collectGarbage() async throws {
    let isSilent = options.bool("silent") == true
    let removed = RemovedBlocks()
    try await reply.beginValues()
    let collector = node.collector
    // It runs to its end also where nobody reads what it does.
    let collection = Task {
      defer { removed.end() }
      _ = try await collector.collect(removed: { if !isSilent { removed.append($0) } }, { _ in })
    }
    for await _ in removed.signals {
      for cid in removed.take() { try await reply.emit(["Key": ["/": json(cid)]]) }
      try await reply.flush()
    }
    do {
      try await collection.value
    } catch {
      guard options.bool("stream-errors") == true else { throw error }
      try await reply.emit(["Key": nil, "Error": .string(RPCError(error).message)])
      throw RPCError("encountered errors during gc run")
    }
  }

  // MARK: Verification

  /// How many blocks are checked at a time.
  private static let verificationStep = 16

  fileprivate func verifyRepo() async throws {
    let drops = options.bool("drop") == true
    if let text = options.string("heal-timeout"), Duration.goSeconds(text) == nil {
      throw RPCError("invalid heal-timeout: time: invalid duration \"\(text)\"")
    }
    guard options.bool("heal") != true else {
      throw RPCError("this command must be run in online mode. Try running 'ipfs daemon' first")
    }
    let store = node.blockstore
    var (count, corrupt, removed) = (0, 0, 0)
    func note(_ failure: BlockError) async throws {
      corrupt += 1
      var message = "block \(text(failure.cid)) was corrupt (\(failure.message))"
      if drops {
        let isRemoved = store.removeDamaged(failure.cid)
        removed += isRemoved ? 1 : 0
        message += isRemoved ? ", removed" : ", failed to remove (it is in use)"
      }
      try await reply.emit(["Msg": .string(message), "Progress": 0])
    }
    try await reply.beginValues()
    for group in await store.groups() {
      var cids = await store.blocks(inGroup: group)[...]
      while !cids.isEmpty {
        try Task.checkCancellation()
        for failure in await store.check(Array(cids.prefix(Self.verificationStep))) {
          if let failure { try await note(failure) }
          count += 1
          try await reply.emit(["Msg": "", "Progress": .int(Int64(count))])
        }
        cids = cids.dropFirst(Self.verificationStep)
      }
    }
    guard corrupt > 0 else {
      return try await reply.emit(["Msg": "verify complete, all blocks validated.", "Progress": 0])
    }
    var summary = "verify complete, \(corrupt) blocks corrupt"
    if removed > 0 { summary += ", \(removed) removed" }
    if drops, removed < corrupt { summary += ", \(corrupt - removed) failed to remove" }
    guard drops, removed == corrupt else { throw RPCError(summary) }
    try await reply.emit(["Msg": .string(summary), "Progress": 0])
  }
}

/// Blocks that a collection has removed and nobody has told of yet: it does not wait for those who read.
///
/// The lock guards their CIDs, one after the other: 36 bytes a block for the time that a reader is behind.
private final class RemovedBlocks: Sendable {
  private let bytes = Mutex<[UInt8]>([])
  private let continuation: AsyncStream<Void>.Continuation
  /// A value whenever there are blocks to take, and an end.
  let signals: AsyncStream<Void>

  init() {
    (signals, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  func append(_ cid: CID) {
    bytes.withLock { bytes in
      bytes.append(UInt8(clamping: cid.bytes.count))
      bytes += cid.bytes
    }
    continuation.yield()
  }

  func end() {
    continuation.yield()
    continuation.finish()
  }

  /// Takes those that there are.
  func take() -> some Sequence<CID> {
    let bytes = bytes.withLock { bytes in
      defer { bytes = [] }
      return bytes
    }
    return sequence(state: bytes[...]) { rest -> CID? in
      guard let count = rest.popFirst() else { return nil }
      defer { rest = rest.dropFirst(Int(count)) }
      return try? CID(bytes: Array(rest.prefix(Int(count))))
    }
  }
}
