public import Multiformats

extension Client {
  /// Single blocks: the commands `block/…`.
  public struct Block: Sendable {
    let client: Client
  }

  /// Single blocks.
  public var block: Block { Block(client: self) }
}

extension Client.Block {
  /// A block of the daemon.
  public struct Stat: Codable, Hashable, Sendable {
    /// The CID.
    public let cid: CID
    /// How many bytes it has.
    public let size: Int

    private enum CodingKeys: String, CodingKey {
      case cid = "Key"
      case size = "Size"
    }
  }

  /// What became of a block that was to be removed.
  public struct Removal: Codable, Hashable, Sendable {
    /// The CID.
    public let cid: CID
    /// Why it was not removed; nil if it was.
    public let error: String?

    private enum CodingKeys: String, CodingKey {
      case cid = "Hash"
      case error = "Error"
    }
  }

  /// Reads a block as it is stored. Its bytes are not checked against the CID.
  public func get(
    _ path: some ContentPath, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(Command("block/get", [path.contentPath], safe: true), CallOptions(offline, opts, timeout))
  }

  /// Stores bytes as a block.
  ///
  /// - Parameters:
  ///   - file: The bytes.
  ///   - cidCodec: How the CID says they are to be read, such as `dag-pb`; nil for the daemon's default, `raw`.
  ///   - mhtype: The hash function; nil for the daemon's default, `sha2-256`.
  ///   - mhlen: The digest's length; nil for the function's own.
  ///   - pin: Whether it is pinned.
  ///   - allowBigBlock: Whether more bytes are allowed than other peers would take.
  ///   - format: The older form of `cidCodec`: `v0`, `protobuf`, `cbor`, `raw`.
  public func put(
    _ file: Upload, cidCodec: String? = nil, mhtype: String? = nil, mhlen: Int? = nil, pin: Bool = false,
    allowBigBlock: Bool = false, format: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Stat {
    try await client.value(
      of: Self.put([file], cidCodec, mhtype, mhlen, pin, allowBigBlock, format), CallOptions(offline, opts, timeout))
  }

  /// Stores several blocks, and gives each as it is stored. The parameters are those of the other `put`.
  public func put(
    _ files: [Upload], cidCodec: String? = nil, mhtype: String? = nil, mhlen: Int? = nil, pin: Bool = false,
    allowBigBlock: Bool = false, format: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<Stat> {
    client.objects(
      of: Self.put(files, cidCodec, mhtype, mhlen, pin, allowBigBlock, format), CallOptions(offline, opts, timeout))
  }

  private static func put(
    _ files: [Upload], _ cidCodec: String?, _ mhtype: String?, _ mhlen: Int?, _ pin: Bool, _ allowBigBlock: Bool,
    _ format: String?
  ) -> Command {
    Command("block/put").option("cid-codec", cidCodec).option("mhtype", mhtype).option("mhlen", mhlen)
      .option("pin", pin, default: false).option("allow-big-block", allowBigBlock, default: false)
      .option("format", format).sending(files: files)
  }

  /// Removes blocks, and gives what became of each.
  ///
  /// - Parameters:
  ///   - paths: The blocks.
  ///   - force: Whether one that is not there is no error.
  ///   - quiet: Whether only those that were not removed are given.
  public func rm(
    _ paths: any ContentPath..., force: Bool = false, quiet: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Removal> {
    rm(paths, force: force, quiet: quiet, offline: offline, opts: opts, timeout: timeout)
  }

  /// Removes the blocks of a list. The parameters are those of the other `rm`.
  public func rm(
    _ paths: [any ContentPath], force: Bool = false, quiet: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Removal> {
    client.objects(
      of: Command("block/rm", paths.map(\.contentPath)).option("force", force, default: false)
        .option("quiet", quiet, default: false), CallOptions(offline, opts, timeout))
  }

  /// Asks for a block's CID and size.
  public func stat(
    _ path: some ContentPath, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Stat {
    try await client.value(
      of: Command("block/stat", [path.contentPath], safe: true), CallOptions(offline, opts, timeout))
  }
}
