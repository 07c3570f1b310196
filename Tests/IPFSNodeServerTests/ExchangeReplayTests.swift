import Foundation
import IPFSNode
import IPFSNodeServer
import Logging
import RPCTestSupport
import Testing
import UnixFS

/// What the node answers, against what a real daemon answered to the same requests in the same order.
struct ExchangeReplayTests {
  private static let removed = "older programs need it; a Kubo of today has removed it"

  /// Fields in which the node differs, by the exchange's name; `*` is the whole reply. Each with the reason.
  static let exceptions: [String: (field: String, reason: String)] = [
    "object new": ("*", removed),
    "object new unixfs-dir": ("*", removed),
    "object get": ("*", removed),
    "object links": ("*", removed),
    "object data": ("*", removed),
    "object stat": ("*", removed),
    "object put": ("*", removed),
    "object patch append-data": ("*", removed),
    "object patch set-data": ("*", removed),
    "swarm connect refused": ("Message", "the node has no network, so that nobody refuses"),
    "routing put": ("*", "a record that is none is refused; the recorded daemon had no routing system to do that"),
    "ping unreachable": ("*", "the node has no network, and so keeps no addresses of peers"),
    "cat timeout": ("Message", "without a network nobody waits for what is not here"),
  ]

  /// Gives a repo the configuration that the recorded daemon had.
  private static func configure(_ repo: TemporaryRepo, as exchanges: [Exchange]) throws {
    let shown = try #require(exchanges.first { $0.request.command == "config/show" }?.response.body.bytes)
    var configuration = try ConfigurationValue(json: shown)
    configuration["Identity"] = nil
    try Data(configuration.json()).write(to: URL(filePath: "\(repo.path)/config"))
  }

  @Test func repliesAreThoseOfADaemon() async throws {
    let exchanges = try Exchange.all()
    let repo = try TemporaryRepo()
    try Self.configure(repo, as: exchanges)
    // Where that says nothing of imports, Kubo has another profile than this node.
    let node = try Node.open(path: repo.path, options: Node.Options(profile: .kuboDefault))
    let service = RPCService(Services(node: node, logger: Logger(label: "test")))
    var comparison = ReplyComparison()
    try await Self.addWhatWasThere(service)
    // While the node is being built, one family can be looked at alone.
    let families = ProcessInfo.processInfo.environment["SWIPFS_REPLAY"]?.split(separator: ",").map(String.init)
    for exchange in exchanges {
      if exchange.name == "ls symlink dir" {
        // A directory of files that `files/write` made, whose CID no exchange tells.
        comparison.learn(exchange.request.query[0][1], try await Self.path(ofFiles: "/d", service))
      }
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

  private static func path(ofFiles path: String, _ service: RPCService) async throws -> String {
    let sink = RecordingSink()
    let request = RPCRequest(
      command: "files/stat", query: [(name: "arg", value: path), (name: "hash", value: "true")], isTrusted: true)
    try await service.respond(to: request, through: sink)
    let reply = try JSONSerialization.jsonObject(with: Data(sink.recorded.body)) as? [String: Any]
    return "/ipfs/" + (try #require(reply?["Hash"] as? String))
  }

  /// Adds what the daemon had before the first exchange: an empty directory, as each one has it, and a small one.
  private static func addWhatWasThere(_ service: RPCService) async throws {
    let empty = TestForm(directories: ["empty"])
    let small = TestForm(directories: ["small", "small/sub"], files: [("small/a", "a\n"), ("small/sub/b", "b\n")])
    for form in [empty, small] {
      let sink = RecordingSink()
      try await service.respond(to: form.request("add"), through: sink)
      #expect(sink.recorded.status == 200)
    }
  }
}
