import ArgumentParser
import IPFSClient
import IPFSMount

/// `swipfs block`: single blocks.
struct BlockCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "block", abstract: "Work with single blocks.",
    subcommands: [Get.self, Put.self, Stat.self, Remove.self])

  /// `swipfs block get`.
  struct Get: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Print a block as it is stored.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Argument(help: "A CID or path.") var path: String

    func perform(_ session: Session) async throws {
      try await session.write(session.client.block.get(path))
    }
  }

  /// `swipfs block put`.
  struct Put: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Store bytes as blocks, and print their CIDs.", discussion: "Without a file, standard input is read.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Option(help: "How they are to be read, such as dag-pb; raw without it.") var cidCodec: String?
    @Option(help: "The hash function; sha2-256 without it.") var mhtype: String?
    @Option(help: "The length of the hash.") var mhlen: Int?
    @Flag(inversion: .prefixedNo, help: "Pin them.") var pin = false
    @Flag(help: "Allow blocks larger than other peers would take.") var allowBigBlock = false
    @Argument(help: "Local files.", completion: .file()) var files: [String] = []

    func perform(_ session: Session) async throws {
      let uploads = files.isEmpty ? [try Upload.input(nil)] : try files.map { try Upload.input($0) }
      let stored = session.client.block.put(
        uploads, cidCodec: cidCodec, mhtype: mhtype, mhlen: mhlen, pin: pin, allowBigBlock: allowBigBlock)
      for try await block in stored {
        if format.json {
          try Output.line(["cid": session.field(block.cid), "size": JSONField(block.size)])
        } else {
          try Output.line(session.text(block.cid))
        }
      }
    }
  }

  /// `swipfs block stat`.
  struct Stat: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Print the CIDs and sizes of blocks.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "CIDs or paths.") var paths: [String]

    func perform(_ session: Session) async throws {
      for path in paths {
        let stat = try await session.client.block.stat(path)
        if format.json {
          try Output.line(["cid": session.field(stat.cid), "size": JSONField(stat.size)])
        } else {
          try Output.lines("Key: \(session.text(stat.cid))\nSize: \(stat.size)")
        }
      }
    }
  }

  /// `swipfs block rm`.
  struct Remove: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove blocks that nothing pins.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Flag(name: .shortAndLong, help: "One that is not there is no error.") var force = false
    @Flag(name: .shortAndLong, help: "Print only what was not removed.") var quiet = false
    @Argument(help: "CIDs.") var paths: [String]

    func perform(_ session: Session) async throws {
      var failures = 0
      for try await removal in session.client.block.rm(paths, force: force) {
        if removal.error != nil { failures += 1 }
        if format.json {
          try Output.line(["cid": session.field(removal.cid), "error": JSONField(removal.error)])
        } else if let error = removal.error {
          try Output.line("cannot remove \(session.text(removal.cid)): \(error)")
        } else if !quiet {
          try Output.line("removed \(session.text(removal.cid))")
        }
      }
      if failures > 0 {
        throw CommandError(.refused, "\(failures) blocks were not removed: `swipfs pin ls` shows what keeps them")
      }
    }
  }
}
