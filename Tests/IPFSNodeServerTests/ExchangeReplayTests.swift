import Foundation
import IPFSNode
import IPFSNodeServer
import Logging
import RPCTestSupport
import Testing

/// What the node answers, against what a real daemon answered to the same requests in the same order.
struct ExchangeReplayTests {
  /// Fields in which the node differs, by the exchange's name; `*` is the whole reply. Each with the reason.
  static let exceptions: [String: (field: String, reason: String)] = [:]

  @Test func repliesAreThoseOfADaemon() async throws {
    let exchanges = try Exchange.all()
    let repo = try TemporaryRepo(profile: "legacy-cid-v0")
    let node = try Node.open(path: repo.path)
    let service = RPCService(Services(node: node, logger: Logger(label: "test")))
    var comparison = ReplyComparison()
    // While the node is being built, one family can be looked at alone.
    let families = ProcessInfo.processInfo.environment["SWIPFS_REPLAY"]?.split(separator: ",").map(String.init)
    for exchange in exchanges {
      let sink = RecordingSink()
      try await service.respond(to: comparison.request(of: exchange), through: sink)
      let differences = comparison.differences(
        between: exchange, and: sink.recorded, except: Self.exceptions[exchange.name]?.field)
      guard families == nil || families?.contains(where: { exchange.request.command.hasPrefix($0) }) == true
      else { continue }
      #expect(differences == [], "\(exchange.name): \(exchange.request.command) \(exchange.request.query)")
    }
    #expect(Self.exceptions.count <= 30)
    #expect(Set(Self.exceptions.keys).subtracting(exchanges.map(\.name)) == [])
    try await node.close()
  }
}
