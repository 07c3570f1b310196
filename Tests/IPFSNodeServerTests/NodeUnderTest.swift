import Foundation
import IPFSClient
import IPFSNode
import IPFSNodeServer
import Logging

/// A node with a client in the same process.
struct NodeUnderTest: Sendable {
  let repo: TemporaryRepo
  let node: Node
  let services: Services
  let client: Client

  init() throws {
    repo = try TemporaryRepo()
    node = try Node.open(path: repo.path)
    services = Services(node: node, logger: Logger(label: "swipfs.test") { _ in SwiftLogNoOpLogHandler() })
    client = Client(transport: InProcessTransport(RPCService(services)))
  }

  /// The message with which the node refuses something; nil if it does not.
  func refusal(_ body: () async throws -> Void) async -> String? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? ClientError)?.message ?? "\(error)"
    }
  }
}
