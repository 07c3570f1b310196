import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `swarm/…`, `routing/…`, `dht/…`, `p2p/…`, `ping`: what a daemon says that has no peers, or runs offline.
  struct NetworkTests {
    /// Where no peer is.
    private static let address = "/ip4/127.0.0.1/tcp/9/p2p/\(Sample.peer)"

    let client: Client

    init() throws { client = try LiveDaemon.client(.inProcess) }

    // MARK: swarm

    @Test func connections() async throws {
      let peers = try await ifServed { try await client.swarm.peers() }
      #expect(peers?.contains { $0.peer == Sample.peer } != true)
      let verbose = try await ifServed {
        try await client.swarm.peers(verbose: true, streams: true, latency: true, direction: true, identify: true)
      }
      #expect((verbose == nil) == (peers == nil))
      let refused = try await failure { try await client.swarm.connect(Self.address, opts: ["timeout": "10s"]) }
      #expect(refused.code == .errorResponse && refused.command == "swarm/connect")
      let nonsense = try await failure { try await client.swarm.connect("nonsense") }
      #expect(nonsense.code == .errorResponse)
      let told = try await ifServed { try await client.swarm.disconnect(Self.address) }
      #expect(told == nil || told == ["disconnect \(Sample.peer) failure: conn not found"])
    }

    @Test func addresses() async throws {
      let known = try await ifServed { try await client.swarm.addrs() }
      #expect(known?.values.allSatisfy { $0.allSatisfy { $0.hasPrefix("/") } } != false)
      let local = try await ifServed { try await client.swarm.addrsLocal() }
      let named = try await ifServed { try await client.swarm.addrsLocal(id: true) }
      let own = try await client.id().id
      #expect(named?.allSatisfy { $0.hasSuffix("/p2p/\(own)") } != false)
      #expect(named?.count == local?.count)
      let listening = try await ifServed { try await client.swarm.addrsListen() }
      #expect(listening?.allSatisfy { $0.hasPrefix("/") } != false)
      let reachability = try await ifServed { try await client.swarm.addrsAutonat() }
      #expect(["Public", "Private", "Unknown", nil].contains(reachability?.reachability))
      let resources = try await ifServed("ResourceMgr", "resource manager") { try await client.swarm.resources() }
      #expect((resources?.system.connsUsage ?? 0) >= 0)
    }

    @Test func peersToStayWith() async throws {
      let added = try await ifServed { try await client.swarm.peering.add(Self.address).collect() }
      guard let added else { return }
      #expect(added.map(\.id) == [Sample.peer] && added.map(\.status) == ["success"])
      let listed = try await client.swarm.peering.ls()
      #expect(listed.first { $0.id == Sample.peer }?.addresses == ["/ip4/127.0.0.1/tcp/9"])
      let removed = try await client.swarm.peering.rm(Sample.peer).collect()
      #expect(removed.map(\.id) == [Sample.peer])
      #expect(try await client.swarm.peering.ls().contains { $0.id == Sample.peer } == false)
    }

    @Test func aPeerThatIsNotThereDoesNotAnswer() async throws {
      let error = try await failure { try await client.ping(Sample.peer, count: 1, opts: ["timeout": "20s"]).collect() }
      #expect(error.code.isStatusError && error.command == "ping")
      let unknown = try await failure { try await client.id(Sample.peer, opts: ["timeout": "20s"]) }
      #expect(unknown.code == .errorResponse && unknown.command == "id")
    }

    // MARK: routing and dht

    @Test func whatNobodyKnowsIsNotFound() async throws {
      let cid = try await client.addString(Sample.text(), options: .unpinned)
      let options: ExtraOptions = ["timeout": "20s"]
      let name = try await client.withKey { $0.id }
      let errors = [
        try await failure { try await client.routing.findpeer(Sample.peer, opts: options).collect() },
        try await failure { try await client.dht.findpeer(Sample.peer, opts: options).collect() },
        try await failure { try await client.routing.get("/ipns/\(name)", opts: options) },
        try await failure { try await client.dht.get("/ipns/\(name)", opts: options) },
        try await failure { try await client.routing.provide(cid, opts: options).collect() },
        try await failure { try await client.dht.provide(cid, opts: options).collect() },
        try await failure { try await client.routing.reprovide(opts: options) },
        try await failure { try await client.bitswap.reprovide(opts: options) },
        try await failure { try await client.provide.once(cid, opts: options).collect() },
        try await failure { try await client.dht.query(Sample.peer, opts: options).collect() },
      ]
      // Each is an answer of the command: it is there, by its name of today or the old one.
      for error in errors {
        #expect(error.code == .errorResponse || error.code == .partialErrorResponse, "\(error)")
        #expect(error.reason != .unknownCommand && error.reason != .removedCommand, "\(error)")
      }
      let providers = try await ifServed {
        try await client.routing.findprovs(cid, numProviders: 1, opts: options).collect()
      }
      let others = try await ifServed { try await client.dht.findprovs(cid, numProviders: 1, opts: options).collect() }
      #expect((providers ?? []).allSatisfy { $0.kind != .provider } && (others == nil) == (providers == nil))
      let none = try await failure { try await client.routing.findprovs(cid, numProviders: 0).collect() }
      #expect(none.code.isStatusError)
    }

    @Test func recordsAreStored() async throws {
      let cid = try await client.addString(Sample.text(), options: .unpinned)
      try await client.withKey { key in
        try await client.name.publish(cid, key: key.name, allowOffline: true, offline: true)
        let record = try await ifServed { try await client.name.get(key.id, offline: true).collect() }
        guard let record else { return }
        // With a hash table there must be somebody to tell.
        for old in [false, true] {
          let events = try await ifServed("failed to find any peer") {
            if old {
              try await client.dht.put("/ipns/\(key.id)", record, allowOffline: true, offline: true).collect()
            } else {
              try await client.routing.put("/ipns/\(key.id)", .bytes(record), allowOffline: true, offline: true)
                .collect()
            }
          }
          #expect(events?.contains { $0.kind == .value } != false)
        }
        #expect(try await client.routing.get("/ipns/\(key.id)", offline: true) == record)
        #expect(try await !client.dht.get("/ipns/\(key.id)", offline: true).isEmpty)
      }
    }

    // MARK: p2p

    @Test func forwardingWhereItIsEnabled() async throws {
      let notEnabled = "libp2p stream mounting not enabled"
      let name = "/x/\(Sample.name())"
      let target = "/ip4/127.0.0.1/tcp/9"
      let listeners = try await ifServed(notEnabled) { try await client.p2p.ls() }
      #expect(listeners?.contains { $0.protocol == name } != true)
      let streams = try await ifServed(notEnabled) { try await client.p2p.stream.ls() }
      #expect((streams == nil) == (listeners == nil))
      let listening = try await ifServed(notEnabled) { try await client.p2p.listen(name, to: target).collect() }
      #expect((listening == nil) == (listeners == nil))
      let forwarding = try await ifServed(notEnabled) {
        try await client.p2p.forward("\(name)-2", from: "/ip4/127.0.0.1/tcp/0", to: "/p2p/\(Sample.peer)").collect()
      }
      #expect((forwarding == nil) == (listeners == nil))
      if listeners != nil {
        #expect(try await client.p2p.ls().contains { $0.protocol == name && $0.targetAddress == target })
      }
      let closed = try await ifServed(notEnabled) { try await client.p2p.close(protocol: name) }
      let other = try await ifServed(notEnabled) { try await client.p2p.close(protocol: "\(name)-2") }
      #expect(closed == nil || closed == 1 && other == 1)
      // There is no such stream.
      let stream = try await failure { try await client.p2p.stream.close() }
      #expect(stream.code == .errorResponse)
    }
  }
}
