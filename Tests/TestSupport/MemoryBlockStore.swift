public import IPLD
public import Multiformats
internal import Synchronization

/// A block store in memory that counts what is asked of it.
///
/// The lock guards all of its state.
public final class MemoryBlockStore: BlockSource, BlockSink {
  private struct State {
    var blocks: [CID: [UInt8]] = [:]
    var puts = 0
    var loads: [CID] = []
  }

  private let state = Mutex(State())

  /// An empty store.
  public init() {}

  /// The blocks that are here.
  public var blocks: [CID: [UInt8]] { state.withLock { $0.blocks } }

  /// How often a block was stored, whether it was here or not.
  public var puts: Int { state.withLock { $0.puts } }

  /// The blocks that were read whole, in order.
  public var loads: [CID] { state.withLock { $0.loads } }

  /// Forgets what was counted.
  public func resetCounts() {
    state.withLock {
      $0.puts = 0
      $0.loads = []
    }
  }

  /// Puts any bytes under any name.
  public func set(_ cid: CID, to data: [UInt8]?) {
    state.withLock { $0.blocks[cid] = data }
  }

  /// Stores bytes as a block of the name that their hash gives, which is returned.
  @discardableResult
  public func add(_ data: [UInt8], codec: Multicodec = .dagPB, version: CID.Version = .v1) -> CID {
    let cid = data.withUnsafeBytes { CID.sha256(of: $0, codec: codec, version: version) }
    set(cid, to: data)
    return cid
  }

  /// The block, verified. One that is written into its name is not asked for.
  public func block(_ cid: CID) async throws -> Block {
    if cid.hashFunction == .identity { return Block(unchecked: cid, data: cid.multihash.digest) }
    let data = state.withLock { state in
      state.loads.append(cid)
      return state.blocks[cid]
    }
    guard let data else { throw BlockError.notFound(cid) }
    return try Block(verifying: cid, data: data)
  }

  /// Stores the block.
  public func put(_ cid: CID, _ data: UnsafeRawBufferPointer) async throws {
    guard cid.hashFunction != .identity else { return }
    state.withLock {
      $0.puts += 1
      $0.blocks[cid] = Array(data)
    }
  }
}
