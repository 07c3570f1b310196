public import Multiformats

extension Client {
  /// Nodes of IPLD, whatever their codec: the commands `dag/…`.
  ///
  /// ```swift
  /// struct Photo: Codable {
  ///   let title: String
  ///   let file: JSONLink
  /// }
  /// let cid = try await client.dag.putJSON(Photo(title: "Sea", file: JSONLink(file)))
  /// let photo = try await client.dag.getJSON(cid, as: Photo.self)
  /// ```
  public struct Dag: Sendable {
    let client: Client
  }

  /// Nodes of IPLD, whatever their codec.
  public var dag: Dag { Dag(client: self) }
}

extension Client.Dag {
  /// What a path leads to.
  public struct Resolution: Codable, Hashable, Sendable {
    private let link: JSONLink
    /// The rest of the path, which leads through this block alone; empty if it leads to the block.
    public let remPath: String

    /// The last block on the path.
    public var cid: CID { link.cid }

    private enum CodingKeys: String, CodingKey {
      case link = "Cid"
      case remPath = "RemPath"
    }
  }

  /// The blocks below one root.
  public struct RootStat: Codable, Hashable, Sendable {
    /// The root.
    public let cid: CID
    /// Bytes of the blocks.
    public let size: UInt64
    /// How many blocks there are.
    public let numBlocks: Int

    private enum CodingKeys: String, CodingKey {
      case cid = "Cid"
      case size = "Size"
      case numBlocks = "NumBlocks"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      cid = try container.decode(CID.self, forKey: .cid)
      size = try container.decodeIfPresent(UInt64.self, forKey: .size) ?? 0
      numBlocks = try container.decodeIfPresent(Int.self, forKey: .numBlocks) ?? 0
    }
  }

  /// The blocks below some roots. Amounts are 0 as long as they are not known.
  public struct Stat: Codable, Hashable, Sendable {
    /// How many different blocks there are.
    public let uniqueBlocks: Int
    /// Bytes of the different blocks.
    public let totalSize: UInt64
    /// Bytes that are saved because roots have blocks in common.
    public let sharedSize: UInt64
    /// How many times as many bytes there would be if roots had no blocks in common.
    public let ratio: Double
    /// What is below each root.
    public let roots: [RootStat]

    private enum CodingKeys: String, CodingKey {
      case uniqueBlocks = "UniqueBlocks"
      case totalSize = "TotalSize"
      case sharedSize = "SharedSize"
      case ratio = "Ratio"
      case roots = "DagStats"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      uniqueBlocks = try container.decodeIfPresent(Int.self, forKey: .uniqueBlocks) ?? 0
      totalSize = try container.decodeIfPresent(UInt64.self, forKey: .totalSize) ?? 0
      sharedSize = try container.decodeIfPresent(UInt64.self, forKey: .sharedSize) ?? 0
      ratio = try container.decodeIfPresent(Double.self, forKey: .ratio) ?? 0
      roots = try container.decodeList(forKey: .roots)
    }
  }

  /// What `import` tells.
  public enum ImportEvent: Hashable, Sendable {
    /// A root of the archives was pinned, or why it was not; nil if it was.
    case root(CID, pinError: String?)
    /// So many blocks, and bytes in them, were imported.
    case stats(blocks: UInt64, bytes: UInt64)
  }

  /// Writes a root and all blocks below it as an archive of the form CARv1
  /// (<https://ipld.io/specs/transport/car/carv1/>).
  ///
  /// - Parameters:
  ///   - path: The root.
  ///   - localOnly: Whether blocks that the daemon has not are left out, with what is below them.
  ///   - progress: The option `progress`, which changes only what Kubo's command line shows.
  public func export(
    _ path: some ContentPath, localOnly: Bool = false, progress: Bool? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(
      Command("dag/export", [path.contentPath], safe: true).option("local-only", localOnly, default: false)
        .option("progress", progress), CallOptions(offline, opts, timeout))
  }

  /// Reads a node, or a part of one, in the form of a codec.
  ///
  /// - Parameters:
  ///   - path: The node, or what a path leads to within one.
  ///   - outputCodec: The codec, such as `dag-cbor`; nil for the daemon's default, `dag-json`.
  public func get(
    _ path: some ContentPath, outputCodec: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(
      Command("dag/get", [path.contentPath], safe: true).option("output-codec", outputCodec),
      CallOptions(offline, opts, timeout))
  }

  /// Reads a node, or a part of one, as a value. Its links are ``JSONLink``, its bytes ``JSONBytes``.
  ///
  /// - Parameters:
  ///   - path: The node, or what a path leads to within one.
  ///   - type: The type of the value; ``JSON`` for any.
  /// - Throws: `decoding` if it is no such value.
  public func getJSON<Value: Decodable>(
    _ path: some ContentPath, as type: Value.Type = Value.self, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Value {
    let bytes = try await get(path, offline: offline, opts: opts, timeout: timeout).collect()
    return try JSONValue.decode(type, bytes, command: "dag/get")
  }

  /// Stores the blocks of archives of the form CARv1 or CARv2, and pins their roots.
  ///
  /// - Parameters:
  ///   - archives: The archives.
  ///   - pinRoots: Whether their roots are pinned; nil for the daemon's default, yes. **A root that is pinned already
  ///     gets a nameless recursive pin in place of its own.**
  ///   - localOnly: Whether blocks may be missing; roots are not pinned then.
  ///   - silent: The option `silent`, which changes only what Kubo's command line shows.
  ///   - stats: Whether the amount is told at the end.
  ///   - allowBigBlock: Whether blocks may be larger than other peers would take.
  ///   - fastProvideRoot: Whether others are told at once that the daemon has the roots; nil for the daemon's default.
  ///   - fastProvideDAG: Whether they are told of all blocks; nil for the daemon's default.
  ///   - fastProvideWait: Whether the command waits for that; nil for the daemon's default.
  /// - Returns: The roots that were to be pinned. One that could not be is no error: its event says why.
  public func `import`(
    _ archives: Upload..., pinRoots: Bool? = nil, localOnly: Bool = false, silent: Bool = false, stats: Bool = false,
    allowBigBlock: Bool = false, fastProvideRoot: Bool? = nil, fastProvideDAG: Bool? = nil,
    fastProvideWait: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<ImportEvent> {
    `import`(
      archives, pinRoots: pinRoots, localOnly: localOnly, silent: silent, stats: stats, allowBigBlock: allowBigBlock,
      fastProvideRoot: fastProvideRoot, fastProvideDAG: fastProvideDAG, fastProvideWait: fastProvideWait,
      offline: offline, opts: opts, timeout: timeout)
  }

  /// Stores the blocks of a list of archives. The parameters are those of the other `import`.
  public func `import`(
    _ archives: [Upload], pinRoots: Bool? = nil, localOnly: Bool = false, silent: Bool = false, stats: Bool = false,
    allowBigBlock: Bool = false, fastProvideRoot: Bool? = nil, fastProvideDAG: Bool? = nil,
    fastProvideWait: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<ImportEvent> {
    client.objects(
      of: Command("dag/import").option("pin-roots", pinRoots).option("local-only", localOnly, default: false)
        .option("silent", silent, default: false).option("stats", stats, default: false)
        .option("allow-big-block", allowBigBlock, default: false).option("fast-provide-root", fastProvideRoot)
        .option("fast-provide-dag", fastProvideDAG).option("fast-provide-wait", fastProvideWait)
        .sending(files: archives), CallOptions(offline, opts, timeout))
  }

  /// The reply of `dag/put`.
  private struct Stored: Decodable {
    let link: JSONLink

    enum CodingKeys: String, CodingKey {
      case link = "Cid"
    }
  }

  /// Stores a node.
  ///
  /// - Parameters:
  ///   - file: The node in the form of `inputCodec`.
  ///   - storeCodec: The codec of the block; nil for the daemon's default, `dag-cbor`.
  ///   - inputCodec: The codec of `file`; nil for the daemon's default, `dag-json`.
  ///   - pin: Whether it is pinned.
  ///   - hash: The hash function; nil for the daemon's default.
  ///   - allowBigBlock: Whether the block may be larger than other peers would take.
  ///   - format: The older form of `storeCodec`, of daemons before 0.10: `cbor`, `protobuf`, `raw`.
  ///   - inputEnc: The older form of `inputCodec`: `json`, `cbor`, `protobuf`, `raw`.
  /// - Returns: Its CID.
  /// - Throws: `decoding` if the daemon gives none, as Kubo does for a file that is not of `inputCodec`.
  public func put(
    _ file: Upload, storeCodec: String? = nil, inputCodec: String? = nil, pin: Bool = false, hash: String? = nil,
    allowBigBlock: Bool = false, format: String? = nil, inputEnc: String? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> CID {
    try await client.value(
      Stored.self,
      of: Self.put([file], storeCodec, inputCodec, pin, hash, allowBigBlock, format, inputEnc),
      CallOptions(offline, opts, timeout)
    ).link.cid
  }

  /// Stores several nodes, and gives the CID of each as it is stored. The parameters are those of the other `put`.
  public func put(
    _ files: [Upload], storeCodec: String? = nil, inputCodec: String? = nil, pin: Bool = false, hash: String? = nil,
    allowBigBlock: Bool = false, format: String? = nil, inputEnc: String? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<CID> {
    client.objects(
      of: Self.put(files, storeCodec, inputCodec, pin, hash, allowBigBlock, format, inputEnc),
      CallOptions(offline, opts, timeout)
    ) { (stored: Stored) in [stored.link.cid] }
  }

  private static func put(
    _ files: [Upload], _ storeCodec: String?, _ inputCodec: String?, _ pin: Bool, _ hash: String?,
    _ allowBigBlock: Bool, _ format: String?, _ inputEnc: String?
  ) -> Command {
    Command("dag/put").option("store-codec", storeCodec).option("input-codec", inputCodec)
      .option("pin", pin, default: false).option("hash", hash)
      .option("allow-big-block", allowBigBlock, default: false).option("format", format)
      .option("input-enc", inputEnc).sending(files: files)
  }

  /// Stores a value as a node. Its links are ``JSONLink``, its bytes ``JSONBytes``. The parameters are those of `put`.
  ///
  /// A `Double` without a fraction is stored as an integer: a node that must have a float such as `1.0` is to be `put` as
  /// text.
  ///
  /// - Returns: Its CID.
  /// - Throws: `encoding` for what JSON has no form for.
  public func putJSON(
    _ value: some Encodable, storeCodec: String? = nil, pin: Bool = false, hash: String? = nil,
    allowBigBlock: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> CID {
    try await put(
      .bytes(JSONValue.encode(value, command: "dag/put")), storeCodec: storeCodec, pin: pin, hash: hash,
      allowBigBlock: allowBigBlock, offline: offline, opts: opts, timeout: timeout)
  }

  /// Finds the last block on a path.
  public func resolve(
    _ path: some ContentPath, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Resolution {
    try await client.value(
      of: Command("dag/resolve", [path.contentPath], safe: true), CallOptions(offline, opts, timeout))
  }

  /// Counts the blocks below some roots.
  ///
  /// - Parameter paths: The roots.
  public func stat(
    _ paths: any ContentPath..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Stat {
    try await stat(paths, offline: offline, opts: opts, timeout: timeout)
  }

  /// Counts the blocks below the roots of a list. The parameters are those of the other `stat`.
  public func stat(
    _ paths: [any ContentPath], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Stat {
    try await client.value(of: Self.stat(paths, progress: false), CallOptions(offline, opts, timeout))
  }

  /// Counts the blocks below some roots, and gives what was found so far after each block. The last one is complete.
  public func statWithProgress(
    _ paths: any ContentPath..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Stat> {
    statWithProgress(paths, offline: offline, opts: opts, timeout: timeout)
  }

  /// Counts the blocks below the roots of a list, as the other `statWithProgress` does.
  public func statWithProgress(
    _ paths: [any ContentPath], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Stat> {
    client.objects(of: Self.stat(paths, progress: true), CallOptions(offline, opts, timeout))
  }

  private static func stat(_ paths: [any ContentPath], progress: Bool) -> Command {
    Command("dag/stat", paths.map(\.contentPath), safe: true).option("progress", progress)
  }
}

extension Client.Dag.ImportEvent: Codable {
  private enum CodingKeys: String, CodingKey {
    case root = "Root"
    case stats = "Stats"
  }

  private struct Root: Codable {
    let link: JSONLink
    let pinError: String?

    enum CodingKeys: String, CodingKey {
      case link = "Cid"
      case pinError = "PinErrorMsg"
    }
  }

  private struct Stats: Codable {
    let blocks: UInt64
    let bytes: UInt64

    enum CodingKeys: String, CodingKey {
      case blocks = "BlockCount"
      case bytes = "BlockBytesCount"
    }
  }

  /// Reads the daemon's JSON.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let root = try container.decodeIfPresent(Root.self, forKey: .root) {
      let error = root.pinError.flatMap { $0.isEmpty ? nil : $0 }
      self = .root(root.link.cid, pinError: error)
    } else {
      let stats = try container.decode(Stats.self, forKey: .stats)
      self = .stats(blocks: stats.blocks, bytes: stats.bytes)
    }
  }

  /// Writes the daemon's JSON.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .root(let cid, let pinError):
      try container.encode(Root(link: JSONLink(cid), pinError: pinError ?? ""), forKey: .root)
    case .stats(let blocks, let bytes):
      try container.encode(Stats(blocks: blocks, bytes: bytes), forKey: .stats)
    }
  }
}
