import ArgumentParser
import IPFSClient

/// `swipfs name`: names that point to content and can be pointed elsewhere.
struct NameCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "name", abstract: "Point names to content, and find what they point to (IPNS).",
    subcommands: [Publish.self, Resolve.self])

  /// `swipfs name publish`.
  struct Publish: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Point a name to a path.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Option(name: .shortAndLong, help: "The name of a key pair, or its identifier; the node's own without it.")
    var key: String?
    @Option(name: [.customShort("t"), .long], help: "How long it is valid, such as 24h.") var lifetime: String?
    @Option(help: "How long others may take it for granted, such as 5m.") var ttl: String?
    @Option(help: "The record's number, more than that of the one before.") var sequence: UInt64?
    @Flag(inversion: .prefixedNo, help: "Check that the path is there.") var resolve = true
    @Flag(
      inversion: .prefixedNo,
      help: "Store it where the node cannot tell others; the embedded node never can.")
    var allowOffline = false
    @Flag(inversion: .prefixedNo, help: "Let older programs read the record, too.") var v1compat: Bool?
    @Flag(name: [.customShort("Q"), .long], help: "Print the name alone.") var quieter = false
    @Argument(help: "A CID or path, as /ipfs/CID/a.") var path: String

    func perform(_ session: Session) async throws {
      let isEmbedded = if case .embedded = session.place { true } else { false }
      let entry = try await session.client.name.publish(
        path, resolve: resolve, lifetime: lifetime, ttl: ttl, key: key, allowOffline: allowOffline || isEmbedded,
        v1compat: v1compat, sequence: sequence)
      if format.json {
        try Output.line(["name": .text(entry.name), "value": .text(entry.value)])
      } else {
        try Output.line(quieter ? entry.name : "Published to \(entry.name): \(entry.value)")
      }
    }
  }

  /// `swipfs name resolve`.
  struct Resolve: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Find the path that a name points to.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Follow names that lead to names.") var recursive = true
    @Flag(name: .shortAndLong, help: "Ask others even if the node thinks that it knows.") var nocache = false
    @Argument(help: "The name, or a domain; the node's own without it.") var name: String?

    func perform(_ session: Session) async throws {
      let path = try await session.client.name.resolve(name, recursive: recursive, nocache: nocache)
      if format.json { try Output.line(["path": .text(path)]) } else { try Output.line(path) }
    }
  }
}
