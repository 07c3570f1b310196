import IPFSClient
import Testing

extension LiveAPI {
  /// `pubsub/…`, where the daemon is configured for it.
  struct PubsubTests {
    private static let notEnabled = "pubsub feature not enabled"

    let client: Client

    init() throws { client = try LiveDaemon.client(.tcp) }

    @Test func aMessageReachesItsSubscribers() async throws {
      let client = client
      let topic = Sample.name() + "/ü"
      guard try await ifServed(Self.notEnabled, body: { try await client.pubsub.ls() }) != nil else { return }
      let bytes = [0, 255, 10] + Sample.bytes(1_000)
      let messages = try await withThrowingTaskGroup { group in
        for _ in 0..<2 {
          group.addTask {
            var messages: [Client.Pubsub.Message] = []
            for try await message in client.pubsub.subscribe(topic) {
              messages.append(message)
              if message.data == Array("last".utf8) { break }
            }
            return messages
          }
        }
        // A subscriber may miss what is published before the daemon has both: so the last one is sent until they end.
        group.addTask {
          while try await !client.pubsub.ls().contains(topic) { try await Task.sleep(for: .milliseconds(20)) }
          try await client.pubsub.publish(topic, bytes)
          while try await client.pubsub.ls().contains(topic) {
            try await client.pubsub.publish(topic, "last")
            try await Task.sleep(for: .milliseconds(50))
          }
          return []
        }
        var all: [[Client.Pubsub.Message]] = []
        for try await messages in group { all.append(messages) }
        return all.filter { !$0.isEmpty }
      }
      #expect(messages.count == 2)
      let own = try await client.id().id
      for message in messages.flatMap(\.self) {
        #expect(message.from == own && message.topicIDs == [topic] && !message.seqno.isEmpty)
        #expect(message.data == bytes || message.data == Array("last".utf8))
      }
      // One of the two was there first, and has all.
      #expect(messages.contains { $0.first?.data == bytes })
    }

    @Test func peersAndWhatWasSeen() async throws {
      let topic = Sample.name()
      let peers = try await ifServed(Self.notEnabled) { try await client.pubsub.peers(topic) }
      #expect(peers ?? [] == [])
      // This may concern any peer, so it is asked for one that is none.
      let count = try await ifServed(Self.notEnabled) { try await client.pubsub.reset(peer: Sample.peer) }
      #expect((count ?? 0) >= 0)
      // Nobody listens: that is no error.
      try await ifServed(Self.notEnabled) { try await client.pubsub.publish(topic, "to nobody") }
    }

    @Test func leavingALoopEndsASubscription() async throws {
      let client = client
      let topic = Sample.name()
      guard try await ifServed(Self.notEnabled, body: { try await client.pubsub.ls() }) != nil else { return }
      let task = Task { try await client.pubsub.subscribe(topic).collect() }
      while try await !client.pubsub.ls().contains(topic) { try await Task.sleep(for: .milliseconds(20)) }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      while try await client.pubsub.ls().contains(topic) { try await Task.sleep(for: .milliseconds(20)) }
    }
  }
}
