import ArgumentParser
import Foundation
import IPFSClient
import IPFSMount
import IPFSNodeServer
import Multiformats

/// What every command on a node takes: which node, and how to talk to it.
struct NodeOptions: ParsableArguments {
  @Option(
    name: .customLong("api"),
    help: ArgumentHelp("Use the daemon at this multiaddr.", valueName: "multiaddr"))
  var givenAPI: String?

  @Option(
    name: .customLong("api-auth"),
    help: ArgumentHelp(
      "A file with what the daemon lets in: bearer:TOKEN or basic:USER:PASSWORD.", valueName: "file"),
    completion: .file())
  var givenAuthorization: String?

  @Option(
    name: .customLong("repo"),
    help: ArgumentHelp("Use the embedded node in this folder.", valueName: "folder"), completion: .directory)
  var givenRepo: String?

  @Option(
    name: .customLong("timeout"),
    help: ArgumentHelp("The most time that it may take: 30s, 1m30s.", valueName: "duration"))
  var givenTimeout: String?

  @Flag(name: .customLong("offline"), help: "Use only what the node has.")
  var givenOffline = false

  @Option(
    name: .customLong("cid-base"),
    help: ArgumentHelp("How CIDs are written: base32, base58btc, base36, …", valueName: "base"))
  var givenBase: String?

  /// The daemon's address.
  var api: String? { givenAPI ?? LeadingOptions.current.values["--api"] }
  /// A file with what the daemon lets in.
  var authorization: String? { givenAuthorization ?? LeadingOptions.current.values["--api-auth"] }
  /// The embedded node's folder.
  var repo: String? { givenRepo ?? LeadingOptions.current.values["--repo"] }
  /// Whether only what the node has is used.
  var offline: Bool { givenOffline || LeadingOptions.current.flags.contains("--offline") }
  /// The most time that a request may take, as the node reads it.
  var timeout: String? { givenTimeout ?? LeadingOptions.current.values["--timeout"] }

  /// How CIDs are written.
  func base() throws(CommandError) -> Multibase? {
    guard let name = givenBase ?? LeadingOptions.current.values["--cid-base"] else { return nil }
    guard let base = Multibase(name: name) else {
      throw CommandError(.usage, "unknown base \(name): it is base32, base58btc, base36, base16, base64url, …")
    }
    return base
  }

  /// How long to wait for the node. Without a limit commands may be silent for long: they check a whole repo, say.
  func timeouts() throws(CommandError) -> Timeouts {
    guard let timeout else { return Timeouts(connect: 10, read: .infinity) }
    guard let seconds = Duration.goSeconds(timeout), seconds > 0 else {
      throw CommandError(.usage, "\(timeout) is no duration: it is written as 30s, 1m30s, 2h")
    }
    // The node's own limit comes first, and says more.
    return Timeouts(connect: min(10, seconds), read: seconds + 2)
  }
}

/// What every command that reads takes.
struct FormatOptions: ParsableArguments {
  @Flag(help: "Print JSON, an object a line.")
  var json = false
}

/// How sizes are shown.
struct SizeOptions: ParsableArguments {
  @Flag(name: [.customShort("H"), .customLong("human")], help: "Show sizes in KiB, MiB, GiB.")
  var human = false

  /// A size as it is to be shown.
  func text(_ count: UInt64) -> String { human ? Sizes.bytes(count) : String(count) }
}
