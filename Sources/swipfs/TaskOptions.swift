import ArgumentParser
import Foundation
import IPFSMount
import IPFSNode

/// What commands that have a node do something share.
struct TaskOptions: ParsableArguments {
  @Option(help: "The repo (default: $SWIPFS_PATH, else ~/.local/share/swipfs).", completion: .directory)
  var repo = Repo.defaultPath()

  @Flag(help: "Print JSON, an object a line.")
  var json = false

  /// Has the node do it: in the process that serves a mount of the repo, else in this one.
  func perform(_ tasks: [NodeTask]) async throws {
    do throws(CommandError) {
      for task in tasks { try await perform(task) }
    } catch {
      throw error.exit()
    }
  }

  private func perform(_ task: NodeTask) async throws(CommandError) {
    guard Repo(path: repo).exists else { throw CommandError(.repo, "there is no repo at \(repo)") }
    let outcome = Outcome(json: json)
    defer { Console.endProgress() }
    if !ControlClient(repo: repo).perform(task, { outcome.note($0) }) {
      let node: Node
      do {
        node = try Node.open(path: repo)
      } catch {
        throw CommandError(.repo, error.description)
      }
      await task.run(on: node, isMounted: false) { outcome.note($0) }
      do {
        try await node.close()
      } catch {
        throw CommandError(.repo, "\(error)")
      }
    }
    if let failure = outcome.failure { throw failure }
  }
}
