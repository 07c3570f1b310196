import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `name/…`, with keys made for it. All is asked for offline: a daemon without peers keeps such records only.
  struct NameTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.inProcess) }

    @Test func aNamePointsToContent() async throws {
      try await client.withKey { key in
        let (first, second) = (
          try await client.addString(Sample.text(), options: .unpinned),
          try await client.addString(Sample.text(), options: .unpinned)
        )
        let published = try await client.name.publish(
          "/ipfs/\(first)", key: key.name, allowOffline: true, offline: true)
        #expect(published.name == key.id && published.value == "/ipfs/\(first)")
        #expect(try await client.name.resolve(key.id, offline: true) == "/ipfs/\(first)")
        // A CID stands for its path, and the identifier for the key.
        try await publish(second, by: key.id)
        #expect(try await client.name.resolve("/ipns/\(key.id)", nocache: true, offline: true) == "/ipfs/\(second)")
        #expect(try await client.name.resolveStream(key.id, offline: true).collect().last == "/ipfs/\(second)")
        #expect(try await client.resolve("/ipns/\(key.id)", offline: true) == "/ipfs/\(second)")
        #expect(try await client.cat("/ipns/\(key.id)", offline: true).text() == client.cat(second).text())
      }
    }

    /// Publishes by a key's identifier. Kubo looks through all keys for it, and fails if one goes meanwhile.
    private func publish(_ cid: CID, by id: String) async throws {
      for _ in 0..<20 {
        do {
          try await client.name.publish(cid, key: id, allowOffline: true, offline: true)
          return
        } catch let error as ClientError where error.reason == .notFound {
          try await Task.sleep(for: .milliseconds(100))
        }
      }
      try await client.name.publish(cid, key: id, allowOffline: true, offline: true)
    }

    @Test func aNameThatPointsToAName() async throws {
      let cid = try await client.addString(Sample.text(), options: .unpinned)
      try await client.withKey { first in
        try await client.withKey { second in
          try await client.name.publish(cid, key: first.name, allowOffline: true, offline: true)
          try await client.name.publish("/ipns/\(first.id)", key: second.name, allowOffline: true, offline: true)
          #expect(try await client.name.resolve(second.id, recursive: false, offline: true) == "/ipns/\(first.id)")
          #expect(try await client.name.resolve(second.id, recursive: nil, offline: true) == "/ipfs/\(cid)")
          #expect(try await client.resolve("/ipns/\(second.id)", recursive: true, offline: true) == "/ipfs/\(cid)")
        }
      }
    }

    @Test func recordsAreReadAndPublished() async throws {
      try await client.withKey { key in
        let cid = try await client.addString(Sample.text(), options: .unpinned)
        try await client.name.publish(cid, lifetime: "2h", ttl: "5m", key: key.name, allowOffline: true, offline: true)
        let record = try await ifServed { try await client.name.get(key.id, offline: true).collect() }
        guard let record else { return }
        let found = try await client.name.inspect(.bytes(record), verify: key.id)
        #expect(found.entry.value == "/ipfs/\(cid)" && found.entry.ttl == 300_000_000_000)
        #expect(found.entry.validityType == 0 && found.entry.validity?.isEmpty == false)
        #expect(found.pbSize == record.count && found.signatureType == "V1+V2")
        #expect(found.validation?.isValid == true && found.validation?.reason == nil)
        let sequence = try #require(found.entry.sequence)
        let other = try await client.name.inspect(.bytes(record), verify: Sample.peer, dump: false)
        #expect(other.validation?.isValid == false && other.hexDump.isEmpty)
        #expect(try await client.name.inspect(.bytes(record)).validation == nil)

        // The next one has a higher number, and only the newer signature where that is asked for.
        try await client.name.publish(
          "/ipfs/\(cid)/x", resolve: false, key: key.name, allowOffline: true, v1compat: false, offline: true)
        let next = try await client.name.get(key.id, offline: true).collect()
        let second = try await client.name.inspect(.bytes(next), verify: key.id)
        #expect(second.entry.sequence == sequence + 1 && second.signatureType == "V2")
        #expect(second.validation?.isValid == true)

        // A record that was signed before is not published again without force.
        let stale = try await failure {
          try await client.name.put(key.id, .bytes(record), allowOffline: true, offline: true)
        }
        #expect(stale.code == .errorResponse)
        let foreign = try await failure {
          try await client.name.put(Sample.peer, .bytes(record), allowOffline: true, offline: true)
        }
        #expect(foreign.code == .errorResponse)
        let nonsense = try await failure {
          try await client.name.put(key.id, .text("x"), allowOffline: true, offline: true)
        }
        #expect(nonsense.code == .errorResponse)
        try await client.name.publish(
          cid, key: key.name, allowOffline: true, sequence: sequence + 10, offline: true)
        let newest = try await client.name.get(key.id, offline: true).collect()
        #expect(try await client.name.inspect(.bytes(newest)).entry.sequence == sequence + 10)
        let put = try await client.name.put(key.id, .bytes(newest), force: true, allowOffline: true, offline: true)
        #expect(put.name == key.id && put.value == "/ipfs/\(cid)")
      }
    }

    @Test func whatCannotBePublishedOrResolved() async throws {
      let cid = try await client.addString(Sample.text(), options: .unpinned)
      let noKey = try await failure {
        try await client.name.publish(cid, key: Sample.name(), allowOffline: true, offline: true)
      }
      #expect(noKey.message == "no key by the given name was found" && noKey.reason == .notFound)
      try await client.withKey { key in
        let unresolved = try await failure { try await client.name.resolve(key.id, offline: true) }
        #expect(unresolved.reason == .routingNotFound)
        let noRecord = try await failure { try await client.name.get(key.id, offline: true).collect() }
        #expect(noRecord.code == .errorResponse)
        let noLink = try await failure {
          try await client.name.publish("/ipfs/\(cid)/nope", key: key.name, allowOffline: true, offline: true)
        }
        #expect(noLink.code == .errorResponse)
        let lifetime = try await failure {
          try await client.name.publish(cid, lifetime: "soon", key: key.name, allowOffline: true, offline: true)
        }
        #expect(lifetime.message.hasPrefix("error parsing lifetime option"))
        let both = try await failure {
          try await client.name.publish(cid, key: key.name, allowOffline: true, allowDelegated: true, offline: true)
        }
        #expect(both.message == "cannot use both --allow-offline and --allow-delegated flags")
      }
      let nonsense = try await failure { try await client.name.inspect(.text("nonsense")) }
      #expect(nonsense.code == .errorResponse)
    }

    @Test func newsOfNames() async throws {
      let isEnabled = try await client.name.pubsub.state()
      let subs = try await ifServed("IPNS pubsub subsystem is not enabled") { try await client.name.pubsub.subs() }
      let isCancelled = try await ifServed("IPNS pubsub subsystem is not enabled") {
        try await client.name.pubsub.cancel(Sample.peer)
      }
      #expect((subs != nil) == isEnabled && (isCancelled != nil) == isEnabled)
      // Nothing was subscribed to.
      #expect(isCancelled != true)
    }
  }
}
