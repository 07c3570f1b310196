extension Client {
  /// What `ping` tells.
  public struct Ping: Codable, Hashable, Sendable {
    /// Whether it went well so far.
    public let success: Bool
    /// The round trip in nanoseconds; 0 if this tells of something else.
    public let time: Int64
    /// What happens, for people; empty for a round trip.
    public let text: String

    private enum CodingKeys: String, CodingKey {
      case success = "Success"
      case time = "Time"
      case text = "Text"
    }
  }

  /// Measures round trips to peers.
  ///
  /// - Parameters:
  ///   - peers: Identifiers or multiaddrs of peers. Kubo takes the first alone.
  ///   - count: How many round trips.
  /// - Throws: `partialErrorResponse` at the end if the peer did not answer.
  public func ping(
    _ peers: String..., count: Int = 10, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Ping> {
    ping(peers, count: count, offline: offline, opts: opts, timeout: timeout)
  }

  /// Asks the peers of a list. The parameters are those of the other `ping`.
  public func ping(
    _ peers: [String], count: Int = 10, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Ping> {
    objects(
      of: Command("ping", peers, safe: true).option("count", count, default: 10), CallOptions(offline, opts, timeout))
  }

  /// Stops the daemon. Nothing can be asked of it after that.
  public func stop(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    do {
      try await run(Command("shutdown"), CallOptions(offline, opts, timeout))
    } catch let error as ClientError where error.code == .connection {
      // A daemon that stops may close the connection instead of answering.
    }
  }

  /// A command of the daemon and those below it.
  public struct CommandTree: Codable, Hashable, Sendable {
    /// An option of a command.
    public struct Option: Codable, Hashable, Sendable {
      /// Its names, the long one first.
      public let names: [String]

      private enum CodingKeys: String, CodingKey {
        case names = "Names"
      }
    }

    /// Its name.
    public let name: String
    /// The commands below it.
    public let subcommands: [CommandTree]
    /// Its options.
    public let options: [Option]

    private enum CodingKeys: String, CodingKey {
      case name = "Name"
      case subcommands = "Subcommands"
      case options = "Options"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      name = try container.decode(String.self, forKey: .name)
      subcommands = try container.decodeList(forKey: .subcommands)
      options = try container.decodeList(forKey: .options)
    }
  }

  /// Lists the daemon's commands.
  ///
  /// - Parameter flags: The option `flags`, which changes only what Kubo's command line shows.
  public func commands(
    flags: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> CommandTree {
    try await value(
      of: Command("commands", safe: true).option("flags", flags, default: false), CallOptions(offline, opts, timeout))
  }

  /// A library that the daemon was built with.
  public struct Dependency: Codable, Hashable, Sendable {
    /// Where it comes from.
    public let path: String
    /// Its version.
    public let version: String
    /// What is used in its place; empty if nothing.
    public let replacedBy: String
    /// Its checksum.
    public let sum: String

    private enum CodingKeys: String, CodingKey {
      case path = "Path"
      case version = "Version"
      case replacedBy = "ReplacedBy"
      case sum = "Sum"
    }
  }

  /// Lists the libraries that the daemon was built with: the command `version/deps`.
  public func versionDeps(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Dependency> {
    objects(of: Command("version/deps", safe: true), CallOptions(offline, opts, timeout))
  }

  /// How the daemon's version compares with those of its peers.
  public struct VersionCheck: Codable, Hashable, Sendable {
    /// Whether enough peers have a newer version.
    public let updateAvailable: Bool
    /// The daemon's version.
    public let runningVersion: String
    /// The newest version of a peer.
    public let greatestVersion: String
    /// How many peers were looked at.
    public let peersSampled: Int
    /// How many of them have a newer version.
    public let withGreaterVersion: Int

    private enum CodingKeys: String, CodingKey {
      case updateAvailable = "UpdateAvailable"
      case runningVersion = "RunningVersion"
      case greatestVersion = "GreatestVersion"
      case peersSampled = "PeersSampled"
      case withGreaterVersion = "WithGreaterVersion"
    }
  }

  /// Compares the daemon's version with those of its peers: the command `version/check`.
  ///
  /// - Parameter minPercent: How many of a hundred peers must have a newer version; nil for the daemon's default, 5.
  public func versionCheck(
    minPercent: Int? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> VersionCheck {
    try await value(
      of: Command("version/check", safe: true).option("min-percent", minPercent), CallOptions(offline, opts, timeout))
  }

  /// Where the daemon shows content as file systems of its system.
  public struct Mounts: Codable, Hashable, Sendable {
    /// Where immutable content is.
    public let ipfs: String
    /// Where names are.
    public let ipns: String
    /// Where the tree of files is.
    public let mfs: String

    private enum CodingKeys: String, CodingKey {
      case ipfs = "IPFS"
      case ipns = "IPNS"
      case mfs = "MFS"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      ipfs = try container.decode(String.self, forKey: .ipfs)
      ipns = try container.decode(String.self, forKey: .ipns)
      mfs = try container.decodeIfPresent(String.self, forKey: .mfs) ?? ""
    }
  }

  /// Lets the daemon show content as file systems of its system.
  ///
  /// - Parameters:
  ///   - ipfsPath: Where immutable content will be; nil for what the configuration says.
  ///   - ipnsPath: Where names will be; nil for what the configuration says.
  ///   - mfsPath: Where the tree of files will be; nil for what the configuration says.
  public func mount(
    ipfsPath: String? = nil, ipnsPath: String? = nil, mfsPath: String? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Mounts {
    try await value(
      of: Command("mount").option("ipfs-path", ipfsPath).option("ipns-path", ipnsPath).option("mfs-path", mfsPath),
      CallOptions(offline, opts, timeout))
  }
}
