extension Client {
  /// Reports about the daemon for people who look for faults: the commands `diag/…`.
  public struct Diag: Sendable {
    let client: Client

    /// What the daemon was asked.
    public var cmds: Requests { Requests(client: client) }
  }

  /// Reports about the daemon.
  public var diag: Diag { Diag(client: self) }
}

extension Client.Diag {
  /// What the daemon was asked: the commands `diag/cmds/…`.
  ///
  /// It is called like a method: `client.diag.cmds()`.
  public struct Requests: Sendable {
    let client: Client
  }

  /// Asks for facts about the daemon's system.
  public func sys(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> JSON {
    try await client.value(of: Command("diag/sys", safe: true), CallOptions(offline, opts, timeout))
  }

  /// Asks whether the daemon can serve content.
  ///
  /// - Throws: `errorResponse` if it cannot.
  public func healthy(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(Command("diag/healthy", safe: true), CallOptions(offline, opts, timeout))
  }

  /// Watches the daemon for a while and gives a ZIP archive of what was seen.
  ///
  /// - Parameters:
  ///   - collectors: What is watched, such as `heap`; empty for the daemon's default, all.
  ///   - profileTime: For how long, such as `30s`; nil for the daemon's default, that. `0` for a look alone.
  ///   - mutexProfileFraction: Of how many waits for a lock one is noted; nil for the daemon's default, 4.
  ///   - blockProfileRate: The time between samples of what waits, such as `1ms`; nil for the daemon's default, that.
  public func profile(
    collectors: [String] = [], profileTime: String? = nil, mutexProfileFraction: Int? = nil,
    blockProfileRate: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(
      Command("diag/profile", safe: true)
        .option("collectors", collectors.isEmpty ? nil : collectors.joined(separator: ","))
        .option("profile-time", profileTime).option("mutex-profile-fraction", mutexProfileFraction)
        .option("block-profile-rate", blockProfileRate), CallOptions(offline, opts, timeout))
  }
}

extension Client.Diag.Requests {
  /// A request to the daemon.
  public struct Entry: Codable, Hashable, Sendable {
    /// Its number.
    public let id: Int
    /// The command.
    public let command: String
    /// The command's arguments.
    public let arguments: [String]
    /// The command's options.
    public let options: [String: JSON]
    /// Whether it is still being answered.
    public let active: Bool
    /// When it came (RFC 3339).
    public let startTime: String
    /// When it was answered (RFC 3339); of the year 1 if it was not.
    public let endTime: String

    private enum CodingKeys: String, CodingKey {
      case id = "ID"
      case command = "Command"
      case arguments = "Args"
      case options = "Options"
      case active = "Active"
      case startTime = "StartTime"
      case endTime = "EndTime"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      id = try container.decode(Int.self, forKey: .id)
      command = try container.decode(String.self, forKey: .command)
      arguments = try container.decodeList(forKey: .arguments)
      options = try container.decodeIfPresent([String: JSON].self, forKey: .options) ?? [:]
      active = try container.decode(Bool.self, forKey: .active)
      startTime = try container.decode(String.self, forKey: .startTime)
      endTime = try container.decode(String.self, forKey: .endTime)
    }
  }

  /// Lists requests that the daemon answers, or has answered a short time ago.
  ///
  /// - Parameter verbose: The option `verbose`, which changes only what Kubo's command line shows.
  public func callAsFunction(
    verbose: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [Entry] {
    try await client.value(
      of: Command("diag/cmds", safe: true).option("verbose", verbose, default: false),
      CallOptions(offline, opts, timeout))
  }

  /// Lets the daemon forget the requests that it has answered.
  public func clear(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(Command("diag/cmds/clear"), CallOptions(offline, opts, timeout))
  }

  /// Sets how long the daemon remembers requests that it has answered.
  ///
  /// - Parameter time: The time, such as `1h`.
  public func setTime(
    _ time: String, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(Command("diag/cmds/set-time", [time]), CallOptions(offline, opts, timeout))
  }
}
