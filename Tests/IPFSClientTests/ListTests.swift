import IPFSClient
import Multiformats
import RPCTestSupport
import Testing

/// Methods that take any number of arguments take a list of them, too.
struct ListTests {
  private static let cids = [Recorded.hello, Recorded.absent]

  /// A command, and the method that gives it a list.
  struct Command: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let call: @Sendable (Client, [String]) async throws -> Void

    init(_ name: String, _ call: @escaping @Sendable (Client, [String]) async throws -> Void) {
      testDescription = name
      self.call = call
    }
  }

  static let commands = [
    Command("block/rm") { _ = try await $0.block.rm($1).collect() },
    Command("bootstrap/add") { _ = try await $0.bootstrap.add($1) },
    Command("bootstrap/rm") { _ = try await $0.bootstrap.rm($1) },
    Command("cid/base32") { _ = try await $0.cid.base32($1).collect() },
    Command("cid/format") { _ = try await $0.cid.format($1).collect() },
    Command("dag/stat") { _ = try await $0.dag.stat($1) },
    Command("dag/stat") { _ = try await $0.dag.statWithProgress($1).collect() },
    Command("routing/findpeer") { _ = try await $0.dht.findpeer($1).collect() },
    Command("routing/findprovs") { _ = try await $0.dht.findprovs($1).collect() },
    Command("routing/get") { _ = try await $0.dht.get($1) },
    Command("routing/provide") { _ = try await $0.dht.provide($1).collect() },
    Command("dht/query") { _ = try await $0.dht.query($1).collect() },
    Command("files/rm") { _ = try await $0.files.rm($1) },
    Command("filestore/ls") { _ = try await $0.filestore.ls($1).collect() },
    Command("filestore/verify") { _ = try await $0.filestore.verify($1).collect() },
    Command("key/rm") { _ = try await $0.key.rm($1) },
    Command("ls") { _ = try await $0.ls($1).collect() },
    Command("pin/add") { _ = try await $0.pin.add($1) },
    Command("pin/add") { _ = try await $0.pin.addWithProgress($1).collect() },
    Command("pin/ls") { _ = try await $0.pin.ls($1).collect() },
    Command("pin/rm") { _ = try await $0.pin.rm($1) },
    Command("pin/verify") { _ = try await $0.pin.verify($1).collect() },
    Command("ping") { _ = try await $0.ping($1).collect() },
    Command("provide/once") { _ = try await $0.provide.once($1).collect() },
    Command("refs") { _ = try await $0.unstable.refs($1).collect() },
    Command("routing/provide") { _ = try await $0.routing.provide($1).collect() },
    Command("stats/dht") { _ = try await $0.stats.dht($1).collect() },
    Command("swarm/connect") { _ = try await $0.swarm.connect($1) },
    Command("swarm/disconnect") { _ = try await $0.swarm.disconnect($1) },
    Command("swarm/filters/add") { _ = try await $0.swarm.filters.add($1) },
    Command("swarm/filters/rm") { _ = try await $0.swarm.filters.rm($1) },
    Command("swarm/peering/add") { _ = try await $0.swarm.peering.add($1).collect() },
    Command("swarm/peering/rm") { _ = try await $0.swarm.peering.rm($1).collect() },
  ]

  @Test(arguments: commands) func isSentWhole(_ command: Command) async throws {
    let transport = ScriptedTransport()
    // Not the reply counts here, but what was asked.
    try? await command.call(Client(transport: transport), Self.cids)
    let arguments = Self.cids.map { "arg=" + $0 }
    let request = try #require(transport.requests.first)
    #expect(request.split(separator: "?").first.map(String.init) == command.testDescription)
    #expect(request.split { "?&".contains($0) }.map(String.init).filter { $0.hasPrefix("arg=") } == arguments)
  }

  @Test func ofCIDs() async throws {
    let transport = ScriptedTransport()
    let cids = try Self.cids.map { try CID($0) }
    #expect(try await Client(transport: transport).pin.ls(cids).collect().isEmpty)
    #expect(transport.requests == ["pin/ls?arg=\(Self.cids[0])&arg=\(Self.cids[1])&stream=true"])
  }
}
