import IPFSClient
import IPFSMount
import IPFSNode
import IPLD
import Multiformats
import Synchronization

/// Sends blocks of DAGs that the other side lacks, each after those that it links to. So what is there is there with
/// all that is below it, and a transfer that was cut off goes on where it was.
///
/// What can make that untrue, such as a collection of garbage over there, shows when the DAG is pinned: then it is sent
/// again without trusting what seems to be there. Used by one task.
final class BlockTransfer {
  /// A block whose links are being followed.
  private struct Frame {
    /// Nil for one that is part of its CID.
    var block: Block?
    var links: [CID]
    var next = 0
    /// Whether all links so far were there. Behind the first that was not, nothing is expected.
    var expectsMore: Bool
  }

  private let source: Client
  private let target: MigrationTarget
  private let bar: Progress
  /// Blocks that this run has sent, up to ``memory`` of them.
  private var sent: Set<CID> = []
  private var batch: [Block] = []
  private var batchSize = 0
  /// The archive that is on its way.
  private var storing: Task<Void, any Error>?
  /// How many blocks were sent.
  private(set) var blocks: UInt64 = 0
  /// Their bytes.
  private(set) var bytes: UInt64 = 0

  /// How much is gathered for one archive. Two of them are in memory: one on its way, one being gathered.
  private static let batchLimit = 4 << 20
  /// How many blocks are remembered; when there are more, some may be sent twice.
  private static let memory = 300_000

  init(from source: Client, to target: MigrationTarget, _ bar: Progress) {
    self.source = source
    self.target = target
    self.bar = bar
  }

  /// Sends a DAG.
  ///
  /// - Parameter trusting: Whether what the other side has is taken to be there whole.
  func send(_ root: CID, trusting: Bool) async throws {
    if !trusting { sent = [] }
    var stack: [Frame] = []
    _ = try await begin(root, isExpected: trusting, trusting, &stack, of: root)
    while var frame = stack.popLast() {
      try Task.checkCancellation()
      guard frame.next < frame.links.count else {
        if let block = frame.block { try await add(block, of: root) }
        continue
      }
      let link = frame.links[frame.next]
      frame.next += 1
      let depth = stack.count
      stack.append(frame)
      let isThere = try await begin(link, isExpected: frame.expectsMore, trusting, &stack, of: root)
      if !isThere { stack[depth].expectsMore = false }
    }
    try await flush(of: root)
    try await finish()
  }

  /// Sends a block without what it links to.
  func sendAlone(_ cid: CID) async throws {
    guard cid.inlineData == nil, try await !target.has(cid) else { return }
    try await add(try await block(cid), of: cid)
    try await flush(of: cid)
    try await finish()
  }

  /// Stops what is on its way.
  func cancel() { storing?.cancel() }

  /// Looks at a block: sends it if it has no links, else puts it on the stack.
  ///
  /// - Returns: Whether nothing is to be done, for the other side has it.
  private func begin(
    _ cid: CID, isExpected: Bool, _ trusting: Bool, _ stack: inout [Frame], of root: CID
  ) async throws -> Bool {
    if sent.contains(cid) { return true }
    if let data = cid.inlineData {
      let links = try Self.links(of: Block(unchecked: cid, data: Array(data)))
      if !links.isEmpty { stack.append(Frame(block: nil, links: links, expectsMore: trusting)) }
      return true
    }
    if isExpected, trusting, try await target.has(cid) { return true }
    let block = try await block(cid)
    let links = try Self.links(of: block)
    if links.isEmpty {
      try await add(block, of: root)
    } else {
      stack.append(Frame(block: block, links: links, expectsMore: trusting))
    }
    return false
  }

  private func block(_ cid: CID) async throws -> Block {
    do {
      return try Block(verifying: cid, data: await source.block.get(cid, offline: true).collect())
    } catch let error as BlockError {
      throw CommandError(.data, "\(error): `swipfs repo verify` tells what it belongs to")
    }
  }

  private static func links(of block: Block) throws -> [CID] {
    do {
      return try block.links()
    } catch {
      // What it names, nobody here can tell; whoever pinned it knew that.
      if error.code == .unsupportedCodec { return [] }
      throw CommandError(.data, "block \(block.cid) is no node: \(error)")
    }
  }

  private func add(_ block: Block, of root: CID) async throws {
    if sent.count >= Self.memory { sent = [] }
    sent.insert(block.cid)
    batch.append(block)
    batchSize += block.data.count
    if batchSize >= Self.batchLimit { try await flush(of: root) }
  }

  /// Sends what was gathered, when what was sent before has arrived.
  private func flush(of root: CID) async throws {
    guard !batch.isEmpty else { return }
    let buffer = ArchiveBuffer(capacity: batchSize + batch.count * 128)
    let writer = try await CARWriter(roots: [root]) { buffer.append($0) }
    for block in batch { try await writer.write(block) }
    let count = UInt64(batch.count)
    let size = UInt64(batchSize)
    batch = []
    batchSize = 0
    try await finish()
    let bytes = buffer.take()
    storing = Task { [target] in try await target.store(bytes, count: count) }
    blocks += count
    self.bytes += size
    bar.advance(by: size)
  }

  /// Waits until what was sent has arrived.
  private func finish() async throws {
    guard let task = storing else { return }
    storing = nil
    try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }
}

/// An archive that is being written.
///
/// The lock guards its bytes.
private final class ArchiveBuffer: Sendable {
  private let bytes = Mutex<[UInt8]>([])

  init(capacity: Int) {
    bytes.withLock { $0.reserveCapacity(capacity) }
  }

  func append(_ more: [UInt8]) { bytes.withLock { $0 += more } }

  func take() -> [UInt8] {
    bytes.withLock { bytes in
      defer { bytes = [] }
      return bytes
    }
  }
}
