extension Client.Name {
  /// What an IPNS record says (<https://specs.ipfs.tech/ipns/ipns-record/>). What is missing in it is nil.
  public struct Record: Codable, Hashable, Sendable {
    /// The path that the name points to; empty if there is none.
    public let value: String
    /// What `validity` is: 0 for the time of its end.
    public let validityType: Int?
    /// Until when it is valid, as RFC 3339 writes times.
    public let validity: String?
    /// Its number; of two records, the one with the higher number holds.
    public let sequence: UInt64?
    /// How long others may take it for granted before they ask again, in nanoseconds.
    public let ttl: Int64?

    private enum CodingKeys: String, CodingKey {
      case value = "Value"
      case validityType = "ValidityType"
      case validity = "Validity"
      case sequence = "Sequence"
      case ttl = "TTL"
    }
  }

  /// Whether a record is one of a name.
  public struct Validation: Codable, Hashable, Sendable {
    /// Whether it is.
    public let isValid: Bool
    private let reasonText: String
    /// The name.
    public let name: String

    /// Why not; nil if it is.
    public var reason: String? { reasonText.isEmpty ? nil : reasonText }

    private enum CodingKeys: String, CodingKey {
      case isValid = "Valid"
      case reasonText = "Reason"
      case name = "Name"
    }
  }

  /// What was found of a record.
  public struct Inspection: Codable, Hashable, Sendable {
    /// What it says.
    public let entry: Record
    /// Its bytes.
    public let pbSize: Int
    /// Which signatures it has: `V1+V2`, `V2` or `Unknown`.
    public let signatureType: String
    /// Its bytes as hexadecimal digits, as `hexdump -C` writes them; empty unless asked for.
    public let hexDump: String
    /// Whether it is one of the name that was asked about; nil if there was none.
    public let validation: Validation?

    private enum CodingKeys: String, CodingKey {
      case entry = "Entry"
      case pbSize = "PbSize"
      case signatureType = "SignatureType"
      case hexDump = "HexDump"
      case validation = "Validation"
    }
  }

  /// Finds the record of a name, in its binary form.
  public func get(
    _ name: String, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(Command("name/get", [name], safe: true), CallOptions(offline, opts, timeout))
  }

  /// Reads a record.
  ///
  /// - Parameters:
  ///   - record: The record in its binary form.
  ///   - verify: A name that the record may be one of.
  ///   - dump: Whether its bytes are given, too; nil for the daemon's default, yes.
  public func inspect(
    _ record: Upload, verify: String? = nil, dump: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Inspection {
    try await client.value(
      of: Command("name/inspect", safe: true).option("verify", verify).option("dump", dump).sending(file: record),
      CallOptions(offline, opts, timeout))
  }

  /// Publishes a record that was signed elsewhere.
  ///
  /// - Parameters:
  ///   - name: The name that it is of.
  ///   - record: The record in its binary form.
  ///   - force: Whether size, signature and number are not checked.
  ///   - allowOffline: Whether it is only stored where the daemon cannot tell others; that is an error otherwise.
  ///   - allowDelegated: Whether others are told by HTTP alone. Not together with `allowOffline`.
  ///   - quiet: The option `quiet`, which changes only what Kubo's command line shows.
  @discardableResult
  public func put(
    _ name: String, _ record: Upload, force: Bool = false, allowOffline: Bool = false, allowDelegated: Bool = false,
    quiet: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Entry {
    try await client.value(
      of: Command("name/put", [name]).option("force", force, default: false)
        .option("allow-offline", allowOffline, default: false)
        .option("allow-delegated", allowDelegated, default: false).option("quiet", quiet, default: false)
        .sending(file: record), CallOptions(offline, opts, timeout))
  }
}

extension Client.Name {
  /// News of names by pubsub: the commands `name/pubsub/…`.
  public struct Pubsub: Sendable {
    let client: Client
  }

  /// News of names by pubsub.
  public var pubsub: Pubsub { Pubsub(client: client) }
}

extension Client.Name.Pubsub {
  /// Ends the news of a name.
  ///
  /// - Returns: Whether there were any.
  /// - Throws: `errorResponse` if the daemon does without pubsub.
  @discardableResult
  public func cancel(
    _ name: String, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Bool {
    struct Cancellation: Decodable {
      let isCancelled: Bool

      enum CodingKeys: String, CodingKey {
        case isCancelled = "Canceled"
      }
    }
    return try await client.value(
      Cancellation.self, of: Command("name/pubsub/cancel", [name]), CallOptions(offline, opts, timeout)
    ).isCancelled
  }

  /// Asks whether the daemon gets news of names by pubsub.
  public func state(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Bool {
    struct State: Decodable {
      let isEnabled: Bool

      enum CodingKeys: String, CodingKey {
        case isEnabled = "Enabled"
      }
    }
    return try await client.value(
      State.self, of: Command("name/pubsub/state", safe: true), CallOptions(offline, opts, timeout)
    ).isEnabled
  }

  /// Lists the names that the daemon gets news of, as paths.
  ///
  /// - Parameter ipnsBase: How names are written: `b58mh` or a multibase; nil for `base36`.
  /// - Throws: `errorResponse` if the daemon does without pubsub.
  public func subs(
    ipnsBase: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    struct Subscriptions: Decodable {
      let names: [String]?

      enum CodingKeys: String, CodingKey {
        case names = "Strings"
      }
    }
    let subscriptions = try await client.value(
      Subscriptions.self, of: Command("name/pubsub/subs", safe: true).option("ipns-base", ipnsBase),
      CallOptions(offline, opts, timeout))
    return subscriptions.names ?? []
  }
}
