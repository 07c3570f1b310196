import Foundation
import IPFSClient
import IPFSNode
import IPFSNodeServer
import Logging
import Testing

/// The daemon that the tests of ``LiveAPI`` ask.
struct LiveDaemon: Sendable {
  /// A way to it.
  enum Link: String, CaseIterable, Sendable, CustomTestStringConvertible {
    /// A port on 127.0.0.1.
    case tcp
    /// A socket in the file system.
    case unix
    /// None: within the process.
    case inProcess
    /// Whatever `SWIPFS_TEST_API` says.
    case named

    var testDescription: String { rawValue }
  }

  /// The address that the environment names; nil to ask our own node.
  static let namedAddress = ProcessInfo.processInfo.environment["SWIPFS_TEST_API"].flatMap { $0.isEmpty ? nil : $0 }

  /// The ways there are.
  static let links: [Link] = namedAddress == nil ? [.tcp, .unix, .inProcess] : [.named]

  /// The daemon of the tests that run.
  @TaskLocal static var current: LiveDaemon?

  /// Where it listens; nil for none, within the process.
  let addresses: [Link: String]
  /// A client for each way.
  let clients: [Link: Client]

  /// Whether a daemon is a node of ours, which does without some of Kubo's commands.
  static func isOurs(_ client: Client) async throws -> Bool {
    try await client.version().commit.hasPrefix("swipfs/")
  }

  /// The running one.
  static func running() throws -> LiveDaemon {
    try #require(current, "the suite has no daemon")
  }

  /// A client of the running daemon, by this way if it is our own.
  static func client(_ link: Link = .tcp) throws -> Client {
    let daemon = try running()
    return try #require(daemon.clients[.named] ?? daemon.clients[link])
  }

  /// Runs `body` with the daemon that the environment names, or else with our own.
  static func with(_ body: () async throws -> Void) async throws {
    if let address = namedAddress {
      let client = try await Client.connect(address)
      defer { Task { await client.close() } }
      let daemon = LiveDaemon(addresses: [.named: address], clients: [.named: client])
      return try await $current.withValue(daemon, operation: body)
    }
    try await OwnDaemon.with { own in
      let daemon = LiveDaemon(
        addresses: own.addresses,
        clients: [
          .tcp: try await Client.connect(own.addresses[.tcp]), .unix: try await Client.connect(own.addresses[.unix]),
          .inProcess: Client(transport: own.transport),
        ])
      do {
        try await $current.withValue(daemon, operation: body)
      } catch {
        for client in daemon.clients.values { await client.close() }
        throw error
      }
      for client in daemon.clients.values { await client.close() }
    }
  }
}

/// A node of ours in a repo that goes with it, served.
struct OwnDaemon {
  let addresses: [LiveDaemon.Link: String]
  let transport: InProcessTransport
  let server: ServerTask

  /// Serves a new node while `body` runs.
  static func with(_ body: (OwnDaemon) async throws -> Void) async throws {
    let repo = try LocalFolder()
    // What the tests do not pin is not to go before they have read it.
    var options = Node.Options()
    options.collectsGarbage = false
    let node = try Node.open(path: repo.path, options: options)
    let logger = Logger(label: "test")
    let service = RPCService(Services(node: node, logger: logger), access: AccessRules())
    let configuration = RPCServer.Configuration(
      addresses: [.tcp(host: "127.0.0.1", port: 0), .unix(path: "\(repo.path)/socket")])
    let server = try await ServerTask.start(configuration, service: service, logger: logger, endsOnRequest: true)
    var addresses: [LiveDaemon.Link: String] = [:]
    for address in server.addresses {
      if case .tcp = address { addresses[.tcp] = address.multiaddr } else { addresses[.unix] = address.multiaddr }
    }
    let own = OwnDaemon(addresses: addresses, transport: InProcessTransport(service), server: server)
    do {
      try await body(own)
    } catch {
      await server.stop()
      try await node.close()
      throw error
    }
    await server.stop()
    try await node.close()
  }
}

/// Has the daemon run around all tests of a suite.
struct LiveDaemonTrait: SuiteTrait, TestScoping {
  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await LiveDaemon.with(function)
  }
}

extension Trait where Self == LiveDaemonTrait {
  /// Has the daemon run around all tests of the suite.
  static var liveDaemon: LiveDaemonTrait { LiveDaemonTrait() }
}
