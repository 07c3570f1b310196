import Foundation
import IPFSClient
import IPFSNode
import IPFSNodeServer
import Logging
import Testing

extension LiveAPI {
  /// Connections, and what a daemon tells of itself.
  struct DaemonTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.tcp) }

    // MARK: Connections

    @Test(arguments: LiveDaemon.links.filter { $0 != .inProcess })
    func aClientConnects(_ link: LiveDaemon.Link) async throws {
      let address = try #require(try LiveDaemon.running().addresses[link])
      let client = try await Client.connect(address)
      let version = try await client.version()
      #expect(!version.version.isEmpty && !version.system.isEmpty)
      try Client.assertVersion(version.version)
      let error = #expect(throws: ClientError.self) {
        try Client.assertVersion(version.version, in: VersionRange(minimum: "0.1", maximum: "0.2"))
      }
      #expect(error?.code == .versionMismatch)
      #expect(try await client.applyWorkarounds() == version)
      // It can be used again after this.
      await client.close()
      let texts = try await client.withSession { outer in
        try await outer.withSession { inner in
          [try await inner.version(all: true).version, try await outer.version().version]
        }
      }
      #expect(texts == [version.version, version.version])
      await client.close()
    }

    @Test func aDaemonThatIsNotThereIsAnError() async throws {
      let error = try await failure { try await Client.connect("/ip4/127.0.0.1/tcp/9") }
      #expect(error.code == .connection)
      let address = try await failure { try await Client.connect("/ip4/127.0.0.1/udp/9") }
      #expect(address.code == .address)
    }

    // MARK: What it tells

    @Test func whoItIs() async throws {
      let identity = try await client.id()
      #expect(identity.id.hasPrefix("12D3KooW") || identity.id.hasPrefix("Qm"))
      #expect(!identity.publicKey.isEmpty && !identity.agentVersion.isEmpty)
      let other = try await client.id(peerIDBase: "base36")
      #expect(other.id.hasPrefix("k") && other.publicKey == identity.publicKey)
      #expect(try await client.id(identity.id, format: "<id>").id == identity.id)
    }

    @Test func whatItCanDo() async throws {
      let tree = try await client.commands(flags: true)
      #expect(tree.name == "ipfs")
      let byName = Dictionary(tree.subcommands.map { ($0.name, $0) }) { first, _ in first }
      #expect(Set(["add", "cat", "files", "pin", "key", "name", "dag"]).isSubset(of: byName.keys))
      #expect(byName["files"]?.subcommands.contains { $0.name == "stat" } == true)
      #expect(byName["cat"]?.options.contains { $0.names.contains("offset") } == true)
    }

    @Test func whatItIsBuiltOf() async throws {
      // Only a program of Go knows them all.
      let parts = try await ifServed("no embedded dependency information") {
        try await client.versionDeps().collect()
      }
      #expect(parts?.contains { $0.path.isEmpty } != true)
      let check = try await ifServed("could not perform version check") { try await client.versionCheck() }
      #expect(check?.runningVersion.isEmpty != true && (check?.peersSampled ?? 0) >= 0)
    }

    @Test func howItIs() async throws {
      try await client.diag.healthy()
      let system = try await client.diag.sys()
      #expect(system["ipfs_version"]?.string == (try await client.version().version))
      #expect((system["runtime"]?["numcpu"]?.integer ?? 0) > 0)
    }

    @Test func whatItWasAsked() async throws {
      let requests = try await client.diag.cmds(verbose: true)
      let own = requests.first { $0.command == "diag/cmds" && $0.active }
      #expect(own?.startTime.isEmpty == false)
      try await client.diag.cmds.clear()
      // As it is by default.
      try await client.diag.cmds.setTime("1h")
      let error = try await failure { try await client.diag.cmds.setTime("soon") }
      #expect(error.code == .errorResponse)
    }

    @Test func aLookInside() async throws {
      guard try await !LiveDaemon.isOurs(client) else {
        // What Kubo gives is about programs of Go.
        let error = try await failure { try await client.diag.profile().collect() }
        #expect(error.reason == .unknownCommand)
        return
      }
      let archive = try await client.diag.profile(collectors: ["version"], profileTime: "0").collect()
      #expect(archive.starts(with: Array("PK".utf8)))
      let error = try await failure {
        try await client.diag.profile(collectors: ["version"], profileTime: "soon").collect()
      }
      #expect(error.code.isStatusError)
    }

    // MARK: The log

    @Test func levelsOfTheLog() async throws {
      let log = client.unstable.log
      #expect(try await !client.unstable.log.ls().isEmpty)
      #expect(try await !client.unstable.log.levels().isEmpty)
      #expect(try await !log.levels("all").isEmpty)
      let before = try #require(try await log.levels("core")["core"])
      try await tidying {
        try await client.unstable.log.level("core", before)
      } after: {
        let told = try await log.level("core", "warn")
        #expect(told == "Changed log level of 'core' to 'warn'\n")
        #expect(try await log.levels("core") == ["core": "warn"])
      }
      let error = try await failure { try await log.level("core", "loudest") }
      #expect(error.message == #"unrecognized level: "loudest""#)
    }

    @Test func theLogIsFollowedUntilItIsLeft() async throws {
      let client = client
      let task = Task { try await client.unstable.log.tail(logLevel: "error").collect() }
      // It may have something to say, or nothing at all.
      try await Task.sleep(for: .milliseconds(100))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      let error = try await failure { try await client.unstable.log.tail(logLevel: "loudest").collect() }
      #expect(error.code.isStatusError)
    }

    // MARK: What no daemon in use may be asked

    @Test(.enabled(if: LiveDaemon.namedAddress == nil, "it ends a daemon that others may use"))
    func aDaemonIsStopped() async throws {
      try await OwnDaemon.with { own in
        let client = try await Client.connect(own.addresses[.tcp])
        try await client.stop()
        // It ends by itself.
        try await own.server.wait()
        let error = try await failure { try await client.version() }
        #expect(error.code == .connection)
        await client.close()
      }
    }

    /// One that a mount or the command line has open belongs to that.
    @Test func aNodeThatIsNoDaemonIsNotStopped() async throws {
      let repo = try LocalFolder()
      let node = try Node.open(path: repo.path)
      let client = Client(
        transport: InProcessTransport(RPCService(Services(node: node, logger: Logger(label: "test")))))
      let error = try await failure { try await client.stop() }
      #expect(error.code == .errorResponse && error.message == "daemon not running")
      #expect(try await !client.version().version.isEmpty)
      await client.close()
      try await node.close()
    }

    @Test(.enabled(if: LiveDaemon.namedAddress == nil, "it unmounts what a daemon has mounted"))
    func aNodeDoesNotMountOverTheRPC() async throws {
      let error = try await failure { try await client.mount(ipfsPath: "/no/such", ipnsPath: "/no/such") }
      #expect(error.code == .errorResponse && error.command == "mount")
    }
  }
}
