public import Multiformats

extension Client {
  /// The store of the daemon's blocks: the commands `repo/…`.
  public struct Repo: Sendable {
    let client: Client
  }

  /// The store of the daemon's blocks.
  public var repo: Repo { Repo(client: self) }
}

extension Client.Repo {
  /// What became of a block that nothing needs.
  public struct Collected: Codable, Hashable, Sendable {
    private let link: JSONLink?
    /// Why something was not removed; nil if it was.
    public let error: String?

    /// The block that was removed; nil for an error.
    public var cid: CID? { link?.cid }

    private enum CodingKeys: String, CodingKey {
      case link = "Key"
      case error = "Error"
    }
  }

  /// How large the store is.
  public struct Stat: Codable, Hashable, Sendable {
    /// Bytes that it takes.
    public let repoSize: UInt64
    /// The most bytes that it should take; nil if the daemon does not say.
    public let storageMax: UInt64?
    /// How many blocks it has; 0 if only sizes were asked for.
    public let numObjects: UInt64
    /// The directory that it is in; empty if only sizes were asked for.
    public let repoPath: String
    /// Its format, such as `fs-repo@18`; empty if only sizes were asked for.
    public let version: String

    private enum CodingKeys: String, CodingKey {
      case repoSize = "RepoSize"
      case storageMax = "StorageMax"
      case numObjects = "NumObjects"
      case repoPath = "RepoPath"
      case version = "Version"
    }
  }

  /// How far `verify` is.
  public struct VerifyProgress: Codable, Hashable, Sendable {
    /// What is wrong with a block, or what was found in all; empty between.
    public let message: String
    /// How many blocks were read; 0 where there is a message.
    public let progress: Int

    private enum CodingKeys: String, CodingKey {
      case message = "Msg"
      case progress = "Progress"
    }
  }

  /// Removes the blocks that nothing pins and that are not in the tree of files, and gives each.
  ///
  /// - Parameters:
  ///   - quiet: The option `quiet`, which changes only what Kubo's command line shows.
  ///   - silent: Whether blocks are not told.
  ///   - streamErrors: Whether errors are told as they occur, and the rest is done.
  /// - Throws: `partialErrorResponse` if there were errors.
  public func gc(
    quiet: Bool = false, silent: Bool = false, streamErrors: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Collected> {
    client.objects(
      of: Command("repo/gc").option("quiet", quiet, default: false).option("silent", silent, default: false)
        .option("stream-errors", streamErrors, default: false), CallOptions(offline, opts, timeout))
  }

  /// Lists all blocks of the store. It keeps no codecs: each is given as one of the codec `raw`.
  public func ls(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<CID> {
    struct Block: Decodable {
      let cid: CID

      enum CodingKeys: String, CodingKey {
        case cid = "Ref"
      }
    }
    return client.objects(of: Command("repo/ls", safe: true), CallOptions(offline, opts, timeout)) { (block: Block) in
      [block.cid]
    }
  }

  /// Asks how large the store is.
  ///
  /// - Parameters:
  ///   - sizeOnly: Whether sizes are enough; counting blocks takes the daemon longer.
  ///   - human: The option `human`, which changes only what Kubo's command line shows.
  public func stat(
    sizeOnly: Bool = false, human: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Stat {
    try await client.value(
      of: Command("repo/stat", safe: true).option("size-only", sizeOnly, default: false)
        .option("human", human, default: false), CallOptions(offline, opts, timeout))
  }

  /// Compares the bytes of all blocks with their hashes, and tells how far it is.
  ///
  /// - Parameters:
  ///   - drop: Whether damaged blocks are removed.
  ///   - heal: Whether they are removed and fetched from others. Those that nobody has are gone.
  ///   - healTimeout: How long each is waited for, such as `1m`; nil for the daemon's default, 30 seconds.
  /// - Throws: `partialErrorResponse` if there are damaged blocks that were not dealt with.
  public func verify(
    drop: Bool = false, heal: Bool = false, healTimeout: String? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<VerifyProgress> {
    client.objects(
      of: Command("repo/verify").option("drop", drop, default: false).option("heal", heal, default: false)
        .option("heal-timeout", healTimeout), CallOptions(offline, opts, timeout))
  }

  /// Asks for the version of the store's format, such as `18`.
  ///
  /// - Parameter quiet: The option `quiet`, which changes only what Kubo's command line shows.
  public func version(
    quiet: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> String {
    struct Version: Decodable {
      let version: String

      enum CodingKeys: String, CodingKey {
        case version = "Version"
      }
    }
    return try await client.value(
      Version.self, of: Command("repo/version", safe: true).option("quiet", quiet, default: false),
      CallOptions(offline, opts, timeout)
    ).version
  }
}
