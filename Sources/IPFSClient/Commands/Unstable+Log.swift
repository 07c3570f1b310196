extension Client.Unstable {
  /// What the daemon logs: the commands `log/…`.
  public struct Log: Sendable {
    let client: Client
  }

  /// What the daemon logs.
  public var log: Log { Log(client: client) }
}

extension Client.Unstable.Log {
  /// Sets how much a part of the daemon logs.
  ///
  /// - Parameters:
  ///   - subsystem: The part; `all` for all of them.
  ///   - level: `debug`, `info`, `warn`, `error`, `dpanic`, `panic`, `fatal`, or `default`.
  /// - Returns: What was done, for people.
  @discardableResult
  public func level(
    _ subsystem: String, _ level: String, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> String {
    struct Changed: Decodable {
      let message: String

      enum CodingKeys: String, CodingKey {
        case message = "Message"
      }
    }
    return try await client.value(
      Changed.self, of: Command("log/level", [subsystem, level]), CallOptions(offline, opts, timeout)
    ).message
  }

  /// Asks how much parts of the daemon log.
  ///
  /// - Parameter subsystem: The part; `all` for all of them, nil for what holds where nothing was set.
  /// - Returns: Levels by part.
  public func levels(
    _ subsystem: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String: String] {
    struct Levels: Decodable {
      let levels: [String: String]?

      enum CodingKeys: String, CodingKey {
        case levels = "Levels"
      }
    }
    return try await client.value(
      Levels.self, of: Command("log/level", subsystem.map { [$0] } ?? [], safe: true),
      CallOptions(offline, opts, timeout)
    ).levels ?? [:]
  }

  /// Lists the parts of the daemon that log.
  public func ls(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    try await client.strings(of: Command("log/ls", safe: true), CallOptions(offline, opts, timeout))
  }

  /// Gives what the daemon logs from now on, in the form in which it writes its log. Leaving the loop ends it.
  ///
  /// - Parameters:
  ///   - logLevel: The least level that is given; nil for all that the daemon logs.
  ///   - timeout: How long to wait for each piece; for ever by default.
  public func tail(
    logLevel: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(
      Command("log/tail", safe: true).option("log-level", logLevel).lasting(), CallOptions(offline, opts, timeout))
  }
}
