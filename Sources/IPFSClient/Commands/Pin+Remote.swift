public import Multiformats

extension Client.Pin {
  /// Pins at services that keep content for others: the commands `pin/remote/…`.
  public struct Remote: Sendable {
    let client: Client
  }

  /// Pins at services that keep content for others.
  public var remote: Remote { Remote(client: client) }
}

extension Client.Pin.Remote {
  /// How far a service is with a pin.
  public enum Status: String, Codable, Hashable, Sendable {
    /// It will be pinned.
    case queued
    /// It is being fetched.
    case pinning
    /// It is pinned.
    case pinned
    /// It could not be pinned.
    case failed
    /// The service says something else.
    case unknown
  }

  /// A pin at a service.
  public struct Entry: Codable, Hashable, Sendable {
    /// What is pinned.
    public let cid: CID
    /// How far the service is.
    public let status: Status
    /// The pin's name; empty if it has none.
    public let name: String

    private enum CodingKeys: String, CodingKey {
      case cid = "Cid"
      case status = "Status"
      case name = "Name"
    }
  }

  /// Asks a service to pin content.
  ///
  /// - Parameters:
  ///   - path: What to pin.
  ///   - service: The service's name.
  ///   - name: A name for the pin.
  ///   - background: Whether the command ends when the service has taken the order, and not when it is carried out.
  @discardableResult
  public func add(
    _ path: some ContentPath, service: String, name: String? = nil, background: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Entry {
    try await client.value(
      of: Command("pin/remote/add", [path.contentPath]).option("service", service).option("name", name)
        .option("background", background, default: false), CallOptions(offline, opts, timeout))
  }

  /// Lists pins of a service.
  ///
  /// - Parameters:
  ///   - service: The service's name.
  ///   - name: Only those of exactly this name.
  ///   - cids: Only those of these; none for all.
  ///   - status: Only those that are so far; none for `pinned`.
  public func ls(
    service: String, name: String? = nil, cids: [CID] = [], status: [Status] = [], offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Entry> {
    client.objects(
      of: Command("pin/remote/ls", safe: true).option("service", service).option("name", name)
        .option("cid", each: cids.map(\.description)).option("status", each: status.map(\.rawValue)),
      CallOptions(offline, opts, timeout))
  }

  /// Removes pins from a service: those that `ls` lists with the same parameters.
  ///
  /// - Parameters:
  ///   - service: The service's name.
  ///   - name: Only those of exactly this name.
  ///   - cids: Only those of these; none for all.
  ///   - status: Only those that are so far; none for `pinned`.
  ///   - force: Whether there may be more than one; otherwise that is an error.
  public func rm(
    service: String, name: String? = nil, cids: [CID] = [], status: [Status] = [], force: Bool = false,
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("pin/remote/rm").option("service", service).option("name", name).option(
        "cid", each: cids.map(\.description)
      )
      .option("status", each: status.map(\.rawValue)).option("force", force, default: false),
      CallOptions(offline, opts, timeout))
  }
}

extension Client.Pin.Remote {
  /// The services that the daemon knows: the commands `pin/remote/service/…`.
  public struct Service: Sendable {
    let client: Client
  }

  /// The services that the daemon knows.
  public var service: Service { Service(client: client) }
}

extension Client.Pin.Remote.Service {
  /// How many pins a service has.
  public struct PinCount: Codable, Hashable, Sendable {
    /// Those that will be pinned.
    public let queued: Int
    /// Those that are being fetched.
    public let pinning: Int
    /// Those that are pinned.
    public let pinned: Int
    /// Those that could not be pinned.
    public let failed: Int

    private enum CodingKeys: String, CodingKey {
      case queued = "Queued"
      case pinning = "Pinning"
      case pinned = "Pinned"
      case failed = "Failed"
    }
  }

  /// Whether a service answers.
  public struct Stat: Codable, Hashable, Sendable {
    /// `valid` if it answers and knows the key, otherwise `invalid`.
    public let status: String
    /// How many pins it has; nil if it does not answer.
    public let pinCount: PinCount?

    private enum CodingKeys: String, CodingKey {
      case status = "Status"
      case pinCount = "PinCount"
    }
  }

  /// A service.
  public struct Entry: Codable, Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Its URL.
    public let endpoint: String
    /// Whether it answers; nil unless asked for.
    public let stat: Stat?

    private enum CodingKeys: String, CodingKey {
      case name = "Service"
      case endpoint = "ApiEndpoint"
      case stat = "Stat"
    }
  }

  /// Makes a service known.
  ///
  /// - Parameters:
  ///   - name: A name for it.
  ///   - endpoint: Its URL.
  ///   - key: The secret that it knows the daemon by.
  public func add(
    _ name: String, endpoint: String, key: String, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("pin/remote/service/add", [name, endpoint, key]), CallOptions(offline, opts, timeout))
  }

  /// Lists the services by name.
  ///
  /// - Parameter stat: Whether each is asked how many pins it has.
  public func ls(
    stat: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [Entry] {
    struct Services: Decodable {
      let entries: [Entry]?

      enum CodingKeys: String, CodingKey {
        case entries = "RemoteServices"
      }
    }
    let services = try await client.value(
      Services.self, of: Command("pin/remote/service/ls", safe: true).option("stat", stat, default: false),
      CallOptions(offline, opts, timeout))
    return services.entries ?? []
  }

  /// Forgets a service; no error if it is not known.
  public func rm(
    _ name: String, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(Command("pin/remote/service/rm", [name]), CallOptions(offline, opts, timeout))
  }
}
