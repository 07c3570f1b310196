import IPFSNode
import IPFSNodeServer
import Logging

/// A node that is served while a test runs.
struct ServedNode {
  let repo: TemporaryRepo
  let node: Node
  let service: RPCService
  let server: ServerTask

  /// The port on 127.0.0.1.
  var port: Int {
    for case .tcp(_, let port) in server.addresses { return port }
    return 0
  }

  /// Serves a new node on TCP and on a unix socket while `body` runs.
  static func with(
    commands: [Command]? = nil, access: AccessRules = AccessRules(),
    configure: (inout RPCServer.Configuration) -> Void = { _ in },
    _ body: (ServedNode) async throws -> Void
  ) async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    let logger = Logger(label: "test")
    let table = commands.map { CommandTable($0) } ?? .standard
    let service = RPCService(Services(node: node, table: table, logger: logger), access: access)
    var configuration = RPCServer.Configuration(
      addresses: [.tcp(host: "127.0.0.1", port: 0), .unix(path: "\(repo.path)/rpc")])
    configure(&configuration)
    let server = try await ServerTask.start(configuration, service: service, logger: logger)
    do {
      try await body(ServedNode(repo: repo, node: node, service: service, server: server))
    } catch {
      await server.stop()
      try await node.close()
      throw error
    }
    await server.stop()
    try await node.close()
  }
}
