public import Multiformats

/// How files and directories become DAGs: the options of `ipfs add` that decide which CID some bytes have.
///
/// See IPIP-499, <https://github.com/ipfs/specs/pull/499>.
public struct ImportProfile: Hashable, Sendable {
  /// How a file is cut into leaves.
  public enum Chunker: Hashable, Sendable {
    /// Chunks of this many bytes, the last one shorter.
    case fixed(Int)
    /// Chunks that end where the Rabin fingerprint of 16 bytes has as many low zero bits as `average` has bits after
    /// its first: `rabin-minimum-average-maximum`.
    case rabin(minimum: Int, average: Int, maximum: Int)
    /// Chunks of 128 to 512 KiB that end where the buzhash of 32 bytes has 17 low zero bits.
    case buzhash
  }

  /// How leaves are put under nodes.
  public enum Layout: Hashable, Sendable {
    /// All leaves at one depth.
    case balanced
    /// Leaves first, then ever deeper subtrees: made for reading from the beginning.
    case trickle
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
    /// The number of entries above which a directory is sharded, whatever its size; 0 where only the size decides.
    public let maximumLinks: Int

    /// Names a rule.
    ///
    /// - Throws: `invalidProfile` for a fanout that a shard cannot have, a negative threshold or number of links.
    public init(
      fanout: Int = 256, threshold: Int = 256 << 10, estimate: Estimate, maximumLinks: Int = 0
    ) throws(UnixFSError) {
      guard Self.isValid(fanout: UInt64(clamping: fanout)), threshold >= 0, maximumLinks >= 0 else {
        throw UnixFSError(.invalidProfile, "HAMT fanout \(fanout) is no power of two from 8 to 1024")
      }
      self.init(checkedFanout: fanout, threshold: threshold, estimate: estimate, maximumLinks: maximumLinks)
    }

    fileprivate init(checkedFanout fanout: Int, threshold: Int, estimate: Estimate, maximumLinks: Int = 0) {
      self.fanout = fanout
      self.threshold = threshold
      self.estimate = estimate
      self.maximumLinks = maximumLinks
    }

    /// Whether shards can have so many slots. More than 1024 are refused: other implementations read no wider ones.
    static func isValid(fanout: UInt64) -> Bool {
      8...1024 ~= fanout && fanout & (fanout - 1) == 0
    }
  }

  /// The largest chunk: with its framing it stays within the 2 MiB that blocks may have on the network.
  public static let maximumChunkSize = (2 << 20) - 256

  /// The largest block that can be a CID instead of being stored.
  public static let largestInlineLimit = 128

  /// How a file is cut into leaves.
  public let chunker: Chunker
  /// How leaves are put under nodes.
  public let layout: Layout
  /// The hash function of CIDs.
  public let hashFunction: Multihash.Code
  /// The largest block in bytes that is written into its CID instead of being hashed; nil where all are hashed.
  public let inlineLimit: Int?
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
  /// - Throws: `invalidProfile` for a chunk size outside 1 to ``maximumChunkSize``, other parameters that a chunker
  ///   cannot have, fewer than two links, a hash function that cannot be computed or that version 0 cannot have, or an
  ///   inline limit outside 0 to ``largestInlineLimit``.
  public init(
    chunker: Chunker, layout: Layout = .balanced, cidVersion: CID.Version, hashFunction: Multihash.Code = .sha2_256,
    inlineLimit: Int? = nil, rawLeaves: Bool, maxFileLinks: Int, sharding: Sharding
  ) throws(UnixFSError) {
    try chunker.check()
    try Self.check(maxFileLinks: maxFileLinks)
    guard cidVersion == .v1 || hashFunction == .sha2_256 else {
      throw UnixFSError(.invalidProfile, "CIDs of version 0 have sha2-256 alone")
    }
    do throws(MultiformatsError) {
      _ = try Multihash(hashing: UnsafeRawBufferPointer(start: nil, count: 0), with: hashFunction)
    } catch { throw UnixFSError(.invalidProfile, error.message, cause: error) }
    guard hashFunction != .identity else { throw UnixFSError(.invalidProfile, "identity is no hash function") }
    if let inlineLimit { try Self.check(inlineLimit: inlineLimit) }
    self.init(
      checkedChunker: chunker, layout: layout, cidVersion: cidVersion, hashFunction: hashFunction,
      inlineLimit: inlineLimit, rawLeaves: rawLeaves, maxFileLinks: maxFileLinks, sharding: sharding)
  }

  private init(
    checkedChunker chunker: Chunker, layout: Layout = .balanced, cidVersion: CID.Version,
    hashFunction: Multihash.Code = .sha2_256, inlineLimit: Int? = nil, rawLeaves: Bool, maxFileLinks: Int,
    sharding: Sharding
  ) {
    self.chunker = chunker
    self.layout = layout
    self.cidVersion = cidVersion
    self.hashFunction = hashFunction
    self.inlineLimit = inlineLimit
    self.rawLeaves = rawLeaves
    self.maxFileLinks = maxFileLinks
    self.sharding = sharding
  }

  static func check(inlineLimit: Int) throws(UnixFSError) {
    guard 0...largestInlineLimit ~= inlineLimit else {
      throw UnixFSError(.invalidProfile, "blocks of \(inlineLimit) bytes inline: at most \(largestInlineLimit)")
    }
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

  /// Bytes of the largest chunk; where the chunker is a fixed one, of each chunk but the last.
  public var chunkSize: Int { chunker.maximumChunkSize }
}

extension ImportProfile {
  /// Names a block of this profile: a node, or a bare leaf.
  func cid(of bytes: UnsafeRawBufferPointer, codec: Multicodec) throws(UnixFSError) -> CID {
    if let inlineLimit, bytes.count <= inlineLimit { return try cid(of: bytes, codec: codec, by: .identity) }
    guard hashFunction != .sha2_256 else {
      return CID.sha256(of: bytes, codec: codec, version: codec == .dagPB ? cidVersion : .v1)
    }
    return try cid(of: bytes, codec: codec, by: hashFunction)
  }

  private func cid(
    of bytes: UnsafeRawBufferPointer, codec: Multicodec, by function: Multihash.Code
  ) throws(UnixFSError) -> CID {
    do throws(MultiformatsError) {
      return try CID(version: .v1, codec: codec, multihash: Multihash(hashing: bytes, with: function))
    } catch { throw UnixFSError(.invalidProfile, error.message, cause: error) }
  }

  /// Whether a CID has the form of a leaf. Only its bytes tell a leaf in dag-pb from an inner node.
  public func hasFormOfLeaf(_ cid: CID) -> Bool {
    rawLeaves ? cid.codec == .raw && isHashed(cid) : hasFormOfNode(cid)
  }

  /// Whether a CID has the form of an inner node.
  func hasFormOfNode(_ cid: CID) -> Bool {
    guard cid.codec == .dagPB else { return false }
    if cid.hashFunction == .identity { return isHashed(cid) }
    return cid.version == cidVersion && isHashed(cid)
  }

  private func isHashed(_ cid: CID) -> Bool {
    let function = cid.hashFunction
    return function == hashFunction || inlineLimit != nil && function == .identity
  }

  /// Whether the size of a file says which bytes are below which node, and a block's length nothing of its CID:
  /// ``DAGEditor/rebuild(_:profile:store:)`` needs that.
  public var isRegular: Bool { chunker.isFixed && layout == .balanced && inlineLimit == nil }

  /// A number for the options that decide on a file's DAG, the same in every process; equal for equal options.
  public var fingerprint: UInt64 {
    let options: [String] = [
      chunker.name, "\(layout)", "\(cidVersion.rawValue)", "\(hashFunction.rawValue)",
      inlineLimit.map(String.init) ?? "", "\(rawLeaves)", "\(maxFileLinks)",
    ]
    let text = Array(options.joined(separator: "/").utf8)
    let digest = text.withUnsafeBytes { CID.sha256(of: $0, codec: .raw).multihash.digest }
    return digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }
}
