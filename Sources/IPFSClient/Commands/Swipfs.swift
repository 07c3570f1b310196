import Foundation

extension Client {
  /// What nodes of swipfs can do beyond Kubo's commands: `swipfs/…`. Other daemons do not know them: the reason is
  /// `unknownCommand`.
  public struct Swipfs: Sendable {
    let client: Client
  }

  /// What nodes of swipfs can do beyond Kubo's commands.
  public var swipfs: Swipfs { Swipfs(client: self) }
}

extension Client.Swipfs {
  /// What `verify` tells.
  public enum VerifyEvent: Hashable, Sendable, Decodable {
    /// So many blocks, and nodes of the tree, were checked.
    case progress(blocks: Int, nodes: Int)
    /// Something is wrong.
    case finding(String)
    /// All was checked, and what is wrong has been told.
    case done(blocks: Int, nodes: Int)

    private enum CodingKeys: String, CodingKey {
      case blocks = "Blocks"
      case nodes = "Nodes"
      case finding = "Finding"
      case isDone = "Done"
    }

    /// Reads the node's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      if let finding = try container.decodeIfPresent(String.self, forKey: .finding) {
        self = .finding(finding)
        return
      }
      let blocks = try container.decode(Int.self, forKey: .blocks)
      let nodes = try container.decode(Int.self, forKey: .nodes)
      let isDone = try container.decodeIfPresent(Bool.self, forKey: .isDone) ?? false
      self = isDone ? .done(blocks: blocks, nodes: nodes) : .progress(blocks: blocks, nodes: nodes)
    }
  }

  /// What `gc` tells.
  public enum CollectionEvent: Hashable, Sendable, Decodable {
    /// Blocks that are in use, that were looked at, and that were removed so far.
    case progress(marked: Int, swept: Int, removed: Int)
    /// What came of it.
    case done(Collection)

    private enum CodingKeys: String, CodingKey {
      case marked = "Marked"
      case swept = "Swept"
      case removed = "Removed"
    }

    /// Reads the node's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      guard container.contains(.marked) else {
        self = .done(try Collection(from: decoder))
        return
      }
      self = .progress(
        marked: try container.decode(Int.self, forKey: .marked), swept: try container.decode(Int.self, forKey: .swept),
        removed: try container.decode(Int.self, forKey: .removed))
    }
  }

  /// What a collection of garbage came to.
  public struct Collection: Codable, Hashable, Sendable {
    /// Blocks that were removed.
    public let blocksRemoved: Int
    /// Their bytes.
    public let bytesFreed: UInt64
    /// Blocks that stay.
    public let blocksKept: Int
    /// Their bytes.
    public let bytesKept: UInt64

    private enum CodingKeys: String, CodingKey {
      case blocksRemoved = "BlocksRemoved"
      case bytesFreed = "BytesFreed"
      case blocksKept = "BlocksKept"
      case bytesKept = "BytesKept"
    }
  }

  /// What the node's store holds.
  public struct Storage: Codable, Hashable, Sendable {
    /// Its folder.
    public let repoPath: String
    /// Blocks.
    public let blocks: Int
    /// Their bytes.
    public let bytes: UInt64
    /// Bytes that nothing refers to, as far as that is known without looking.
    public let estimatedGarbage: UInt64
    /// Pins.
    public let pins: Int
    /// Bytes that are free on the store's volume.
    public let freeBytes: UInt64

    private enum CodingKeys: String, CodingKey {
      case repoPath = "RepoPath"
      case blocks = "Blocks"
      case bytes = "Bytes"
      case estimatedGarbage = "EstimatedGarbage"
      case pins = "Pins"
      case freeBytes = "FreeBytes"
    }
  }

  /// Checks every block against its hash, the tree, and the pins. The last event is `done`.
  public func verify(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<VerifyEvent> {
    client.objects(of: Command("swipfs/verify", safe: true), CallOptions(offline, opts, timeout))
  }

  /// Removes what neither files nor pins need. The last event is `done`.
  public func gc(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<CollectionEvent> {
    client.objects(of: Command("swipfs/gc"), CallOptions(offline, opts, timeout))
  }

  /// Asks what the node's store holds.
  public func stat(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Storage {
    try await client.value(of: Command("swipfs/stat", safe: true), CallOptions(offline, opts, timeout))
  }
}
