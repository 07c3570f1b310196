import ArgumentParser
import IPFSClient

/// `swipfs swarm`.
struct SwarmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swarm", abstract: "Look at the node's connections; the embedded node is offline and has none.",
    subcommands: [Peers.self, Connect.self, Disconnect.self, Addresses.self])

  /// `swipfs swarm peers`.
  struct Peers: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "List the peers that it is connected to.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions

    func perform(_ session: Session) async throws {
      for peer in try await session.client.swarm.peers() {
        if format.json {
          try Output.line(["address": .text(peer.address), "peer": .text(peer.peer)])
        } else {
          try Output.line("\(peer.address)/p2p/\(peer.peer)")
        }
      }
    }
  }

  /// `swipfs swarm connect`.
  struct Connect: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Connect to peers.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Argument(help: "Multiaddrs with /p2p/ID at their ends.") var addresses: [String]

    func perform(_ session: Session) async throws {
      for address in addresses {
        for line in try await session.client.swarm.connect(address) { try Output.line(line) }
      }
    }
  }

  /// `swipfs swarm disconnect`.
  struct Disconnect: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Let go of peers.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Argument(help: "Multiaddrs with /p2p/ID at their ends.") var addresses: [String]

    func perform(_ session: Session) async throws {
      for address in addresses {
        for line in try await session.client.swarm.disconnect(address) { try Output.line(line) }
      }
    }
  }

  /// `swipfs swarm addrs`.
  struct Addresses: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "addrs", abstract: "List the peers that it knows.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions

    func perform(_ session: Session) async throws {
      for (peer, addresses) in try await session.client.swarm.addrs().sorted(by: { $0.key < $1.key }) {
        if format.json {
          try Output.line(["peer": .text(peer), "addresses": JSONField(addresses)])
        } else {
          try Output.lines("\(peer) (\(addresses.count))" + addresses.map { "\n  \($0)" }.joined())
        }
      }
    }
  }
}

/// `swipfs bootstrap`.
struct BootstrapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bootstrap", abstract: "Show and change the peers that the node begins with.",
    subcommands: [List.self, Add.self, Remove.self], defaultSubcommand: List.self)

  /// `swipfs bootstrap list`.
  struct List: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List them.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions

    func perform(_ session: Session) async throws {
      for peer in try await session.client.bootstrap.list() {
        if format.json { try Output.line(["address": .text(peer)]) } else { try Output.line(peer) }
      }
    }
  }

  /// `swipfs bootstrap add`.
  struct Add: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Add some.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Argument(help: "Multiaddrs with /p2p/ID at their ends, or default.") var peers: [String]

    func perform(_ session: Session) async throws {
      for peer in peers {
        for line in try await session.client.bootstrap.add(peer) { try Output.line("added \(line)") }
      }
    }
  }

  /// `swipfs bootstrap rm`.
  struct Remove: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove some.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Flag(help: "Remove all.") var all = false
    @Argument(help: "Multiaddrs.") var peers: [String] = []

    func perform(_ session: Session) async throws {
      if all {
        for line in try await session.client.bootstrap.rmAll() { try Output.line("removed \(line)") }
      }
      for peer in peers {
        for line in try await session.client.bootstrap.rm(peer) { try Output.line("removed \(line)") }
      }
    }
  }
}
