import ArgumentParser
import IPFSMount
import IPFSNode

/// `swipfs repo`: what there is to do with a repo.
struct RepoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repo", abstract: "Check a repo, and tell where it is.", subcommands: [Verify.self, Path.self])

  /// Where the repo is.
  struct Location: ParsableArguments {
    @Option(help: "The repo (default: $SWIPFS_PATH, else ~/.local/share/swipfs).", completion: .directory)
    var repo = Repo.defaultPath()
  }

  /// `swipfs repo path`.
  struct Path: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print where the repo is.")

    @OptionGroup var location: Location

    func run() {
      print(location.repo)
    }
  }

  /// `swipfs repo verify`.
  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check every block against its hash, and the tree.",
      discussion: "The repo must not be mounted. Prints a line for each finding; ends with 4 if there was one.")

    @OptionGroup var location: Location

    func run() async throws {
      do throws(CommandError) {
        try await verify()
      } catch {
        throw error.exit()
      }
    }

    private func verify() async throws(CommandError) {
      guard Repo(path: location.repo).exists else {
        throw CommandError(.repo, "there is no repo at \(location.repo)")
      }
      var checked: Node.VerificationProgress?
      let findings: [Node.Finding]
      do {
        let node = try Node.open(path: location.repo)
        do {
          findings = try await node.verify { progress in
            checked = progress
            Console.progress("\(progress.blocks) blocks, \(progress.nodes) nodes checked")
          }
        } catch {
          try? await node.close()
          throw error
        }
        try await node.close()
      } catch {
        Console.endProgress()
        throw CommandError(.repo, "\(error)")
      }
      Console.endProgress()
      for finding in findings { print(finding) }
      guard findings.isEmpty else {
        throw CommandError(.data, "\(findings.count) findings in \(location.repo)")
      }
      print("\(checked?.blocks ?? 0) blocks and \(checked?.nodes ?? 0) nodes checked: all is well")
    }
  }
}
