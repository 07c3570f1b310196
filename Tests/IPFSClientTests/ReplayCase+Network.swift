import IPFSClient
import Multiformats
import RPCTestSupport
import Testing

extension ReplayCase {
  /// An address of a peer that cannot be reached.
  private static let address = "/ip4/127.0.0.1/tcp/4999/p2p/\(Recorded.peer)"

  /// A call that gives texts: those of a list in the response.
  private static func texts(
    _ name: String, _ expected: [String], _ call: @escaping @Sendable (Client) async throws -> [String]
  ) -> ReplayCase {
    .result(name) {
      try await call($0)
    } expect: { texts, _ in
      #expect(texts == expected)
    }
  }

  /// Commands about peers.
  static let network: [ReplayCase] = bootstraps + swarms + routings + pubsubs

  private static let bootstraps: [ReplayCase] = [
    texts("bootstrap add", [address]) { try await $0.bootstrap.add(address) },
    texts("bootstrap list", [address]) { try await $0.bootstrap.list() },
    texts("bootstrap rm", [address]) { try await $0.bootstrap.rm(address) },
    .fails("bootstrap add malformed") { try await $0.bootstrap.add("nonsense") },
    texts("bootstrap rm all", []) { try await $0.bootstrap.rmAll() },
  ]

  private static let swarms: [ReplayCase] = [
    .value("bitswap stat") { try await $0.bitswap.stat() },
    .value("bitswap wantlist", at: ["Keys"]) { try await $0.bitswap.wantlist() },
    .value("stats bw") {
      let bandwidths = try await $0.stats.bw().collect()
      return try #require(bandwidths.first)
    },
    .value("stats repo") {
      try await $0.stats.repo()
    } expect: {
      #expect($0.repoSize == 1_774_724)
    },
    .result("swarm peers") {
      try await $0.swarm.peers()
    } expect: { peers, _ in
      #expect(peers.isEmpty)
    },
    .value("swarm addrs", at: ["Addrs"]) { try await $0.swarm.addrs() },
    texts("swarm addrs local", ["/ip4/127.0.0.1/tcp/42205"]) { try await $0.swarm.addrsLocal() },
    texts("swarm addrs listen", ["/ip4/127.0.0.1/tcp/42205", "/p2p-circuit"]) { try await $0.swarm.addrsListen() },
    .fails("swarm connect refused") { try await $0.swarm.connect(address) },
    .fails("swarm connect malformed") { try await $0.swarm.connect("nonsense") },
    texts("swarm disconnect", ["disconnect \(Recorded.peer) failure: conn not found"]) {
      try await $0.swarm.disconnect(address)
    },
    texts("swarm filters", []) { try await $0.swarm.filters.list() },
    texts("swarm filters add", [network16]) { try await $0.swarm.filters.add(network16) },
    texts("swarm filters rm", [network16]) { try await $0.swarm.filters.rm(network16) },
    .fails("ping unreachable") { try await $0.ping(Recorded.peer, count: 1).collect() },
  ]

  private static let network16 = "/ip4/192.168.0.0/ipcidr/16"
  private static let name = "/ipns/k51qzi5uqu5dh71qgwangrt6r0nd4094i88nsady6qgd1dhjcyfsaqmpp143ab"

  private static let routings: [ReplayCase] = [
    .fails("dht query") { try await $0.dht.query(Recorded.peer).collect() },
    .fails("routing findpeer", .routingNotFound) { try await $0.routing.findpeer(Recorded.peer).collect() },
    .values("routing findprovs") { $0.routing.findprovs(Recorded.hello, numProviders: 1) },
    .fails("routing get", .routingNotFound) { try await $0.routing.get(name) },
    .values("routing put") {
      $0.routing.put(name, .text("rec"))
    } expect: {
      #expect($0.map(\.kind) == [.value])
    },
    .fails("routing provide") { try await $0.routing.provide(Recorded.hello).collect() },
  ]

  private static let pubsubs: [ReplayCase] = [
    texts("pubsub ls", []) { try await $0.pubsub.ls() },
    texts("pubsub peers", []) { try await $0.pubsub.peers() },
    .done("pubsub pub") { try await $0.pubsub.publish("testing", "hello") },
  ]
}
