/// All commands, by their paths.
///
/// The only place that knows them all: HTTP and the transport within the process are served by the same table.
package struct CommandTable: Sendable {
  private let commands: [String: Command]

  /// A table of these commands.
  package init(_ commands: [Command]) {
    self.commands = Dictionary(commands.map { ($0.name, $0) }) { first, _ in first }
  }

  /// A command by its path.
  package subscript(_ name: String) -> Command? { commands[name] }

  /// All of them, by name.
  package var sorted: [Command] { commands.values.sorted { $0.name < $1.name } }

  /// Every command of the node.
  package static let standard = CommandTable(
    [
      addCommands, bitswapCommands, blockCommands, bootstrapCommands, catCommands, cidCommands, configCommands,
      daemonCommands, dagCommands, diagCommands, filesCommands, filestoreCommands, getCommands, keyCommands,
      listCommands, logCommands, multibaseCommands, nameCommands, nameRecordCommands, nodeCommands, objectCommands,
      objectNodeCommands,
      p2pCommands, pinCommands, provideCommands, pubsubCommands, refsCommands, repoCommands, resolveCommands,
      routingCommands, shutdownCommands, statsCommands, swarmCommands, swarmFilterCommands, swipfsCommands,
      tableCommands,
    ].flatMap { $0 })
}
