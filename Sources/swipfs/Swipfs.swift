import ArgumentParser
import Foundation
import IPFSMount
import IPFSNode
import Logging

/// `swipfs`: the command line tool.
@main
struct Swipfs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swipfs",
    abstract: "IPFS on the command line and as a disk.",
    usage: "swipfs [--api <multiaddr> | --repo <folder>] <command> …",
    discussion: """
      Works on the daemon of --api, $IPFS_API or Kubo's api file, else on the embedded node of --repo, $SWIPFS_PATH or \
      ~/.local/share/swipfs, which needs no daemon.

      Exit codes: 0 done, 1 wrong usage, 2 system, 3 repo, 4 data, 5 the node does not answer, 6 the node refuses, \
      32 mount point.
      """,
    version: Version.current,
    groupedSubcommands: [
      CommandGroup(
        name: "Content",
        subcommands: [
          AddCommand.self, CatCommand.self, GetCommand.self, ListCommand.self, RefsCommand.self, ResolveCommand.self,
        ]),
      CommandGroup(
        name: "Files and what is kept", subcommands: [FilesCommand.self, PinCommand.self, RepoCommand.self]),
      CommandGroup(name: "Blocks and data", subcommands: [DagCommand.self, BlockCommand.self]),
      CommandGroup(name: "Names", subcommands: [KeyCommand.self, NameCommand.self]),
      CommandGroup(
        name: "The node",
        subcommands: [
          InitCommand.self, DaemonCommand.self, ConfigCommand.self, IdentityCommand.self, VersionCommand.self,
          SwarmCommand.self, BootstrapCommand.self,
        ]),
      CommandGroup(name: "Mounts", subcommands: [Status.self, Umount.self]),
      CommandGroup(name: "This program", subcommands: [CompletionCommand.self]),
    ])

  /// Runs the command that the arguments name.
  static func main() async {
    // Whoever reads standard output may go at any moment; writing then fails, which ends the command in good order.
    signal(SIGPIPE, SIG_IGN)
    refuseArgumentsThatAreNotUTF8()
    LoggingSystem.bootstrap { label in
      var handler = StreamLogHandler.standardError(label: label)
      handler.logLevel = .warning
      return handler
    }
    let task = Task { await runCommand() }
    Interruption.onSignal { task.cancel() }
    let code = await task.value
    Interruption.endIfAsked()
    Foundation.exit(code)
  }

  /// Ends the program if an argument is no UTF-8: `CommandLine.arguments` would repair it, and so name something else.
  private static func refuseArgumentsThatAreNotUTF8() {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[index], String(validatingCString: argument) == nil else { continue }
      Terminal.error("argument \(index) is no UTF-8; files with such names are reached through a mount")
      Foundation.exit(IPFSMount.ExitCode.usage.rawValue)
    }
  }

  /// Returns the exit code. A wrong command line ends with ``IPFSMount/ExitCode/usage``, as in `mount.swipfs`, not with
  /// the 64 that ArgumentParser has for it.
  private static func runCommand() async -> Int32 {
    do {
      var command = try parseAsRoot(LeadingOptions.current.arguments)
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      try Output.flush()
      return IPFSMount.ExitCode.success.rawValue
    } catch let error as CommandError {
      Terminal.error(error.description)
      return error.exitCode.rawValue
    } catch is Output.Closed {
      Interruption.end(by: SIGPIPE)
    } catch is CancellationError {
      return IPFSMount.ExitCode.system.rawValue
    } catch let error as ArgumentParser.ExitCode {
      return error.rawValue
    } catch {
      let text = fullMessage(for: error)
      guard exitCode(for: error) != .success else {
        try? Output.lines(text)
        try? Output.flush()
        return IPFSMount.ExitCode.success.rawValue
      }
      guard exitCode(for: error) == .validationFailure else {
        Terminal.error(text.isEmpty ? "\(error)" : text)
        return IPFSMount.ExitCode.system.rawValue
      }
      Terminal.lines(text)
      return IPFSMount.ExitCode.usage.rawValue
    }
  }
}

/// `swipfs completion`.
struct CompletionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "completion",
    abstract: "Print a script that completes this program's commands in a shell.",
    discussion: """
      bash: swipfs completion bash > ~/.local/share/bash-completion/completions/swipfs
      zsh:  swipfs completion zsh > a folder of $fpath, as _swipfs
      fish: swipfs completion fish > ~/.config/fish/completions/swipfs.fish
      """)

  @Argument(help: "bash, zsh or fish.", completion: .list(["bash", "zsh", "fish"])) var shell: String

  func run() throws {
    guard let shell = CompletionShell(rawValue: shell) else {
      throw CommandError(.usage, "unknown shell \(shell): it is bash, zsh or fish")
    }
    try Output.lines(Swipfs.completionScript(for: shell))
  }
}
