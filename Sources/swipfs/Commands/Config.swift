import ArgumentParser
import Foundation
import IPFSClient
import IPFSMount

/// `swipfs config`: the node's configuration.
struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Show and change the node's configuration.",
    usage: """
      swipfs config <key> [<value>] [--bool | --json]
      swipfs config show | edit | replace <file> | profile apply <name>
      """,
    discussion: "Most changes take effect when the daemon or mount starts anew.",
    subcommands: [Value.self, Show.self, Replace.self, Edit.self, Profile.self], defaultSubcommand: Value.self)

  /// `swipfs config KEY [VALUE]`.
  struct Value: NodeCommand {
    static let configuration = CommandConfiguration(
      commandName: "value", abstract: "Show a value, or set it; the word `value` may be left out.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Flag(help: "The value is true or false.") var bool = false
    @Flag(help: "The value is JSON; without one, print JSON in one line.") var json = false
    @Argument(help: "A key, such as Addresses.API.") var key: String
    @Argument(help: "A value for it.") var value: String?

    func perform(_ session: Session) async throws {
      guard let value else {
        let field = JSONField(try await session.client.config.get(key))
        if case .text(let text) = field, !json { return try Output.line(text) }
        return json ? try Output.line(field) : try Output.lines(field.lines)
      }
      try await session.client.config.set(key, to: try parse(value))
    }

    private func parse(_ text: String) throws(CommandError) -> JSON {
      if bool {
        guard let value = Bool(text) else { throw CommandError(.usage, "\(text) is neither true nor false") }
        return .bool(value)
      }
      return json ? try JSON(parsing: text, of: "the value") : .string(text)
    }
  }

  /// `swipfs config show`.
  struct Show: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Print all of it but secrets.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions

    func perform(_ session: Session) async throws {
      let field = JSONField(try await session.client.config.get())
      if format.json { try Output.line(field) } else { try Output.lines(field.lines) }
    }
  }

  /// `swipfs config replace`.
  struct Replace: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Take all of it from a file; the identity stays.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Argument(help: "A file of JSON.", completion: .file()) var file: String

    func perform(_ session: Session) async throws {
      guard let data = FileManager.default.contents(atPath: file) else {
        throw CommandError(.system, "cannot read \(file): \(String(cString: strerror(errno)))")
      }
      try await session.client.config.replace(
        try JSON(parsing: String(decoding: data, as: UTF8.self), of: file))
    }
  }

  /// `swipfs config edit`.
  struct Edit: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Change it with $EDITOR.")

    @OptionGroup(title: "Node") var node: NodeOptions

    func perform(_ session: Session) async throws {
      let variables = ProcessInfo.processInfo.environment
      guard let editor = variables["VISUAL"] ?? variables["EDITOR"], !editor.isEmpty else {
        throw CommandError(.usage, "set $EDITOR to a program to edit with")
      }
      let before = JSONField(try await session.client.config.get()).lines + "\n"
      let folder = FileManager.default.temporaryDirectory.appending(path: "swipfs-config-\(UUID().uuidString)").path
      guard mkdir(folder, 0o700) == 0 else {
        throw CommandError(.system, "cannot make \(folder): \(String(cString: strerror(errno)))")
      }
      defer { try? FileManager.default.removeItem(atPath: folder) }
      let file = "\(folder)/config.json"
      try Data(before.utf8).write(to: URL(filePath: file))
      try Self.run(editor, file)
      let after = String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
      guard after != before else { return Terminal.line("nothing was changed") }
      try await session.client.config.replace(try JSON(parsing: after, of: "what was written"))
    }

    /// Runs the editor, which may be a command with arguments, as shells do.
    private static func run(_ editor: String, _ file: String) throws(CommandError) {
      var attributes = posix_spawnattr_t()
      posix_spawnattr_init(&attributes)
      defer { posix_spawnattr_destroy(&attributes) }
      var signals = sigset_t()
      sigfillset(&signals)
      posix_spawnattr_setsigdefault(&attributes, &signals)
      posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
      let command = ["sh", "-c", "exec \(editor) \"$1\"", "sh", file]
      var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
      defer { for word in words { free(word) } }
      var pid = pid_t()
      var status: Int32 = 0
      let result = posix_spawn(&pid, "/bin/sh", nil, &attributes, &words, environ)
      guard result == 0 else {
        throw CommandError(.system, "cannot run \(editor): \(String(cString: strerror(result)))")
      }
      while waitpid(pid, &status, 0) < 0, errno == EINTR {}
      guard status == 0 else { throw CommandError(.system, "\(editor) failed: nothing was changed") }
    }
  }

  /// `swipfs config profile`.
  struct Profile: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change several values at once, as Kubo's profiles do.", subcommands: [Apply.self])

    /// `swipfs config profile apply`.
    struct Apply: NodeCommand {
      static let configuration = CommandConfiguration(abstract: "Apply a profile.")

      @OptionGroup(title: "Node") var node: NodeOptions
      @Flag(help: "Show what would change, and change nothing.") var dryRun = false
      @Argument(help: "Its name, such as unixfs-v1-2025 or lowpower.") var name: String

      func perform(_ session: Session) async throws {
        let update = try await session.client.config.applyProfile(name, dryRun: dryRun)
        let old = JSONField(update.old).lines.split(separator: "\n")
        let new = JSONField(update.new).lines.split(separator: "\n")
        for change in new.difference(from: old) {
          switch change {
          case .remove(_, let line, _): try Output.line("-\(line)")
          case .insert(_, let line, _): try Output.line("+\(line)")
          }
        }
      }
    }
  }
}

extension JSON {
  /// Reads JSON that a user wrote.
  fileprivate init(parsing text: String, of what: String) throws(CommandError) {
    do {
      self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
    } catch {
      throw CommandError(.usage, "\(what) is no JSON: nothing was changed")
    }
  }
}
