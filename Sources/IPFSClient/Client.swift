import Synchronization

/// A connection to an IPFS daemon, or to a node in the same process.
///
/// ```swift
/// let client = try await Client.connect()
/// let cid = try await client.addString("hello")
/// let text = try await client.cat(cid).text()
/// try await client.files.cp("/ipfs/\(cid)", to: "/hello")
/// await client.close()
/// ```
///
/// Each family of commands is a section: ``files``, ``block`` and so on. Every command takes the same last parameters:
/// - `offline`: whether the daemon may only use what it has; nil for the client's default.
/// - `opts`: further options, which override those of the other parameters.
/// - `timeout`: how long this client waits for the daemon; nil for the client's default. A limit of the daemon's own is
///   the option `timeout`: `opts: ["timeout": "30s"]`.
///
/// Commands that give one value are `async` and throw ``ClientError``. Commands that give many, or bytes, return an
/// ``ObjectStream`` or a ``ByteStream`` at once; each iteration of that sends the command.
public final class Client: Sendable {
  /// How commands travel; of use for a command that has no method here.
  public let transport: any Transport
  /// How many bytes of a file are read and sent at once.
  public let chunkSize: Int
  /// What `offline` is where a call does not say; nil leaves it to the daemon.
  public let offline: Bool?

  private struct Sessions {
    /// How many scopes are open.
    var count = 0
    /// What lets go of the connections of earlier ones.
    var closing: Task<Void, Never>?
  }

  /// Guards the session scopes and nothing else.
  private let sessions = Mutex(Sessions())
  /// How the daemon's version writes messages of pubsub.
  private let daemonPubsubEncoding = Mutex(Pubsub.Encoding.multibase)

  /// How messages of pubsub are written where a call does not say.
  var pubsubEncoding: Pubsub.Encoding { daemonPubsubEncoding.withLock { $0 } }

  /// Makes a client of a transport, such as a node in the same process.
  public init(transport: any Transport, chunkSize: Int = ClientConfiguration.defaultChunkSize, offline: Bool? = nil) {
    self.transport = transport
    self.chunkSize = max(chunkSize, 1)
    self.offline = offline
  }

  /// Makes a client of a configuration. Nothing is sent yet.
  ///
  /// - Throws: `address` for an address of no known form, `encoding` for headers that HTTP does not allow.
  public convenience init(_ configuration: ClientConfiguration) throws(ClientError) {
    try self.init(
      transport: HTTPTransport(configuration), chunkSize: configuration.chunkSize, offline: configuration.offline)
  }

  /// Connects to a daemon and checks that its version is one that this client knows.
  ///
  /// ``init(_:)`` makes a client that does not ask, for a daemon of any version.
  ///
  /// - Parameters:
  ///   - address: Where it listens, such as `/ip4/127.0.0.1/tcp/5001`; nil to look where a daemon would say it is
  ///     (``ClientConfiguration/discoverAddress(environment:)``).
  ///   - configuration: All else.
  /// - Throws: `address`, `versionMismatch`, or what the first request throws.
  public static func connect(
    _ address: String? = nil, configuration: ClientConfiguration = ClientConfiguration()
  ) async throws -> Client {
    var configuration = configuration
    if let address { configuration.address = address }
    let client = try Client(configuration)
    do {
      try VersionRange.supported.check(await client.applyWorkarounds().version)
    } catch {
      await client.close()
      throw error
    }
    return client
  }

  /// Asks for the daemon's version and goes by what is known of it from then on, as ``connect(_:configuration:)`` does.
  ///
  /// With daemons before 0.11, ``pubsub`` uses the encoding `plain` where a call does not say.
  ///
  /// - Returns: The version.
  @discardableResult
  public func applyWorkarounds(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Version {
    let version = try await version(offline: offline, opts: opts, timeout: timeout)
    let isPlain = (try? VersionRange(minimum: "0", maximum: "0.11").check(version.version)) != nil
    daemonPubsubEncoding.withLock { $0 = isPlain ? .plain : .multibase }
    return version
  }

  /// Closes all connections: a request that goes over one ends with an error, one that waits for one gets a new one. The
  /// client can still be used.
  public func close() async {
    await transport.close()
  }

  /// Runs `body` and closes the client, as ``close()`` does, at the end of the outermost such scope. It can be opened
  /// again.
  public nonisolated(nonsending) func withSession<Result>(
    _ body: nonisolated(nonsending) (Client) async throws -> Result
  ) async throws -> Result {
    let closing = sessions.withLock { sessions in
      sessions.count += 1
      return sessions.closing
    }
    // Its connections are none of those that an earlier scope lets go of.
    await closing?.value
    do {
      let result = try await body(self)
      await endSession()
      return result
    } catch {
      await endSession()
      throw error
    }
  }

  private func endSession() async {
    let closing: Task<Void, Never>? = sessions.withLock { sessions in
      sessions.count -= 1
      guard sessions.count == 0 else { return nil }
      let closing = Task { [transport] in await transport.close() }
      sessions.closing = closing
      return closing
    }
    await closing?.value
  }
}
