import Foundation
import IPFSClient
import IPFSNode
import IPFSNodeServer
import Logging
import Testing

/// Commands that tell of the node itself, beyond what was recorded of a real daemon.
struct DaemonCommandTests {
  @Test func theConfigurationHasNoSecrets() async throws {
    let test = try LocalNode()
    let config = test.client.config
    let peer = try await test.node.identity().peerID
    try await test.node.configuration.change { configuration throws(NodeError) in
      try configuration.set("API.Authorizations.a.AuthSecret", to: .string("secret"))
      try configuration.set(
        "Pinning.RemoteServices.s.API", to: .object(["Key": .string("secret"), "Endpoint": .string("e")]))
    }
    let key = try await config.get("Identity.PeerID")
    #expect(key == .string(peer.description))
    func check(_ shown: IPFSClient.JSON) throws {
      let text = "\(shown)"
      #expect(text.contains(peer.description) && text.contains("Endpoint"))
      #expect(!text.contains("secret") && !text.contains("PrivKey"))
    }
    try check(await config.get())
    let update = try await config.applyProfile("lowpower", dryRun: true)
    try check(update.old)
    try check(update.new)
    #expect(update.old != update.new)
    #expect(try await config.get() == update.old)
    for secret in ["Identity", "identity.privkey", "Identity.PrivKey", "Pinning", "pinning.remoteservices.s.api.key"] {
      #expect(await test.refusal { _ = try await config.get(secret) }?.hasPrefix("cannot show or change") == true)
      #expect(await test.refusal { try await config.set(secret, to: "x") }?.hasPrefix("cannot show or change") == true)
    }
    try await test.node.close()
  }

  @Test func theConfigurationIsChanged() async throws {
    let test = try LocalNode()
    let config = test.client.config
    #expect(try await config.set("Swarm.AddrFilters", to: ["a"]) == ["a"])
    #expect(try await config.set("Discovery.MDNS.Enabled", to: true) == true)
    #expect(try await config.set("Datastore.StorageGCWatermark", to: 80) == 80)
    #expect(
      await test.refusal { try await config.set("Nonsense.x", to: 1) }
        == "failed to set config value: Nonsense not found (maybe use --json?)")
    let refusal = await test.refusal { try await config.set("Import.CidVersion", to: "one") }
    #expect(refusal?.hasPrefix("failed to set config value: failure to decode config") == true)
    try await config.applyProfile("lowpower")
    #expect(try await config.get("Swarm.ConnMgr.HighWater") == 40)
    let copies = try FileManager.default.contentsOfDirectory(atPath: test.repo.path)
    #expect(copies.contains { $0.hasPrefix("config-pre-lowpower-") })
    #expect(await test.refusal { try await config.applyProfile("none") } == "none is not a profile")
    let peer = try await test.node.identity().peerID
    try await config.replace(["Bootstrap": []])
    #expect(try await config.get() == ["Bootstrap": [], "Identity": ["PeerID": .string(peer.description)]])
    #expect(
      await test.refusal { try await config.replace(["Identity": ["PrivKey": "x"]]) }
        == "setting private key with API is not supported")
    #expect(await test.refusal { try await config.replace([]) } == "failed to decode file as config")
    // The identity by its own name in another form is no change.
    try await config.set("Identity.PeerID", to: .string(peer.ipnsName))
    #expect(try await config.get("Identity.PeerID") == .string(peer.description))
    let other = PrivateKey.ed25519().peerID.description
    #expect(
      await test.refusal { try await config.set("Identity.PeerID", to: .string(other)) }?.contains("key rotate") == true
    )
    try await test.node.close()
  }

  @Test func listsOfPeersAndFiltersAreKept() async throws {
    let test = try LocalNode()
    let (bootstrap, filters) = (test.client.bootstrap, test.client.swarm.filters)
    let peers = (0..<3).map { "/ip4/127.0.0.1/tcp/400\($0)/p2p/\(PrivateKey.ed25519().peerID)" }
    #expect(try await bootstrap.add(peers[0], peers[1], peers[0]) == [peers[0], peers[1]])
    #expect(try await bootstrap.add(peers[2]) == [peers[2]])
    #expect(try await bootstrap.list() == [peers[2], peers[0], peers[1]])
    #expect(try await bootstrap.rm(peers[0]) == [peers[0]])
    // By the peer alone.
    let peer = "/p2p/" + (peers[1].split(separator: "/").last ?? "")
    #expect(try await bootstrap.rm(peer) == [peers[1]])
    #expect(try await bootstrap.addDefault() == ["auto"])
    #expect(try await bootstrap.rmAll() == ["auto", peers[2]])
    #expect(
      await test.refusal { _ = try await bootstrap.add("/ip4/127.0.0.1/tcp/1") }
        == "invalid bootstrap address: /ip4/127.0.0.1/tcp/1")
    #expect(
      await test.refusal { _ = try await bootstrap.add(peer) } == "bootstrap address without a transport: \(peer)")
    #expect(try await filters.add("/ip4/10.0.0.0/ipcidr/8", "/ip6/fe80::/ipcidr/10").count == 2)
    #expect(try await filters.rm("/ip4/10.0.0.0/ipcidr/8") == ["/ip4/10.0.0.0/ipcidr/8"])
    #expect(try await filters.list() == ["/ip6/fe80::/ipcidr/10"])
    for filter in [
      "nonsense", "/ip4/10.0.0.0/ipcidr/33", "/ip4/x/ipcidr/8", "/ip4/10.0.0.0/ipcidr/+8", "/ip4/10.0.0.0/tcp/8",
    ] {
      #expect(await test.refusal { _ = try await filters.add(filter) } != nil, "\(filter)")
    }
    #expect(try await filters.rm("all") == ["/ip6/fe80::/ipcidr/10"])
    #expect(try await filters.list() == [])
    try await test.node.close()
  }

  @Test func theNodeSaysWhoItIs() async throws {
    let test = try LocalNode()
    let identity = try await test.node.identity()
    let id = try await test.client.id()
    #expect(id.id == identity.peerID.description)
    #expect(id.publicKey == Data(identity.privateKey.publicKey.serialized).base64EncodedString())
    #expect(id.agentVersion.hasPrefix("swipfs/"))
    let other = PrivateKey.ed25519()
    let seen = try await test.client.id(other.peerID.ipnsName, peerIDBase: "base36", offline: true)
    #expect(seen.id == other.peerID.ipnsName)
    #expect(seen.publicKey == Data(other.publicKey.serialized).base64EncodedString())
    #expect(await test.refusal { _ = try await test.client.id("nonsense") } == "invalid peer id")
    try await test.client.config.set("Version.Reported", to: "0.7.0")
    #expect(try await test.client.version().version == "0.7.0")
    try await test.node.close()
  }

  @Test func messagesReachThoseWhoListen() async throws {
    let test = try LocalNode()
    let pubsub = test.client.pubsub
    for encoding in [Client.Pubsub.Encoding.multibase, .plain] {
      let listeners = (0..<2).map { _ in
        Task {
          var messages: [Client.Pubsub.Message] = []
          for try await message in try await pubsub.subscribe("a topic", encoding: encoding) {
            messages.append(message)
            if messages.count == 3 { break }
          }
          return messages
        }
      }
      // What is published before they listen is not for them.
      while test.services.pubsub.listeners(of: Array("a topic".utf8)) < 2 {
        try await Task.sleep(for: .milliseconds(1))
      }
      #expect(try await pubsub.ls() == ["a topic"])
      for text in ["one", "two", "three"] {
        try await pubsub.publish("a topic", text, encoding: encoding)
        try await pubsub.publish("another", text, encoding: encoding)
      }
      let peer = try await test.node.identity().peerID
      for listener in listeners {
        let messages = try await listener.value
        #expect(messages.map { String(decoding: $0.data, as: UTF8.self) } == ["one", "two", "three"])
        #expect(messages.allSatisfy { $0.from == peer.description && $0.topicIDs == ["a topic"] })
        #expect(Set(messages.map(\.seqno)).count == 3 && messages.allSatisfy { $0.seqno.count == 8 })
      }
      while try await pubsub.ls() != [] { try await Task.sleep(for: .milliseconds(1)) }
    }
    let large = [UInt8](repeating: 0, count: PubsubHub.maximumSize + 1)
    #expect(await test.refusal { try await pubsub.publish("t", large) } != nil)
    try await test.node.close()
  }

  @Test func aSlowListenerLosesWhatIsTooMuch() async throws {
    let hub = PubsubHub(sequence: 7)
    let peer = PrivateKey.ed25519().peerID
    let messages = hub.messages(of: [1])
    for index in 0..<100 { hub.publish([UInt8(index)], from: peer, to: [1]) }
    var iterator = messages.makeAsyncIterator()
    #expect(await iterator.next()?.data == [0])
    #expect(await iterator.next()?.sequence == [0, 0, 0, 0, 0, 0, 0, 9])
    for _ in 2..<32 { _ = await iterator.next() }
    hub.publish([200], from: peer, to: [1])
    #expect(await iterator.next()?.data == [200])
  }

  @Test func requestsAreRemembered() async throws {
    let test = try LocalNode()
    let requests = test.client.diag.cmds
    _ = try await test.client.config.get("Bootstrap")
    _ = await test.refusal { _ = try await test.client.config.get("No.Such.Key", opts: ["timeout": "60s"]) }
    let entries = try await requests()
    #expect(entries.map(\.command) == ["config", "config", "diag/cmds"])
    #expect(entries[1].arguments == ["No.Such.Key"] && entries[1].options.keys.contains("timeout"))
    #expect(entries.map(\.active) == [false, false, true])
    #expect(entries[2].endTime == "0001-01-01T00:00:00Z" && entries[0].endTime >= entries[0].startTime)
    try await requests.clear()
    #expect(try await requests().map(\.command) == ["diag/cmds/clear", "diag/cmds"])
    #expect(await test.refusal { try await requests.setTime("never") } == "time: invalid duration \"never\"")
    for _ in 0..<1200 { _ = try await test.client.config.get("Bootstrap") }
    #expect(try await requests().count == 501)
    try await test.client.diag.healthy()
    try await test.node.close()
  }

  @Test func levelsDecideWhatIsLogged() async throws {
    let test = try LocalNode()
    let log = test.client.unstable.log
    #expect(try await log.ls() == ["swipfs.test"])
    #expect(test.services.logger.logLevel == .critical)
    #expect(try await log.level("swipfs.test", "debug") == "Changed log level of 'swipfs.test' to 'debug'\n")
    #expect(test.services.logger.logLevel == .debug)
    #expect(try await log.levels("swipfs.test") == ["swipfs.test": "debug"])
    _ = try await log.level("all", "warn")
    #expect(test.services.logger.logLevel == .warning)
    #expect(try await log.levels("all") == ["swipfs.test": "warn", "(default)": "warn"])
    // Readers see more than is written, if they want to.
    let lines = test.services.log.lines(from: .info)
    test.services.logger.debug("unseen")
    test.services.logger.info("seen", metadata: ["a": "b"])
    var iterator = lines.makeAsyncIterator()
    let line = await iterator.next()
    #expect(line?.event.message == "seen" && line?.subsystem == "swipfs.test")
    try await test.node.close()
  }
}
