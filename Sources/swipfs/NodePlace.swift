import Foundation
import IPFSClient
import IPFSMount
import IPFSNode

/// Which node a command works on, and why that one.
enum NodePlace: Sendable, Hashable {
  /// A daemon at a multiaddr. `source` says where the address comes from.
  case daemon(address: String, source: String)
  /// The embedded node in a folder.
  case embedded(repo: String)

  /// Finds it: what the options name, else what the environment names, else a Kubo of this user, else the embedded node
  /// at its usual place.
  ///
  /// - Throws: `node` where there is a Kubo repo whose daemon does not run: that user's files are there, not here.
  static func find(
    api: String?, repo: String?, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(CommandError) -> NodePlace {
    if let api, repo != nil { throw CommandError(.usage, "give --api \(api) or --repo, not both") }
    if let api { return .daemon(address: api, source: "--api") }
    if let repo { return .embedded(repo: MountOptions.absolute(repo)) }
    if let repo = environment["SWIPFS_PATH"], !repo.isEmpty { return .embedded(repo: MountOptions.absolute(repo)) }
    if let address = environment["IPFS_API"], !address.isEmpty { return .daemon(address: address, source: "$IPFS_API") }
    let folder: String
    if let path = environment["IPFS_PATH"], !path.isEmpty {
      folder = MountOptions.absolute(path)
      // This user's programs are pointed at an embedded node by Kubo's variable.
      if access("\(folder)/swipfs.db", F_OK) == 0 { return .embedded(repo: folder) }
    } else {
      folder = "\(environment["HOME"] ?? "/root")/.ipfs"
    }
    let file = "\(folder)/api"
    let address =
      (try? String(contentsOfFile: file, encoding: .utf8))?
      .trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
    if !address.isEmpty { return .daemon(address: address, source: file) }
    guard access("\(folder)/config", F_OK) != 0 else {
      throw CommandError(
        .node,
        "there is a Kubo repo at \(folder), but its daemon does not run: start it with `ipfs daemon`, "
          + "or use the embedded node with --repo \(Repo.defaultPath(environment: environment))")
    }
    return .embedded(repo: Repo.defaultPath(environment: environment))
  }

  /// What to do about a node that does not answer.
  var remedy: String {
    switch self {
    case .daemon(let address, "--api"): "is a daemon running at \(address)? `swipfs daemon` starts one"
    case .daemon(let address, let source):
      "\(source) names \(address): start that daemon, name another one with --api, or use the embedded node with --repo"
    case .embedded(let repo): "look at the process that has \(repo)"
    }
  }
}
