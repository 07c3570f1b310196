import ArgumentParser
import IPFSClient
import IPFSMount
import Multiformats

/// `swipfs pin`: what is kept though it is in no file.
struct PinCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pin", abstract: "Keep content though it is in no file.",
    subcommands: [Add.self, Remove.self, List.self, Update.self, Verify.self])

  /// `swipfs pin add`.
  struct Add: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Pin what the node has: CIDs, or paths as /ipfs/CID/a.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Pin what it leads to, too.") var recursive = true
    @Flag(help: "Pin the block alone, not what it leads to: as --no-recursive.") var direct = false
    @Option(name: .shortAndLong, help: "A name for the pin.") var name: String?
    @Flag(inversion: .prefixedNo, help: "Show how far it is, at a terminal.") var progress = true
    @Argument(help: "CIDs or paths.") var paths: [String]

    func perform(_ session: Session) async throws {
      let isRecursive = recursive && !direct
      let bar = Progress("pinning", .things("blocks"), isShown: progress)
      defer { bar.finish() }
      for path in paths {
        for try await event in session.client.pin.addWithProgress(path, recursive: isRecursive, name: name) {
          switch event {
          case .progress(let blocks, _): bar.set(done: UInt64(max(0, blocks)))
          case .pinned(let cids):
            for cid in cids { try show(cid, isRecursive, session) }
          }
        }
      }
    }

    private func show(_ cid: CID, _ isRecursive: Bool, _ session: Session) throws {
      guard format.json else {
        return try Output.line("pinned \(session.text(cid)) \(isRecursive ? "recursively" : "directly")")
      }
      try Output.line([
        "cid": session.field(cid), "type": isRecursive ? "recursive" : "direct", "name": JSONField(name),
      ])
    }
  }

  /// `swipfs pin rm`.
  struct Remove: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Take pins away.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Take recursive pins away, too.") var recursive = true
    @Argument(help: "CIDs or paths.") var paths: [String]

    func perform(_ session: Session) async throws {
      for path in paths {
        for cid in try await session.client.pin.rm(path, recursive: recursive) {
          if format.json {
            try Output.line(["cid": session.field(cid)])
          } else {
            try Output.line("unpinned \(session.text(cid))")
          }
        }
      }
    }
  }

  /// `swipfs pin ls`.
  struct List: NodeCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List pins: CID, kind and name.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Option(name: .shortAndLong, help: "direct, indirect, recursive or all.") var type = "all"
    @Option(name: .shortAndLong, help: "Only pins with this in their names.") var name: String?
    @Flag(inversion: .prefixedNo, help: "Show names.") var names = true
    @Flag(name: .shortAndLong, help: "Print CIDs alone.") var quiet = false
    @Argument(help: "CIDs or paths to ask about; all pins without one.") var paths: [String] = []

    func perform(_ session: Session) async throws {
      guard type == "all" || Client.Pin.Kind(rawValue: type) != nil else {
        throw CommandError(.usage, "unknown kind of pin \(type): it is direct, indirect, recursive or all")
      }
      let kind = Client.Pin.Kind(rawValue: type)
      guard !paths.isEmpty else {
        return try await list(session.client.pin.ls(type: kind, name: name, names: names), session)
      }
      for path in paths {
        try await list(session.client.pin.ls(path, type: kind, name: name, names: names), session)
      }
    }

    private func list(_ pins: ObjectStream<Client.Pin.Entry>, _ session: Session) async throws {
      for try await pin in pins {
        if format.json {
          var members: [(name: String, value: JSONField)] = [
            ("cid", session.field(pin.cid)), ("type", .text(pin.kind.rawValue)),
          ]
          if !pin.name.isEmpty { members.append(("name", .text(pin.name))) }
          if let via = pin.via { members.append(("via", session.field(via))) }
          try Output.line(JSONField.object(members))
        } else if quiet {
          try Output.line(session.text(pin.cid))
        } else {
          let via = pin.via.map { "through \(session.text($0))" }
          let columns = [session.text(pin.cid), pin.kind.rawValue, via, pin.name.isEmpty ? nil : pin.name]
          try Output.line(columns.compactMap(\.self).joined(separator: " "))
        }
      }
    }
  }

  /// `swipfs pin update`.
  struct Update: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put a recursive pin in the place of another one; what both lead to is not looked at again.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Flag(inversion: .prefixedNo, help: "Take the old pin away.") var unpin = true
    @Argument(help: "What is pinned.") var old: String
    @Argument(help: "What is to be pinned.") var new: String

    func perform(_ session: Session) async throws {
      let cids = try await session.client.pin.update(old, to: new, unpin: unpin)
      if format.json {
        try Output.line(["pins": .list(cids.map { session.field($0) })])
      } else {
        try Output.line("updated " + cids.map(session.text).joined(separator: " to "))
      }
    }
  }

  /// `swipfs pin verify`.
  struct Verify: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check that what is pinned recursively is there whole.",
      discussion: "Ends with 4 if something is missing.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Flag(help: "Print pins that are whole, too.") var verbose = false
    @Flag(name: .shortAndLong, help: "Print CIDs of broken pins alone.") var quiet = false

    func perform(_ session: Session) async throws {
      var broken = 0
      for try await pin in session.client.pin.verify(verbose: verbose) {
        if let error = pin.error, pin.cid == nil { throw CommandError(.data, error) }
        if !pin.isOK { broken += 1 }
        let cid = pin.cid.map(session.text) ?? ""
        if format.json {
          let nodes = pin.badNodes.map { node -> JSONField in
            ["cid": session.field(node.cid), "error": .text(node.error)]
          }
          try Output.line(["cid": .text(cid), "ok": .flag(pin.isOK), "badNodes": .list(nodes)])
        } else if quiet {
          if !pin.isOK { try Output.line(cid) }
        } else {
          try Output.line("\(cid) \(pin.isOK ? "ok" : "broken")")
          for node in pin.badNodes { try Output.line("  \(session.text(node.cid)): \(node.error)") }
        }
      }
      if broken > 0 {
        throw CommandError(.data, "\(broken) pins are broken: `swipfs dag import` can bring what is missing")
      }
    }
  }
}
