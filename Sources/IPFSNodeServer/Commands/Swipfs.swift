import IPFSNode
import Synchronization

/// `swipfs/*`: what Kubo has no command for.
let swipfsCommands: [Command] = [
  Command("swipfs/verify", lasting: true) { try await NodeVerification.run($0) },
  Command("swipfs/gc", lasting: true) { call in
    let news = Newest<JSON>()
    let result = try await news.relay(to: call.reply) { show in
      try await call.node.collector.collect { progress in
        show([
          "Marked": .int(Int64(progress.marked)), "Swept": .int(Int64(progress.swept)),
          "Removed": .int(Int64(progress.removed)),
        ])
      }
    }
    try await call.reply.emit([
      "BlocksRemoved": .int(Int64(result.removed)), "BytesFreed": .uint(result.bytesFreed),
      "BlocksKept": .int(Int64(result.kept)), "BytesKept": .uint(result.bytesKept),
    ])
  },
  Command("swipfs/stat") { call in
    let storage = try await call.node.storage()
    try await call.reply.value([
      "RepoPath": .string(call.node.repo.path), "Blocks": .int(Int64(storage.blocks)), "Bytes": .uint(storage.bytes),
      "EstimatedGarbage": .uint(storage.estimatedGarbage), "Pins": .int(Int64(storage.pins)),
      "FreeBytes": .uint(storage.freeBytes),
    ])
  },
]

/// `swipfs/verify`: checks every block, the tree and the pins.
private enum NodeVerification {
  /// How often findings of a tree that changes have to be there to be believed.
  private static let rounds = 3

  static func run(_ call: Call) async throws {
    let last = Mutex<Node.VerificationProgress?>(nil)
    var findings: [Node.Finding] = []
    for round in 0..<rounds {
      let before = call.node.statistics.journalRows
      let found = try await Newest<JSON>().relay(to: call.reply) { show in
        try await call.node.verify { progress in
          last.withLock { $0 = progress }
          show(["Blocks": .int(Int64(progress.blocks)), "Nodes": .int(Int64(progress.nodes))])
        }
      }
      // What changes while it is looked at may look wrong; what is wrong stays so.
      findings = round == 0 ? found : findings.filter { Set(found).contains($0) }
      if findings.isEmpty || call.node.statistics.journalRows == before { break }
      try Task.checkCancellation()
    }
    let checked = last.withLock { $0 }
    for finding in findings { try await call.reply.emit(["Finding": .string(finding.description)]) }
    try await call.reply.emit([
      "Blocks": .int(Int64(checked?.blocks ?? 0)), "Nodes": .int(Int64(checked?.nodes ?? 0)), "Done": true,
    ])
  }
}

/// Carries news from a thread that must not wait to a reply: what is not sent yet when the next comes is skipped.
///
/// The lock guards what is to be sent.
private final class Newest<Value: Sendable>: Sendable {
  private let value = Mutex<Value?>(nil)
}

extension Newest where Value == JSON {
  /// How often news are sent at most, in seconds.
  private static var interval: Duration { .milliseconds(200) }

  /// Runs `body`, and sends what it shows meanwhile.
  func relay<Result: Sendable>(
    to reply: Reply, _ body: @escaping @Sendable (_ show: @escaping @Sendable (JSON) -> Void) async throws -> Result
  ) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask {
        try await body { news in self.value.withLock { $0 = news } }
      }
      group.addTask {
        while !Task.isCancelled {
          try? await Task.sleep(for: Self.interval)
          let news = self.value.withLock { value in
            defer { value = nil }
            return value
          }
          guard let news, !Task.isCancelled else { continue }
          try await reply.emit(news)
          try await reply.flush()
        }
        return nil
      }
      defer { group.cancelAll() }
      while let result = try await group.next() {
        guard let result else { continue }
        group.cancelAll()
        // The reply is the caller's again when nobody else writes to it.
        while try await group.next() != nil {}
        return result
      }
      throw CancellationError()
    }
  }
}
