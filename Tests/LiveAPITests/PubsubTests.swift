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
          // What is published from here on is not missed.
          let subscription = try await client.pubsub.subscribe(topic)
          group.addTask {
            var messages: [Client.Pubsub.Message] = []
            for try await message in subscription {
              messages.append(message)
              if messages.count == 2 { break }
            }
            return messages
          }
        }
        #expect(try await client.pubsub.ls().contains(topic))
        try await client.pubsub.publish(topic, bytes)
        try await client.pubsub.publish(topic, "text")
        return try await group.reduce(into: []) { $0.append($1) }
      }
      let expected: Set = [bytes, Array("text".utf8)]
      #expect(messages.map { Set($0.map(\.data)) } == [expected, expected])
      let own = try await client.id().id
      for message in messages.flatMap(\.self) {
        #expect(message.from == own && message.topicIDs == [topic] && !message.seqno.isEmpty)
      }
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
      let subscription = try await client.pubsub.subscribe(topic)
      #expect(try await client.pubsub.ls().contains(topic))
      let task = Task { try await subscription.collect() }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      while try await client.pubsub.ls().contains(topic) { try await Task.sleep(for: .milliseconds(20)) }
    }
  }
}
