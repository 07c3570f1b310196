import Foundation
import IPFSClient
import IPFSNode
import Testing

/// The repo's configuration, and changes of it.
struct ConfigurationTests {
  private static func message(_ body: () async throws -> Void) async -> String? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? NodeError)?.message
    }
  }

  @Test func valuesAreReadAndSetByTheirKeys() async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    let file = node.configuration
    #expect(try file.value(at: "Addresses.API") == .string("/ip4/127.0.0.1/tcp/5001"))
    #expect(await Self.message { _ = try file.value(at: "No.Such.Key") } == "No not found")
    #expect(await Self.message { _ = try file.value(at: "Addresses.No.Such") } == "Addresses.No not found")
    #expect(await Self.message { _ = try file.value(at: "Addresses.API.x") } == "Addresses.API key is not a map")
    try await file.set("Swarm.ConnMgr.LowWater", to: .integer(20))
    try await file.set("Datastore.StorageMax", to: .string("10GB"))
    try await file.set("Bootstrap", to: .list([.string("a")]))
    #expect(try file.value(at: "Swarm") == .object(["ConnMgr": .object(["LowWater": .integer(20)])]))
    let text = try String(contentsOfFile: "\(repo.path)/config", encoding: .utf8)
    #expect(text.hasSuffix("}\n") && text.contains("\"API\" : \"/ip4/127.0.0.1/tcp/5001\""))
    // What is no key, and what no repo could be opened with.
    for key in ["No", "No.Such", "Adresses.API", "Addresses.Api", "", ".", "Bootstrap.x"] {
      #expect(await codeOfNodeError { try await file.set(key, to: .null) } != nil, "\(key)")
    }
    for value in [ConfigurationValue.string("1"), .integer(2), .bool(true)] {
      #expect(await codeOfNodeError { try await file.set("Import.CidVersion", to: value) } == .invalid)
    }
    #expect(await codeOfNodeError { try await file.set("Import", to: .list([])) } == .invalid)
    #expect(try String(contentsOfFile: "\(repo.path)/config", encoding: .utf8) == text)
    try await node.close()
    try await Node.open(path: repo.path).close()
  }

  @Test func storageHasTheMaximumThatIsConfigured() async throws {
    let local = try LocalNode()
    #expect(try await local.client.repo.stat().storageMax == 10_000_000_000)
    for (text, bytes) in [("1.5GiB", UInt64(3 << 29)), ("7", 7), ("2 TB", 2_000_000_000_000)] {
      try await local.node.configuration.set("Datastore.StorageMax", to: .string(text))
      #expect(try await local.client.repo.stat().storageMax == bytes)
    }
    for text in ["much", "-1", "1XB", "99999999999 GB"] {
      try await local.node.configuration.set("Datastore.StorageMax", to: .string(text))
      #expect(await local.refusal { _ = try await local.client.repo.stat() }?.contains(text) == true)
    }
    try await local.node.close()
  }

  @Test func theIdentityStaysWhateverIsSet() async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    let peer = try await node.identity().peerID
    let file = node.configuration
    let key = try file.value(at: "Identity.PrivKey")
    try await file.set("Identity", to: .null)
    try await file.set("Identity.PrivKey", to: .string(""))
    try await file.replace(with: .object(["Mine": .integer(1), "Identity": .object(["PeerID": .string("x")])]))
    #expect(try file.value(at: "Identity.PrivKey") == key)
    #expect(try file.value(at: "Identity.PeerID") == .string(peer.description))
    #expect(try file.value(at: "Mine") == .integer(1))
    #expect(await codeOfNodeError { _ = try file.value(at: "Addresses") } == .notFound)
    #expect(await codeOfNodeError { try await file.replace(with: .list([])) } == .invalid)
    try await node.close()
  }

  @Test func changesInParallelAreAllKept() async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { _ = try await node.identity() }
      for index in 0..<20 {
        group.addTask {
          try await node.configuration.set("Gateway.PublicGateways.host\(index)", to: .object([:]))
        }
      }
      try await group.waitForAll()
    }
    guard case .object(let hosts) = try node.configuration.value(at: "Gateway.PublicGateways") else {
      Issue.record("no object")
      return
    }
    #expect(hosts.count == 20)
    try #require(try await node.identity().peerID.description.hasPrefix("12D3"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: repo.path).contains("config.new") == false)
    try await node.close()
  }

  @Test func aDamagedFileIsToldOf() async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    for text in ["", "[]", "{", "nul"] {
      try text.write(toFile: "\(repo.path)/config", atomically: true, encoding: .utf8)
      #expect(await codeOfNodeError { _ = try node.configuration.contents() } == .unusableRepo)
      #expect(await codeOfNodeError { _ = try await node.identity() } == .unusableRepo)
      #expect(await codeOfNodeError { try await node.configuration.set("Bootstrap", to: .null) } == .unusableRepo)
    }
    try await node.close()
  }

  @Test(arguments: ConfigurationProfile.all.map(\.name)) func aRepoOpensWithEachProfile(name: String) async throws {
    let repo = try TemporaryRepo()
    let node = try Node.open(path: repo.path)
    let profile = try #require(ConfigurationProfile(name: name))
    try await node.configuration.change { configuration throws(NodeError) in
      try profile.apply(to: &configuration)
      // Once more changes nothing, but for ports.
      let once = configuration
      try profile.apply(to: &configuration)
      if name != "randomports", configuration != once { throw NodeError(.invalid, "\(name) is not the same twice") }
    }
    try await node.close()
    try await Node.open(path: repo.path).close()
  }

  @Test func profilesSetWhatKubosDo() async throws {
    var configuration = ConfigurationValue.object([:])
    func apply(_ name: String) throws { try #require(ConfigurationProfile(name: name)).apply(to: &configuration) }
    try apply("legacy-cid-v0")
    #expect(try configuration.value(at: "Import.UnixFSChunker") == .string("size-262144"))
    #expect(try configuration.value(at: "Import.UnixFSHAMTDirectorySizeEstimation") == .string("links"))
    try apply("unixfs-v1-2025")
    #expect(try configuration.value(at: "Import.UnixFSFileMaxLinks") == .integer(1024))
    configuration["Swarm"] = .object(["AddrFilters": .list([.string("mine"), .string("/ip4/10.0.0.0/ipcidr/8")])])
    try apply("server")
    #expect(try configuration.value(at: "Swarm.AddrFilters").strings?.count == 20)
    #expect(try configuration.value(at: "Addresses.NoAnnounce").strings?.count == 19)
    #expect(try configuration.value(at: "Discovery.MDNS.Enabled") == .bool(false))
    try apply("local-discovery")
    #expect(try configuration.value(at: "Swarm.AddrFilters").strings == ["mine"])
    try apply("lowpower")
    #expect(try configuration.value(at: "Swarm.ConnMgr.GracePeriod") == .string("1m0s"))
    try apply("randomports")
    let addresses = try #require(try configuration.value(at: "Addresses.Swarm").strings)
    #expect(addresses.count == 2 && addresses[0].hasPrefix("/ip4/0.0.0.0/tcp/") && !addresses[0].hasSuffix("/0"))
    try apply("default-networking")
    #expect(try configuration.value(at: "Bootstrap").strings == ["auto"])
    #expect(ConfigurationProfile(name: "pebbleds") == nil)
  }
}
