import IPFSNode

/// What the server says that it is.
package enum ServerVersion {
  /// The header `Server`.
  static let header = "swipfs/\(Version.current)"
  /// The version of Kubo whose RPC this is: clients look whether they know it. The configuration's `Version.Reported`
  /// comes before it.
  static let reported = "0.42.0"
  /// The layout of repos that Kubo has in that version.
  static let repo = "18"

  /// The machine, as Go names it.
  static var machine: String {
    #if arch(x86_64)
      "amd64"
    #elseif arch(arm64)
      "arm64"
    #else
      "unknown"
    #endif
  }
}
