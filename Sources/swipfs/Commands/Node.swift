import ArgumentParser
import Foundation
import IPFSClient
import IPFSMount
import IPFSNode

/// `swipfs id`.
struct IdentityCommand: NodeCommand {
  static let configuration = CommandConfiguration(commandName: "id", abstract: "Print who the node, or a peer, is.")

  @OptionGroup(title: "Node") var node: NodeOptions
  @OptionGroup var output: FormatOptions
  @Option(name: .shortAndLong, help: "What to print: a text with <id>, <aver>, <pubkey>, <addrs>, <protocols>.")
  var format: String?
  @Option(help: "How identifiers are written: b58mh or a base.") var peeridBase: String?
  @Argument(help: "A peer's identifier.") var peer: String?

  func perform(_ session: Session) async throws {
    let identity = try await session.client.id(peer, peerIDBase: peeridBase)
    if let format {
      let values = [
        ("<id>", identity.id), ("<aver>", identity.agentVersion), ("<pubkey>", identity.publicKey),
        ("<addrs>", identity.addresses.joined(separator: "\n")),
        ("<protocols>", identity.protocols.joined(separator: "\n")), ("\\n", "\n"), ("\\t", "\t"),
      ]
      return try Output.lines(values.reduce(format) { $0.replacing($1.0, with: $1.1) })
    }
    let field: JSONField = [
      "id": .text(identity.id), "publicKey": .text(identity.publicKey), "addresses": JSONField(identity.addresses),
      "agentVersion": .text(identity.agentVersion), "protocols": JSONField(identity.protocols),
    ]
    if output.json { try Output.line(field) } else { try Output.lines(field.lines) }
  }
}

/// `swipfs version`.
struct VersionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "version", abstract: "Print the version of this program, and of the node with --all.")

  @OptionGroup(title: "Node") var node: NodeOptions
  @OptionGroup var format: FormatOptions
  @Flag(name: .shortAndLong, help: "Print the number alone.") var number = false
  @Flag(help: "Ask the node for its version, too.") var all = false

  func run() async throws {
    guard all else {
      if format.json { return try Output.line(["version": .text(Version.current)]) }
      return try Output.line(number ? Version.current : "swipfs version \(Version.current)")
    }
    try await Session.run(node) { session in
      let version = try await session.client.version()
      guard format.json else {
        return try Output.lines(
          """
          swipfs version: \(Version.current)
          node version:   \(version.version)\(version.commit.isEmpty ? "" : "-\(version.commit)")
          repo version:   \(version.repo)
          system:         \(version.system)
          built with:     \(version.golang)
          """)
      }
      try Output.line([
        "version": .text(Version.current),
        "node": [
          "version": .text(version.version), "commit": .text(version.commit), "repo": .text(version.repo),
          "system": .text(version.system), "golang": .text(version.golang),
        ],
      ])
    }
  }
}
