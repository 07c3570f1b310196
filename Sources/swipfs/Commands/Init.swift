import ArgumentParser
import Foundation
import IPFSMount
import IPFSNode
import Logging

/// `swipfs init`.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a repo for the embedded node.",
    discussion: "Without it, a mount makes its own. --profile takes Kubo's names, several with commas between.")

  @Option(help: ArgumentHelp("The folder (default: $SWIPFS_PATH, else ~/.local/share/swipfs).", valueName: "folder"))
  var repo: String?
  @Option(name: .shortAndLong, help: "Profiles to apply, such as unixfs-v1-2025, legacy-cid-v0, server.")
  var profile: String?
  @Option(name: .shortAndLong, help: "The kind of the node's key: ed25519 or rsa.") var algorithm = "ed25519"
  @Option(name: .shortAndLong, help: "Bits of an RSA key.") var bits: Int?
  @OptionGroup var format: FormatOptions

  func run() async throws {
    let path = MountOptions.absolute(repo ?? LeadingOptions.current.values["--repo"] ?? Repo.defaultPath())
    let identity = try await NewRepo(path: path, profiles: profile, algorithm: algorithm, bits: bits).make()
    if format.json {
      try Output.line(["repo": .text(path), "id": .text(identity)])
    } else {
      try Output.lines("initialized the node at \(path)\npeer identity: \(identity)")
    }
  }
}

/// A repo that is to be made.
struct NewRepo: Sendable {
  private let path: String
  private let profiles: [ConfigurationProfile]
  private let algorithm: String
  private let bits: Int?

  /// Checks what was asked for; nothing is made yet.
  ///
  /// - Throws: `usage` for an unknown name.
  init(path: String, profiles: String?, algorithm: String = "ed25519", bits: Int? = nil) throws(CommandError) {
    self.path = path
    var found: [ConfigurationProfile] = []
    for name in (profiles ?? "").split(separator: ",").map(String.init) {
      guard let profile = ConfigurationProfile(name: name) else {
        let names = ConfigurationProfile.all.map(\.name).joined(separator: ", ")
        throw CommandError(.usage, "unknown profile \(name): there are \(names)")
      }
      found.append(profile)
    }
    self.profiles = found
    guard algorithm == "ed25519" || algorithm == "rsa" else {
      throw CommandError(.usage, "unknown kind of key \(algorithm): it is ed25519 or rsa")
    }
    self.algorithm = algorithm
    self.bits = bits
  }

  /// Makes it.
  ///
  /// - Returns: The node's identifier.
  func make() async throws -> String {
    guard !Repo(path: path).exists else {
      throw CommandError(
        .repo,
        "there is a repo at \(path) already, and nothing was changed: `swipfs config profile apply` changes its settings"
      )
    }
    do {
      let key = algorithm == "rsa" ? try await PrivateKey.rsa(bits: bits ?? KeyKind.defaultRSASize) : .ed25519()
      let node = try Node.open(path: path, options: Node.Options(logger: Logger(label: "swipfs.node")))
      do {
        let profiles = self.profiles
        try await node.configuration.change { configuration throws(NodeError) in
          try configuration.set("Identity.PeerID", to: .string(key.peerID.description))
          try configuration.set("Identity.PrivKey", to: .string(Data(key.serialized).base64EncodedString()))
          for profile in profiles { try profile.apply(to: &configuration) }
        }
      } catch {
        try? await node.close()
        throw error
      }
      try await node.close()
      return key.peerID.description
    } catch let error as NodeError {
      throw CommandError(error.code == .invalid ? .usage : .repo, error.description)
    }
  }
}
