public import Multiformats

/// How files and directories become DAGs: the options of `ipfs add` that decide which CID some bytes have.
///
/// See IPIP-499, <https://github.com/ipfs/specs/pull/499>.
public struct ImportProfile: Hashable, Sendable {
  /// How a file is cut into leaves.
  public enum Chunker: Hashable, Sendable {
    /// Chunks of this many bytes, the last one shorter.
    case fixed(Int)
  }

  /// When a directory becomes a HAMT, and of which width.
  public struct Sharding: Hashable, Sendable {
    /// How a directory's size is estimated.
    public enum Estimate: Hashable, Sendable {
      /// Names and CIDs of the entries: Kubo's default.
      case links
      /// The exact size of the directory's block: profile `unixfs-v1-2025`.
      case block
    }

    /// Slots of a shard: a power of two, 8 to 1024.
    public let fanout: Int
    /// The estimated size in bytes above which a directory is sharded.
    public let threshold: Int
    /// How the size is estimated.
    public let estimate: Estimate

    /// Names a rule.
    ///
    /// - Throws: `invalidProfile` for a fanout that a shard cannot have or a negative threshold.
    public init(fanout: Int = 256, threshold: Int = 256 << 10, estimate: Estimate) throws(UnixFSError) {
      guard Self.isValid(fanout: UInt64(clamping: fanout)), threshold >= 0 else {
        throw UnixFSError(.invalidProfile, "HAMT fanout \(fanout) is no power of two from 8 to 1024")
      }
      self.init(checkedFanout: fanout, threshold: threshold, estimate: estimate)
    }

    fileprivate init(checkedFanout fanout: Int, threshold: Int, estimate: Estimate) {
      self.fanout = fanout
      self.threshold = threshold
      self.estimate = estimate
    }

    /// Whether shards can have so many slots. More than 1024 are refused: other implementations read no wider ones.
    static func isValid(fanout: UInt64) -> Bool {
      8...1024 ~= fanout && fanout & (fanout - 1) == 0
    }
  }

  /// The largest chunk: with its framing it stays within the 2 MiB that blocks may have on the network.
  public static let maximumChunkSize = (2 << 20) - 256

  /// How a file is cut into leaves.
  public let chunker: Chunker
  /// The version of CIDs; raw leaves always have version 1.
  public let cidVersion: CID.Version
  /// Whether leaves are bare bytes, without a UnixFS node around them.
  public let rawLeaves: Bool
  /// The most links of a file's inner node, at least 2.
  public let maxFileLinks: Int
  /// When a directory becomes a HAMT.
  public let sharding: Sharding

  /// Puts options together.
  ///
  /// - Throws: `invalidProfile` for a chunk size outside 1 to ``maximumChunkSize``, or fewer than two links.
  public init(
    chunker: Chunker, cidVersion: CID.Version, rawLeaves: Bool, maxFileLinks: Int, sharding: Sharding
  ) throws(UnixFSError) {
    try chunker.check()
    try Self.check(maxFileLinks: maxFileLinks)
    self.init(
      checkedChunker: chunker, cidVersion: cidVersion, rawLeaves: rawLeaves, maxFileLinks: maxFileLinks,
      sharding: sharding)
  }

  private init(
    checkedChunker chunker: Chunker, cidVersion: CID.Version, rawLeaves: Bool, maxFileLinks: Int, sharding: Sharding
  ) {
    self.chunker = chunker
    self.cidVersion = cidVersion
    self.rawLeaves = rawLeaves
    self.maxFileLinks = maxFileLinks
    self.sharding = sharding
  }

  static func check(maxFileLinks: Int) throws(UnixFSError) {
    guard 2...mostFileLinks ~= maxFileLinks else {
      throw UnixFSError(.invalidProfile, "\(maxFileLinks) links a node: must be between 2 and \(mostFileLinks)")
    }
  }

  /// Links whose node still fits a block of 2 MiB.
  private static let mostFileLinks = 32768

  /// Profile `unixfs-v1-2025`: the mount's default.
  public static let unixfsV1_2025 = ImportProfile(
    checkedChunker: .fixed(1 << 20), cidVersion: .v1, rawLeaves: true, maxFileLinks: 1024,
    sharding: Sharding(checkedFanout: 256, threshold: 256 << 10, estimate: .block))

  /// What Kubo does without options.
  public static let kuboDefault = ImportProfile(
    checkedChunker: .fixed(256 << 10), cidVersion: .v0, rawLeaves: false, maxFileLinks: 174,
    sharding: Sharding(checkedFanout: 256, threshold: 256 << 10, estimate: .links))

  /// Bytes of each chunk but the last.
  public var chunkSize: Int {
    switch chunker {
    case .fixed(let size): size
    }
  }
}
