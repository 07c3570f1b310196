import Foundation
import HTTPTypes
import HummingbirdCore
package import Logging
import Multiformats
import NIOCore
import NIOPosix
public import ServiceLifecycle
import Synchronization

/// Kubo's HTTP RPC over an embedded node.
///
/// ```
///   TCP, unix socket ──▶ HTTP ──┐
///                               ├──▶ RPCService ──▶ CommandTable ──▶ Node
///   InProcessTransport ─────────┘
/// ```
///
/// Source: https://docs.ipfs.tech/reference/kubo/rpc/
public final class RPCServer: Service {
  /// Where it listens, and what it lets in.
  public struct Configuration: Sendable {
    /// A place to listen at.
    public enum Address: Hashable, Sendable {
      /// A TCP port of an interface; port 0 for any that is free.
      case tcp(host: String, port: Int)
      /// A unix socket, which only the owner can use.
      case unix(path: String)
    }

    /// Where it listens.
    public var addresses: [Address]
    /// How long a connection may be silent before a request, or within its body, in seconds.
    public var idleTimeout: Double = 120
    /// How many connections there may be at each address; more are answered with 503.
    public var maximumConnections = 1024

    /// Listens at addresses.
    public init(addresses: [Address]) {
      self.addresses = addresses
    }
  }

  private let configuration: Configuration
  private let service: RPCService
  private let onReady: @Sendable ([Configuration.Address]) async -> Void
  private let logger: Logger

  /// Serves a node, which stays the caller's to close after ``run()`` has returned.
  ///
  /// - Parameters:
  ///   - configuration: Where it listens.
  ///   - service: What it serves.
  ///   - logger: Where errors go that no caller sees.
  ///   - onReady: Called once it listens, with the real ports.
  package init(
    _ configuration: Configuration, service: RPCService, logger: Logger,
    onReady: @escaping @Sendable ([Configuration.Address]) async -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.service = service
    self.logger = logger
    self.onReady = onReady
  }

  /// Serves until the task is cancelled or a graceful shutdown is asked for, which lets running requests end.
  ///
  /// - Throws: For an address that cannot be listened at.
  public func run() async throws {
    let ready = Mutex<[Int: Configuration.Address]>([:])
    let count = configuration.addresses.count
    // Its sockets are bound through them.
    var folders: [SocketFolder] = []
    defer { folders.removeAll() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, address) in configuration.addresses.enumerated() {
        var place = address
        if case .unix(let path) = address, let folder = SocketFolder(ofLong: path) {
          folders.append(folder)
          place = .unix(path: folder.socket)
        }
        let server = try server(at: place) { channel in
          let found = ready.withLock { ready in
            ready[index] = Self.address(address, of: channel)
            return ready.count == count ? ready.sorted { $0.key < $1.key }.map(\.value) : nil
          }
          if let found { await self.onReady(found) }
        }
        group.addTask { try await server.run() }
      }
      // An address that cannot be listened at ends the others.
      while try await group.next() != nil {}
    }
    for case .unix(let path) in configuration.addresses { unlink(path) }
  }

  private func server(
    at address: Configuration.Address, onRunning: @escaping @Sendable (any Channel) async -> Void
  ) throws -> any Service {
    let limit = ConnectionLimit(configuration.maximumConnections)
    let idleTimeout = TimeAmount.milliseconds(Int64(configuration.idleTimeout * 1000))
    let place: BindAddress =
      switch address {
      case .tcp(let host, let port): .hostname(host, port: port)
      case .unix(let path): .unixDomainSocket(path: path)
      }
    let service = self.service
    let isTrusted = if case .unix = address { true } else { false }
    return try HTTPServerBuilder.http1(
      configuration: .init(additionalChannelHandlers: [ConnectionHandler(limit)], idleTimeout: idleTimeout)
    ).buildServer(
      configuration: ServerConfiguration(address: place, backlog: 1024),
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
      logger: logger,
      responder: { request, writer, channel in
        try await HTTPExchange.carryOut(request, service, writer, channel, isTrusted: isTrusted)
      },
      onServerRunning: { channel in
        if case .unix(let path) = address { chmod(path, 0o600) }
        await onRunning(channel)
      })
  }

  private static func address(_ address: Configuration.Address, of channel: any Channel) -> Configuration.Address {
    guard case .tcp(let host, _) = address, let port = channel.localAddress?.port else { return address }
    return .tcp(host: host, port: port)
  }
}

extension RPCServer.Configuration.Address {
  /// The address of a multiaddr: `/ip4/HOST/tcp/PORT`, `/ip6/…`, or `/unix/PATH`; nil for another one.
  public init?(_ multiaddr: String) {
    if multiaddr.hasPrefix("/unix/") {
      self = .unix(path: String(multiaddr.dropFirst(5)))
      return
    }
    let parts = multiaddr.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 5 || (parts.count == 6 && parts[5] == "http"), parts[0].isEmpty, parts[3] == "tcp",
      let port = UInt16(parts[4]), (try? Multiaddr(parts.prefix(5).joined(separator: "/"))) != nil,
      ["ip4", "ip6", "dns", "dns4", "dns6"].contains(parts[1])
    else { return nil }
    self = .tcp(host: parts[2], port: Int(port))
  }

  /// Its multiaddr.
  public var multiaddr: String {
    switch self {
    case .unix(let path): "/unix\(path.hasPrefix("/") ? path : "/" + path)"
    case .tcp(let host, let port): "/\(Self.family(of: host))/\(host)/tcp/\(port)"
    }
  }

  /// Whether only this machine can reach it.
  public var isLocal: Bool {
    switch self {
    case .unix: true
    case .tcp(let host, _): host.hasPrefix("127.") || host == "::1" || host == "localhost"
    }
  }

  private static func family(of host: String) -> String {
    var address4 = in_addr()
    var address6 = in6_addr()
    if inet_pton(AF_INET, host, &address4) == 1 { return "ip4" }
    return inet_pton(AF_INET6, host, &address6) == 1 ? "ip6" : "dns"
  }
}

/// The open folder of a socket whose path is longer than a socket's address can be (107 bytes), and a short path to the
/// socket through it.
private final class SocketFolder: Sendable {
  /// The most bytes of a path in a `sockaddr_un`.
  private static let limit = 107

  /// The short path.
  let socket: String
  private let descriptor: CInt

  /// Opens the folder; nil for a path that is short enough, and for a folder that cannot be opened.
  init?(ofLong path: String) {
    guard path.utf8.count > Self.limit, let slash = path.lastIndex(of: "/") else { return nil }
    descriptor = open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    socket = "/proc/self/fd/\(descriptor)\(path[slash...])"
    if descriptor < 0 { return nil }
  }

  deinit { close(descriptor) }
}
