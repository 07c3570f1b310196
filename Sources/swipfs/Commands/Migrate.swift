import ArgumentParser
import IPFSClient
import IPFSMount

extension RepoCommand {
  /// `swipfs repo migrate`.
  struct Migrate: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Move everything into a daemon, such as Kubo: pins with their names, files, keys where it takes them.",
      discussion: """
        Nothing is taken away here. Stopped half-way, it goes on where it was when it is called again. At the end, pins \
        and files there are compared with those here.
        """)

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Option(help: ArgumentHelp("The daemon to move everything to.", valueName: "multiaddr")) var to: String
    @Option(
      help: ArgumentHelp("A file with what that daemon lets in, as --api-auth has it.", valueName: "file"),
      completion: .file())
    var toAuth: String?
    @Flag(inversion: .prefixedNo, help: "Show how far it is, at a terminal.") var progress = true

    func perform(_ session: Session) async throws {
      let place = NodePlace.daemon(address: to, source: "--to")
      let connection = try NodeConnection.connect(to, place, node, authorization: toAuth)
      let bar = Progress("moving", isShown: progress)
      defer { bar.finish() }
      do {
        let report = try await Migration(from: session.client, to: MigrationTarget(connection), bar).run()
        bar.finish()
        try show(report, session)
      } catch {
        try? await connection.close()
        throw error
      }
      try await connection.close()
    }

    private func show(_ report: Migration.Report, _ session: Session) throws {
      if format.json {
        try Output.line([
          "blocksSent": .unsigned(report.blocksSent), "bytesSent": .unsigned(report.bytesSent),
          "pins": JSONField(report.pins), "files": JSONField(report.entries), "keys": JSONField(report.keysMoved),
          "keysLeft": JSONField(report.keysLeft.map(\.name)),
          "pinsNamedOtherwise": .list(report.renamed.map { session.field($0) }),
          "verified": true,
        ])
      } else {
        try Output.lines(
          """
          sent      \(report.blocksSent) blocks, \(Sizes.bytes(report.bytesSent))
          pins      \(report.pins)
          files     \(report.entries) in the root of the tree
          keys      \(report.keysMoved.count)
          verified  every pin and file there is the one here
          """)
      }
      for cid in report.renamed {
        Terminal.line("note: \(session.text(cid)) has another name there, which it keeps")
      }
      tell(ofKeysLeft: report.keysLeft)
    }

    private func tell(ofKeysLeft keys: [(name: String, why: Migration.KeyRefusal)]) {
      for (name, why) in keys {
        switch why {
        case .nameTaken:
          Terminal.line(
            "note: another key has the name \(name) there; rename this one "
              + "(`swipfs key rename \(ShellWord.quoted(name)) NEWNAME`) and call this again")
        case .other(let message): Terminal.line("note: the key \(name) was not moved: \(message)")
        case .notOverRPC: break
        }
      }
      let names = keys.filter { $0.why == .notOverRPC }.map(\.name)
      guard !names.isEmpty else { return }
      Terminal.line("note: the daemon takes no keys over its RPC; on its machine, bring them so:")
      for name in names {
        let word = ShellWord.quoted(name)
        let file = ShellWord.quoted("\(name.replacing("/", with: "_")).key")
        Terminal.line("  swipfs key export -o \(file) \(word) && ipfs key import \(word) \(file)")
      }
    }
  }
}
