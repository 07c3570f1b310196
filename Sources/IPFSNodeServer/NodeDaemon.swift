import Foundation
public import IPFSNode
public import Logging
import ServiceLifecycle
import UnixSignals

/// An embedded node that other programs use: on the addresses of its configuration, and on a socket in its repo.
///
/// ```
///   REPO/rpc   the socket, for the owner's own programs
///   REPO/api   a line with the first address, as Kubo has it, while it runs
/// ```
public struct NodeDaemon: Sendable {
  /// The name of the socket in a repo.
  public static let socketName = "rpc"
  /// Where it listens if the configuration does not say.
  static let standardAddress = "/ip4/127.0.0.1/tcp/5001"

  /// Why a node cannot be served.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    /// What happened, and what to do.
    public let description: String
  }

  /// The node, open.
  public let node: Node
  /// Where errors go that no caller sees.
  private let logger: Logger
  private let addresses: [RPCServer.Configuration.Address]
  private let access: AccessRules
  private let renewal: NameRenewal

  /// Prepares to serve a node, which stays the caller's to close after ``run(onReady:)``.
  ///
  /// - Parameters:
  ///   - node: The node.
  ///   - addresses: Multiaddrs that take the place of the configuration's `Addresses.API`; nil for those.
  ///   - logger: Where errors go that no caller sees.
  /// - Throws: ``Failure`` for an address that cannot be listened at; `NodeError` for a configuration that cannot be read.
  public init(node: Node, addresses: [String]? = nil, logger: Logger) throws {
    self.node = node
    self.logger = logger
    let configuration = try node.configuration.contents()
    let texts = addresses ?? configuration["Addresses"]?["API"].map(Self.strings) ?? [Self.standardAddress]
    self.addresses = try texts.map { text in
      guard let address = RPCServer.Configuration.Address(text) else {
        throw Failure(description: "\(text) is no address to listen at, such as \(Self.standardAddress) or /unix/PATH")
      }
      return address
    }
    access = AccessRules(configuration["API"])
    renewal = NameRenewal(node, configuration, logger)
  }

  private static func strings(_ value: ConfigurationValue) -> [String] {
    switch value {
    case .string(let text): text.isEmpty ? [] : [text]
    case .list(let values): values.flatMap(strings)
    default: []
    }
  }

  /// Whether it can be reached from other machines by anyone who knows its address.
  public var isOpenToAll: Bool {
    access.authorizations.isEmpty && addresses.contains { !$0.isLocal }
  }

  /// Serves until SIGINT, SIGTERM or the command `shutdown`, and lets running requests end.
  ///
  /// - Parameter onReady: Called once it listens, with the multiaddrs.
  /// - Throws: ``Failure`` where it cannot listen.
  public func run(onReady: @escaping @Sendable ([String]) -> Void) async throws {
    let service = RPCService(Services(node: node, logger: logger), access: access)
    let socket = "\(node.repo.path)/\(Self.socketName)"
    let apiFile = "\(node.repo.path)/api"
    let server = RPCServer(
      RPCServer.Configuration(addresses: addresses + [.unix(path: socket)]), service: service, logger: logger
    ) { addresses in
      let multiaddrs = addresses.map(\.multiaddr)
      try? Data("\(multiaddrs[0])\n".utf8).write(to: URL(filePath: apiFile), options: .atomic)
      onReady(multiaddrs)
    }
    defer { try? FileManager.default.removeItem(atPath: apiFile) }
    var options = ServiceGroupConfiguration(
      services: [.init(service: server), .init(service: renewal)], gracefulShutdownSignals: [.sigterm, .sigint],
      logger: logger)
    options.maximumGracefulShutdownDuration = .seconds(10)
    let group = ServiceGroup(configuration: options)
    service.services.shutdown.accept { Task { await group.triggerGracefulShutdown() } }
    do {
      try await group.run()
    } catch let error as CancellationError {
      throw error
    } catch {
      throw Failure(description: "cannot listen at \(addresses.map(\.multiaddr).joined(separator: ", ")): \(error)")
    }
  }
}

extension NodeDaemon {
  /// Serves a node to its owner's programs alone, on the socket in its repo, beside what else the process does with it.
  ///
  /// - Returns: What ends it.
  /// - Throws: Where the socket cannot be made.
  public static func serveOwner(of node: Node, logger: Logger) async throws -> @Sendable () async -> Void {
    let server = try await ServerTask.start(
      RPCServer.Configuration(addresses: [.unix(path: "\(node.repo.path)/\(socketName)")]),
      service: RPCService(Services(node: node, logger: logger)), logger: logger)
    return { await server.stop() }
  }
}

extension AccessRules {
  /// The rules of a configuration's section `API`.
  package init(_ section: ConfigurationValue?) {
    self.init()
    if case .list(let origins) = section?["HTTPHeaders"]?["Access-Control-Allow-Origin"] {
      allowedOrigins = origins.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
    // What cannot be read opens nothing, and still shuts out those who have no secret.
    let nobody = Authorization(header: "", allowedPaths: [])
    switch section?["Authorizations"] {
    case nil, .null: break
    case .object(let entries): authorizations = entries.values.map { Authorization($0) ?? nobody }
    default: authorizations = [nobody]
    }
  }
}

extension AccessRules.Authorization {
  /// What an entry of the configuration's `API.Authorizations` opens; nil for one that cannot be read.
  fileprivate init?(_ entry: ConfigurationValue) {
    guard case .string(let secret) = entry["AuthSecret"] else { return nil }
    var paths: [String] = []
    if case .list(let values) = entry["AllowedPaths"] {
      paths = values.compactMap { if case .string(let text) = $0 { text } else { nil } }
    }
    self.init(secret: secret, allowedPaths: paths)
  }
}
