/// `commands`, and `mount`, which is Kubo's own and not that of this node.
let daemonCommands: [Command] = [
  Command("commands", options: [.init(.bool, "flags", "f")]) { call in
    try await call.reply.value(CommandTree(call.services.table).json)
  },
  Command(
    "mount",
    options: [.init(.string, "ipfs-path", "f"), .init(.string, "ipns-path", "n"), .init(.string, "mfs-path", "m")]
  ) { _ in
    throw RPCError("this command must be run in online mode. Try running 'ipfs daemon' first")
  },
]

/// The commands by the parts of their names.
private struct CommandTree {
  private final class Node {
    var options: [Command.Option] = []
    var children: [String: Node] = [:]
  }

  private let root = Node()

  init(_ table: CommandTable) {
    root.options = Command.globalOptions
    for command in table.sorted {
      var node = root
      for part in command.name.split(separator: "/") {
        let next = node.children[String(part)] ?? Node()
        node.children[String(part)] = next
        node = next
      }
      node.options = command.options
    }
  }

  var json: JSON { Self.json("ipfs", root) }

  private static func json(_ name: String, _ node: Node) -> JSON {
    let children = node.children.sorted { $0.key < $1.key }
    return [
      "Name": .string(name), "Subcommands": .array(children.map { json($0.key, $0.value) }),
      "Options": .array(node.options.map { ["Names": JSON($0.names)] }),
    ]
  }
}
