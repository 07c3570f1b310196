import ArgumentParser
import Foundation
import IPFSMount

/// `swipfs`: the command line tool.
@main
struct Swipfs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swipfs",
    abstract: "IPFS as a disk: unmount, look at and check embedded nodes.",
    discussion: "Exit codes: 0 done, 1 wrong usage, 2 system, 3 repo, 4 data, 32 mount point.",
    version: Version.current,
    subcommands: [Umount.self, Status.self, RepoCommand.self, PinCommand.self])

  /// Runs the command that the arguments name. A wrong command line ends with ``IPFSMount/ExitCode/usage``, as in
  /// `mount.swipfs`, not with the 64 that ArgumentParser has for it.
  static func main() async {
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch {
      guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
      FileHandle.standardError.write(Data((fullMessage(for: error) + "\n").utf8))
      Foundation.exit(IPFSMount.ExitCode.usage.rawValue)
    }
  }
}

extension CommandError {
  /// What ArgumentParser ends the process with: the line is on standard error by then.
  func exit() -> ArgumentParser.ExitCode {
    Console.error(description)
    return ArgumentParser.ExitCode(exitCode.rawValue)
  }
}
