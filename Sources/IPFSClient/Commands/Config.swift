extension Client {
  /// The daemon's configuration: the commands `config/…`.
  public struct Config: Sendable {
    let client: Client
  }

  /// The daemon's configuration.
  public var config: Config { Config(client: self) }
}

extension Client.Config {
  /// A configuration before and after a change.
  public struct Update: Codable, Hashable, Sendable {
    /// As it was.
    public let old: JSON
    /// As it is now, or would be.
    public let new: JSON

    private enum CodingKeys: String, CodingKey {
      case old = "OldCfg"
      case new = "NewCfg"
    }
  }

  /// Asks for the whole configuration, without secrets: the command `config/show`.
  ///
  /// - Parameter expandAuto: Whether what `auto` stands for is given in its place.
  public func get(
    expandAuto: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> JSON {
    try await client.value(
      of: Command("config/show", safe: true).option("expand-auto", expandAuto, default: false),
      CallOptions(offline, opts, timeout))
  }

  /// Asks for one value.
  ///
  /// - Parameters:
  ///   - key: Its name, such as `Addresses.API`.
  ///   - expandAuto: Whether what `auto` stands for is given in its place.
  public func get(
    _ key: String, expandAuto: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> JSON {
    try await value(
      of: Command("config", [key], safe: true).option("expand-auto", expandAuto, default: false),
      CallOptions(offline, opts, timeout))
  }

  /// Sets one value. Most values take effect when the daemon starts anew.
  ///
  /// - Parameters:
  ///   - key: Its name, such as `Addresses.API`.
  ///   - value: The value.
  /// - Returns: The value as it was stored.
  @discardableResult
  public func set(
    _ key: String, to value: JSON, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> JSON {
    let command =
      switch value {
      case .string(let text): Command("config", [key, text])
      case .bool(let value): Command("config", [key, String(value)]).option("bool", true)
      default: Command("config", [key, try value.text()]).option("json", true)
      }
    return try await self.value(of: command, CallOptions(offline, opts, timeout))
  }

  /// Replaces the whole configuration. The daemon keeps its identity.
  public func replace(
    _ config: JSON, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("config/replace").sending(file: .text(try config.text(), name: "config")),
      CallOptions(offline, opts, timeout))
  }

  /// Changes the configuration in one of the ways that Kubo has names for: the command `config/profile/apply`.
  ///
  /// - Parameters:
  ///   - profile: The name, such as `lowpower`.
  ///   - dryRun: Whether nothing is changed.
  @discardableResult
  public func applyProfile(
    _ profile: String, dryRun: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Update {
    try await client.value(
      of: Command("config/profile/apply", [profile]).option("dry-run", dryRun, default: false),
      CallOptions(offline, opts, timeout))
  }

  private func value(of command: Command, _ call: CallOptions) async throws -> JSON {
    struct Field: Decodable {
      let value: JSON?

      enum CodingKeys: String, CodingKey {
        case value = "Value"
      }
    }
    return try await client.value(Field.self, of: command, call).value ?? .null
  }
}
