import ArgumentParser
import IPFSMount
import IPFSNode
import IPFSNodeServer
import Logging

/// `swipfs daemon`.
struct DaemonCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "daemon", abstract: "Serve the embedded node to IPFS programs, with Kubo's RPC.",
    discussion: """
      Listens at Addresses.API of the configuration, which is /ip4/127.0.0.1/tcp/5001 in a new repo, and at the socket \
      rpc in the repo. `mount.swipfs` mounts the node while the daemon has it. Ctrl-C or SIGTERM unmount it and end the \
      daemon when running requests have ended.
      """)

  @Option(help: ArgumentHelp("The folder (default: $SWIPFS_PATH, else ~/.local/share/swipfs).", valueName: "folder"))
  var repo: String?
  @Option(help: ArgumentHelp("Listen here instead; may be repeated.", valueName: "multiaddr")) var address: [String] =
    []
  @Flag(name: .customLong("init"), help: "Make the repo if there is none.") var initializes = false
  @Option(help: "Profiles for a repo that is made.") var initProfile: String?
  @Flag(help: "As in Kubo; this node is always offline.") var offline = false
  @Flag(name: .customLong("enable-gc"), help: "As in Kubo; this node removes garbage by itself.") var enablesGC = false

  /// How long to wait for a process that is about to let go of the repo, in seconds.
  private static let patience = 5.0

  func run() async throws {
    let path = MountOptions.absolute(repo ?? LeadingOptions.current.values["--repo"] ?? Repo.defaultPath())
    if !Repo(path: path).exists {
      guard initializes else {
        throw CommandError(.repo, "there is no repo at \(path): `swipfs init`, or --init, makes one")
      }
      let identity = try await NewRepo(path: path, profiles: initProfile).make()
      try Output.lines("initialized the node at \(path)\npeer identity: \(identity)")
    }
    do {
      let node = try Node.open(
        path: path,
        options: Node.Options(lockPatience: Self.patience, logger: Logger(label: "swipfs.node")))
      do {
        try await serve(node)
      } catch {
        try? await node.close()
        throw error
      }
      try await node.close()
    } catch let error as NodeError {
      throw CommandError(.repo, error.description)
    } catch let error as NodeDaemon.Failure {
      throw CommandError(.system, error.description)
    }
  }

  private func serve(_ node: Node) async throws {
    let daemon = try NodeDaemon(
      node: node, addresses: address.isEmpty ? nil : address, logger: Logger(label: "swipfs.rpc"))
    if daemon.isOpenToAll {
      Terminal.line(
        "warning: whoever reaches this address can change and remove everything; set API.Authorizations, or listen at "
          + "127.0.0.1")
    }
    try Output.lines("swipfs version: \(Version.current)\nrepo: \(node.repo.path)")
    let host = try MountHost(node, outlivesMounts: true, logger: Logger(label: "swipfs.mount"))
    do {
      try await daemon.run { addresses in
        for address in addresses { try? Output.line("API server listening on \(address)") }
        try? Output.line("Daemon is ready")
        try? Output.flush()
      }
    } catch {
      await host.shutDown()
      throw error
    }
    await host.shutDown()
  }
}
