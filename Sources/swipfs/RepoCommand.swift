import ArgumentParser
import IPFSMount
import IPFSNode

/// `swipfs repo`: what there is to do with a repo.
struct RepoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repo", abstract: "Check a repo, remove what nobody needs, tell where it is and what it holds.",
    subcommands: [GC.self, Stat.self, Verify.self, Path.self])

  /// `swipfs repo path`.
  struct Path: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print where the repo is.")

    @OptionGroup var options: TaskOptions

    func run() {
      print(options.repo)
    }
  }

  /// `swipfs repo gc`.
  struct GC: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove blocks that neither files nor pins need.",
      discussion: "The repo may be mounted. A mount does this by itself when there is much to remove, or little space.")

    @OptionGroup var options: TaskOptions

    func run() async throws { try await options.perform([.collect]) }
  }

  /// `swipfs repo stat`.
  struct Stat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tell what the repo holds.")

    @OptionGroup var options: TaskOptions

    func run() async throws { try await options.perform([.stat]) }
  }

  /// `swipfs repo verify`.
  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check every block against its hash, the tree, and the pins.",
      discussion: "The repo may be mounted. Prints a line for each finding; ends with 4 if there was one.")

    @OptionGroup var options: TaskOptions

    func run() async throws { try await options.perform([.verify]) }
  }
}
