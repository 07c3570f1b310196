package import IPFSNode
package import Logging
package import UnixFS

/// What all commands work with.
package final class Services: Sendable {
  /// The node.
  package let node: Node
  /// All commands, for those that tell of others.
  package let table: CommandTable
  /// Where errors go that no caller sees.
  package let logger: Logger
  /// Which log lines are written, and who reads along.
  package let log: LogRelay
  /// What is being carried out.
  package let requests = RequestLog(clock: Names.now)
  /// Whether callers may end the server.
  package let shutdown = ShutdownRequest()
  /// Who listens to which topic.
  package let pubsub: PubsubHub
  /// The memory for files that are being added, all of them together.
  package let importBudget = ConcurrentImporter.Budget(48 << 20)

  /// Takes a node, which stays the caller's to close.
  ///
  /// - Parameters:
  ///   - logger: Where errors go that no caller sees.
  ///   - log: What the node's logger goes through, if that is to be changed by `log/level`, too.
  package init(node: Node, table: CommandTable = .standard, logger: Logger, log: LogRelay = LogRelay()) {
    self.node = node
    self.table = table
    self.logger = log.relaying(logger)
    self.log = log
    let now = Names.now()
    // A later process begins with a higher number than this one can reach.
    pubsub = PubsubHub(sequence: UInt64(max(0, now.seconds)) * 1_000_000_000 + UInt64(now.nanoseconds))
  }
}
