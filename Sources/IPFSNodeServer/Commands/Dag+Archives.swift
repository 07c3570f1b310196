import IPFSNode
import IPLD
import Multiformats
import NIOCore

extension Call {
  /// Bytes that are gathered before they are sent.
  private static let gathered = 512 << 10

  /// Sends a DAG as an archive, blocks in the order in which they are met.
  func exportDAG() async throws {
    let isLocalOnly = options.bool("local-only") == true
    if isLocalOnly, options.bool("offline") == false {
      throw RPCError(
        "--local-only implies --offline and cannot be combined with --offline=false; please drop one of them")
    }
    let root = try await resolve(arguments[0]).cid
    _ = try node.blockstore.size(root)
    var traversal = DAGTraversal(root, in: node.blockstore, skipsMissing: isLocalOnly)
    try await reply.beginBytes(type: "application/vnd.ipld.car")
    let header = try DAGCBOR.encode(.map(["roots": .list([.link(root)]), "version": .integer(1)]))
    var bytes = ByteBuffer()
    bytes.writeVarint(UInt64(header.count))
    bytes.writeBytes(header)
    do {
      while let step = try traversal.next() {
        try Task.checkCancellation()
        guard try append(step, to: &bytes, skipsMissing: isLocalOnly) else { continue }
        guard bytes.readableBytes >= Self.gathered else { continue }
        try await reply.write(bytes)
        bytes = ByteBuffer()
      }
    } catch let error as BlockError where error.code == .notFound {
      let hint =
        options.bool("offline") == true
        ? "perhaps retry without the offline flag" : "perhaps retry after attaching to the network"
      throw RPCError("\(RPCError(error).message) (currently offline, \(hint))")
    }
    try await reply.write(bytes)
  }

  /// Writes a block. Returns false for one that has gone meanwhile and may be missing.
  private func append(
    _ step: DAGTraversal.Step, to bytes: inout ByteBuffer, skipsMissing: Bool
  ) throws(BlockError) -> Bool {
    if let block = step.block {
      bytes.writeVarint(UInt64(block.cid.bytes.count + block.data.count))
      bytes.writeBytes(block.cid.bytes)
      bytes.writeBytes(block.data)
      return true
    }
    let start = bytes
    do throws(BlockError) {
      let size = try node.blockstore.size(step.cid)
      bytes.reserveCapacity(minimumWritableBytes: max(size + 64, Self.gathered))
      bytes.writeVarint(UInt64(step.cid.bytes.count + size))
      bytes.writeBytes(step.cid.bytes)
      var failure: BlockError?
      bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { memory in
        do throws(BlockError) {
          try node.blockstore.read(
            step.cid, at: 0, into: UnsafeMutableRawBufferPointer(rebasing: memory[..<size]))
          return size
        } catch {
          failure = error
          return 0
        }
      }
      if let failure { throw failure }
      return true
    } catch {
      guard skipsMissing else { throw error }
      bytes = start
      return false
    }
  }

  // MARK: Import

  /// Stores the blocks of archives, and pins their roots.
  func importArchives() async throws {
    let pinsRoots = options.bool("pin-roots")
    let isLocalOnly = options.bool("local-only") == true
    if isLocalOnly, pinsRoots == true {
      throw RPCError(
        "--local-only implies --pin-roots=false and cannot be combined with --pin-roots=true; please drop one of them")
    }
    let lease = node.blockstore.beginLease()
    defer { lease.end() }
    var archives = ArchiveImport(self)
    while let file = try await files.next() {
      guard file.kind == .file else { throw RPCError("expected a file handle") }
      try await archives.add()
    }
    if pinsRoots ?? !isLocalOnly {
      for root in archives.roots {
        try Task.checkCancellation()
        let problem = await pinProblem(root)
        try await reply.emit(["Root": ["Cid": .link(root), "PinErrorMsg": .string(problem)]])
      }
    }
    guard options.bool("stats") == true else { return }
    try await reply.emit([
      "Stats": ["BlockCount": .uint(archives.blockCount), "BlockBytesCount": .uint(archives.byteCount)]
    ])
  }

  /// Pins a root. Returns why that failed; nothing if it did not.
  private func pinProblem(_ root: CID) async -> String {
    guard node.blockstore.has(root) else { return "ipld: could not find \(root.kuboText)" }
    do {
      try await node.pins.add(root, kind: .recursive)
      return ""
    } catch {
      return RPCError(error).message
    }
  }
}

/// Archives that are being imported: blocks are verified and stored by tasks while more arrive.
private struct ArchiveImport {
  /// Blocks that one task takes on.
  private struct Batch: Sendable {
    var blocks: [Block] = []
    var size = 0
    /// The block before the first one.
    var previous: CID?
  }

  private let call: Call
  private let limit: Int
  /// The roots of all archives, each once.
  private(set) var roots: [CID] = []
  private(set) var blockCount: UInt64 = 0
  private(set) var byteCount: UInt64 = 0
  private var knownRoots: Set<CID> = []

  private static let batchSize = 1 << 20
  private static let width = 3

  init(_ call: Call) {
    self.call = call
    limit = call.options.bool("allow-big-block") == true ? BlockLimit.allowed : BlockLimit.network
  }

  /// Imports the current file.
  mutating func add() async throws {
    var decoder = CARDecoder(limits: .init(header: 32 << 20, section: BlockLimit.allowed + 256))
    try await withThrowingTaskGroup(of: Void.self) { group in
      var batch = Batch()
      var inFlight = 0
      var previous: CID?
      func hand(_ batch: Batch) async throws {
        guard !batch.blocks.isEmpty else { return }
        if inFlight == Self.width {
          try await group.next()
          inFlight -= 1
        }
        inFlight += 1
        let node = call.node
        group.addTask { try await Self.store(batch, in: node) }
      }
      do {
        while let bytes = try await call.files.read() {
          try Task.checkCancellation()
          decoder.append(Array(bytes.readableBytesView))
          while let block = try decoder.nextUnverifiedBlock() {
            guard block.data.count <= limit else {
              throw RPCError("import failed at block \"\(block.cid.kuboText)\": \(BlockLimit.tooBig.message)")
            }
            blockCount += 1
            byteCount += UInt64(block.data.count)
            batch.blocks.append(block)
            batch.size += block.data.count
            previous = block.cid
            guard batch.size >= Self.batchSize else { continue }
            try await hand(batch)
            batch = Batch(previous: previous)
          }
          noteRoots(of: decoder)
        }
        try decoder.finish()
      } catch let error as IPLDError {
        // What is wrong with the blocks before it is told first.
        try await hand(batch)
        try await group.waitForAll()
        let text = error.code == .truncated ? "unexpected EOF" : error.message
        throw RPCError(decoder.roots == nil ? text : Self.message(text, after: previous))
      }
      noteRoots(of: decoder)
      try await hand(batch)
      try await group.waitForAll()
    }
  }

  private mutating func noteRoots(of decoder: CARDecoder) {
    for root in decoder.roots ?? [] where knownRoots.insert(root).inserted { roots.append(root) }
  }

  private static func message(_ problem: String, after previous: CID?) -> String {
    guard let previous else { return "import failed: \(problem)" }
    return "import failed after block \"\(previous.kuboText)\": \(problem)"
  }

  /// Verifies and stores blocks.
  private static func store(_ batch: Batch, in node: Node) async throws {
    var previous = batch.previous
    for block in batch.blocks {
      try verify(block, after: previous)
      do {
        try await node.blockstore.put(block.cid, block.data)
      } catch let error as BlockError {
        throw RPCError("import failed at block \"\(block.cid.kuboText)\": \(error.message)")
      }
      previous = block.cid
    }
  }

  private static func verify(_ block: Block, after previous: CID?) throws(RPCError) {
    let found: CID?
    do throws(MultiformatsError) {
      found = try block.data.span.withUnsafeBytes { bytes throws(MultiformatsError) -> CID? in
        if try block.cid.verifies(bytes) { return nil }
        return try CID(
          hashing: bytes, codec: block.cid.codec, version: block.cid.version, function: block.cid.hashFunction)
      }
    } catch {
      throw RPCError(message(error.message, after: previous))
    }
    guard let found else { return try verifyNode(block) }
    throw RPCError(
      message(
        "mismatch in content integrity, expected: \(block.cid.kuboText), got: \(found.kuboText)", after: previous))
  }

  /// Checks that a block is a node of its codec.
  private static func verifyNode(_ block: Block) throws(RPCError) {
    do {
      _ = try block.links()
    } catch {
      guard error.code != .unsupportedCodec else { return }
      throw RPCError("import failed at block \"\(block.cid.kuboText)\": \(error.message)")
    }
  }
}

extension ByteBuffer {
  /// Writes a number as archives do.
  fileprivate mutating func writeVarint(_ number: UInt64) {
    var bytes: [UInt8] = []
    Varint.append(number, to: &bytes)
    writeBytes(bytes)
  }
}
