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
  /// The memory for files that are being added, all of them together.
  package let importBudget = ConcurrentImporter.Budget(48 << 20)

  /// Takes a node, which stays the caller's to close.
  package init(node: Node, table: CommandTable = .standard, logger: Logger) {
    self.node = node
    self.table = table
    self.logger = logger
  }
}
