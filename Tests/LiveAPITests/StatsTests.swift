import IPFSClient
import Multiformats
import Testing

extension LiveAPI {
  /// `stats/…`, `bitswap/…`, `provide/…` and `filestore/…`.
  struct StatsTests {
    let client: Client

    init() throws { client = try LiveDaemon.client(.unix) }

    @Test func bandwidth() async throws {
      let notMeasured = ["unable to run offline", "bandwidth reporter disabled"]
      let once = try await ifServed(notMeasured[0], notMeasured[1]) { try await client.stats.bw().collect() }
      guard let once else { return }
      #expect(once.count == 1 && once.allSatisfy { $0.totalIn >= 0 && $0.rateOut >= 0 })
      var polled: [Client.Stats.Bandwidth] = []
      for try await value in client.stats.bw(poll: true, interval: "50ms") {
        polled.append(value)
        if polled.count == 3 { break }
      }
      #expect(polled.map(\.totalIn) == polled.map(\.totalIn).sorted())
      let both = try await failure { try await client.stats.bw(peer: Sample.peer, proto: "/x").collect() }
      #expect(both.code.isStatusError)
    }

    @Test func blocksThatAreExchanged() async throws {
      let stat = try await ifServed { try await client.bitswap.stat() }
      let same = try await ifServed { try await client.stats.bitswap() }
      #expect((stat == nil) == (same == nil))
      let absent = Sample.absentCID()
      #expect(stat?.wantlist.contains(absent) != true)
      let wanted = try await ifServed { try await client.bitswap.wantlist() }
      #expect(wanted?.contains(absent) != true)
      let peerWants = try await ifServed { try await client.bitswap.wantlist(Sample.peer) }
      #expect(peerWants ?? [] == [])
      let ledger = try await ifServed { try await client.bitswap.ledger(Sample.peer) }
      #expect(ledger == nil || ledger?.peer == Sample.peer && ledger?.exchanged == 0)
    }

    @Test func peersInHashTables() async throws {
      let tables = try await ifServed("routing service is not a DHT", "could not generate stats") {
        try await client.stats.dht("lan").collect()
      }
      #expect(tables?.map(\.name) ?? ["lan"] == ["lan"])
    }

    @Test func announcements() async throws {
      let unavailable = "stats not available"
      let stat = try await ifServed(unavailable) { try await client.provide.stat() }
      #expect(stat == nil || stat?.sweep != nil || stat?.legacy != nil)
      let first = try await ifServed(unavailable) { try await client.stats.provide() }
      let second = try await ifServed(unavailable) { try await client.stats.reprovide() }
      #expect((first == nil) == (stat == nil) && (second == nil) == (stat == nil))
      let cleared = try await client.provide.clear()
      #expect((cleared ?? 0) >= 0)
    }

    @Test func blocksThatAreKeptInFiles() async throws {
      let notEnabled = "filestore is not enabled"
      let absent = Sample.absentCID()
      let all = try await ifServed(notEnabled) { try await client.filestore.ls().collect() }
      #expect(all?.contains { $0.cid == absent } != true)
      let listed = try await ifServed(notEnabled) { try await client.filestore.ls(absent).collect() }
      #expect(listed == nil || listed?.map(\.status) == [.keyNotFound])
      let verified = try await ifServed(notEnabled) {
        try await client.filestore.verify(absent, fileOrder: false).collect()
      }
      #expect(verified == nil || verified?.map(\.status) == [.keyNotFound])
      let dups = try await ifServed(notEnabled) { try await client.filestore.dups().collect() }
      #expect((dups == nil) == (all == nil))
    }
  }
}
