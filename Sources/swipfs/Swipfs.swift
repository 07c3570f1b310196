import ArgumentParser
import IPFSMount

/// `swipfs`: the command line tool.
@main
struct Swipfs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swipfs",
    abstract: "IPFS as a disk: unmount, look at and check embedded nodes.",
    discussion: "Exit codes: 0 done, 1 wrong usage, 2 system, 3 repo, 4 data, 32 mount point.",
    version: Version.current,
    subcommands: [Umount.self, Status.self, RepoCommand.self])
}

extension CommandError {
  /// What ArgumentParser ends the process with: the line is on standard error by then.
  func exit() -> ArgumentParser.ExitCode {
    Console.error(description)
    return ArgumentParser.ExitCode(exitCode.rawValue)
  }
}
