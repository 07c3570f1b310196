import ArgumentParser
import IPFSMount

/// `swipfs pin`: what is kept though it is in no file.
struct PinCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pin", abstract: "Keep content though it is in no file.",
    subcommands: [Add.self, Remove.self, List.self])

  /// `swipfs pin add`.
  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Pin what is in the repo: CIDs, or paths as /ipfs/CID/a.")

    @OptionGroup var options: TaskOptions
    @Flag(help: "Pin the block alone, not what it leads to.") var direct = false
    @Option(help: "A name for the pin.") var name: String?
    @Argument(help: "CIDs or paths.") var paths: [String]

    func run() async throws {
      try await options.perform(paths.map { .addPin(path: $0, isDirect: direct, name: name) })
    }
  }

  /// `swipfs pin rm`.
  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Take pins away.")

    @OptionGroup var options: TaskOptions
    @Argument(help: "CIDs or paths.") var paths: [String]

    func run() async throws {
      try await options.perform(paths.map { .removePin(path: $0) })
    }
  }

  /// `swipfs pin ls`.
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ls", abstract: "List pins: CID, kind and name.")

    @OptionGroup var options: TaskOptions
    @Option(help: "direct, indirect, recursive or all.") var type = "all"

    func run() async throws {
      try await options.perform([.listPins(kind: type)])
    }
  }
}
