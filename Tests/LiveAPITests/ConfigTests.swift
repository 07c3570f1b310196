import IPFSClient
import Testing

extension LiveAPI {
  /// What changes the daemon's configuration: one after the other, and each puts all back as it was.
  @Suite(.serialized) struct ConfigTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.inProcess) }

    private func restoring(_ body: () async throws -> Void) async throws {
      let before = try await client.config.get()
      try await tidying {
        try await client.config.replace(before)
      } after: {
        try await body()
      }
      #expect(try await client.config.get() == before)
    }

    // MARK: config

    @Test func theConfigurationIsReadWithoutSecrets() async throws {
      let whole = try await client.config.get()
      let identity = try #require(whole["Identity"])
      #expect(identity["PeerID"]?.string == (try await client.id().id))
      #expect(identity["PrivKey"] == nil)
      #expect(try await client.config.get("Identity.PeerID") == identity["PeerID"])
      #expect(try await client.config.get(expandAuto: true).object != nil)
      let secret = try await failure { try await client.config.get("Identity.PrivKey") }
      #expect(secret.code == .errorResponse)
      let missing = try await failure { try await client.config.get("No.Such.Key") }
      #expect(missing.reason == .notFound && missing.command == "config")
    }

    @Test func valuesAreSet() async throws {
      try await restoring {
        #expect(try await client.config.set("Gateway.RootRedirect", to: "/ipfs/x") == "/ipfs/x")
        #expect(try await client.config.get("Gateway.RootRedirect") == "/ipfs/x")
        #expect(try await client.config.set("Swarm.DisableNatPortMap", to: true) == true)
        #expect(try await client.config.get("Swarm.DisableNatPortMap") == true)
        #expect(try await client.config.set("Datastore.BloomFilterSize", to: 1024) == 1024)
        let headers: JSON = ["X-Live": ["a", "b"]]
        try await client.config.set("API.HTTPHeaders", to: headers)
        #expect(try await client.config.get("API.HTTPHeaders") == headers)
        #expect(try await client.config.get()["Datastore"]?["BloomFilterSize"] == 1024)
      }
    }

    @Test func theConfigurationIsReplaced() async throws {
      try await restoring {
        var changed = try #require(try await client.config.get().object)
        var gateway = changed["Gateway"]?.object ?? [:]
        gateway["RootRedirect"] = "/ipfs/y"
        changed["Gateway"] = .object(gateway)
        try await client.config.replace(.object(changed))
        #expect(try await client.config.get("Gateway.RootRedirect") == "/ipfs/y")
        // The identity has stayed, with its key.
        #expect(try await !client.key.sign(.text("x")).signature.isEmpty)
      }
      let error = try await failure { try await client.config.replace("no object") }
      #expect(error.code == .errorResponse)
    }

    @Test func profilesAreTried() async throws {
      let before = try await client.config.get()
      let update = try await client.config.applyProfile("lowpower", dryRun: true)
      #expect(update.old != update.new && update.old.object != nil)
      #expect(try await client.config.get() == before)
      let error = try await failure { try await client.config.applyProfile("nosuch", dryRun: true) }
      #expect(error.message == "nosuch is not a profile")
    }

    // MARK: bootstrap

    @Test func bootstrapPeers() async throws {
      let first = "/ip4/127.0.0.1/tcp/4999/p2p/QmaCpDMGvV2BGHeYERUEnRQAwe3N8SzbUtfsmvsqQLuvuJ"
      let second = "/ip4/127.0.0.1/tcp/4998/p2p/\(Sample.peer)"
      try await restoring {
        let before = try await client.bootstrap.list()
        #expect(try await client.bootstrap.list(expandAuto: true).count >= before.count)
        let removed = try await client.bootstrap.rmAll()
        // Kubo's own peers may be told one by one.
        #expect(before.contains("auto") || Set(removed) == Set(before))
        #expect(try await client.bootstrap.list().isEmpty)
        #expect(try await client.bootstrap.add(first, second) == [first, second])
        #expect(Set(try await client.bootstrap.list()) == [first, second])
        #expect(try await client.bootstrap.rm(first) == [first])
        #expect(try await client.bootstrap.list() == [second])
        // Without Kubo's own peers there are none by default.
        let added = try await ifServed("AutoConf") { try await client.bootstrap.addDefault() }
        #expect(added?.isEmpty != true)
        let error = try await failure { try await client.bootstrap.add("nonsense") }
        #expect(error.code == .errorResponse && error.message.contains("nonsense"))
      }
    }

    // MARK: swarm/filters

    @Test func filtersOfAddresses() async throws {
      let filter = "/ip4/192.0.2.0/ipcidr/24"
      try await restoring {
        guard try await ifServed(body: { try await client.swarm.filters.list() }) != nil else { return }
        #expect(try await client.swarm.filters.add(filter) == [filter])
        #expect(try await client.swarm.filters.list().contains(filter))
        #expect(try await client.swarm.filters.rm(filter) == [filter])
        #expect(try await !client.swarm.filters.list().contains(filter))
        let error = try await failure { try await client.swarm.filters.add("nonsense") }
        #expect(error.code == .errorResponse)
      }
    }

    // MARK: pin/remote

    @Test func servicesThatKeepPins() async throws {
      guard try await !LiveDaemon.isOurs(client) else {
        // Our own node asks nothing of others.
        let error = try await failure { try await client.pin.remote.service.ls() }
        #expect(error.reason == .unknownCommand)
        return
      }
      let (name, endpoint) = (Sample.name(), "http://127.0.0.1:9/api")
      try await client.pin.remote.service.add(name, endpoint: endpoint, key: "secret")
      try await tidying {
        try await client.pin.remote.service.rm(name)
      } after: {
        let services = try await client.pin.remote.service.ls()
        let own = try #require(services.first { $0.name == name })
        #expect(own.endpoint == endpoint && own.stat == nil)
        let asked = try await client.pin.remote.service.ls(stat: true).first { $0.name == name }
        // Nobody is there.
        #expect(asked?.stat?.status == "invalid" && asked?.stat?.pinCount == nil)
        let twice = try await failure {
          try await client.pin.remote.service.add(name, endpoint: endpoint, key: "other")
        }
        #expect(twice.message == "service already present")
        let cid = try await client.addString(Sample.text(), options: .unpinned)
        let errors = [
          try await failure {
            try await client.pin.remote.add(cid, service: name, name: "n", background: true, opts: ["timeout": "20s"])
          },
          try await failure {
            try await client.pin.remote.ls(service: name, status: [.queued], opts: ["timeout": "20s"]).collect()
          },
          try await failure {
            try await client.pin.remote.rm(service: name, name: "n", force: true, opts: ["timeout": "20s"])
          },
        ]
        for error in errors { #expect(error.code.isStatusError, "\(error)") }
      }
      #expect(try await client.pin.remote.service.ls().contains { $0.name == name } == false)
      let unknown = try await failure { try await client.pin.remote.ls(service: name).collect() }
      #expect(unknown.code.isStatusError)
      let url = try await failure { try await client.pin.remote.service.add(name, endpoint: "nonsense", key: "k") }
      #expect(url.message == "service endpoint must be a valid HTTP URL")
    }
  }
}
