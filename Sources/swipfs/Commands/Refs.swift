import ArgumentParser
import IPFSClient
import IPFSMount

/// `swipfs refs`.
struct RefsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "refs", abstract: "List the CIDs that DAGs link to, or all that the node has.",
    subcommands: [Local.self, Below.self], defaultSubcommand: Below.self)

  /// `swipfs refs PATH…`.
  struct Below: NodeCommand {
    static let configuration = CommandConfiguration(
      commandName: "of", abstract: "List the CIDs that DAGs link to; the word `of` may be left out.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Flag(name: .shortAndLong, help: "List links of links, too.") var recursive = false
    @Flag(name: .shortAndLong, help: "List each CID once.") var unique = false
    @Flag(name: .shortAndLong, help: "Print both ends of each link.") var edges = false
    @Option(name: .customLong("format"), help: "What to print: a text with <src>, <dst>, <linkname>.")
    var template: String?
    @Option(help: "How deep to follow links, with -r.") var maxDepth: Int?
    @Argument(help: "CIDs or paths.") var paths: [String]

    func perform(_ session: Session) async throws {
      for path in paths {
        let refs = session.client.unstable.refs(
          path, format: template, edges: edges, unique: unique, recursive: recursive, maxDepth: maxDepth)
        for try await ref in refs {
          if let error = ref.error { throw CommandError(.refused, error) }
          try show(ref, session, json: format.json)
        }
      }
    }
  }

  /// `swipfs refs local`.
  struct Local: NodeCommand {
    static let configuration = CommandConfiguration(
      commandName: "local", abstract: "List the CIDs of all blocks that the node has.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions

    func perform(_ session: Session) async throws {
      for try await ref in session.client.unstable.refs.local() { try show(ref, session, json: format.json) }
    }
  }
}

private func show(_ ref: Client.Unstable.Refs.Ref, _ session: Session, json: Bool) throws {
  let text = ref.cid.map(session.text) ?? ref.ref
  if json { try Output.line(["ref": .text(text)]) } else { try Output.line(text) }
}

/// `swipfs resolve`.
struct ResolveCommand: NodeCommand {
  static let configuration = CommandConfiguration(
    commandName: "resolve", abstract: "Find what a path or name leads to.")

  @OptionGroup(title: "Node") var node: NodeOptions
  @OptionGroup var format: FormatOptions
  @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Follow names that lead to names.") var recursive = true
  @Argument(help: "A path, as /ipns/NAME/a or /ipfs/CID/a.") var path: String

  func perform(_ session: Session) async throws {
    let found = try await session.client.resolve(path, recursive: recursive)
    if format.json { try Output.line(["path": .text(found)]) } else { try Output.line(found) }
  }
}
