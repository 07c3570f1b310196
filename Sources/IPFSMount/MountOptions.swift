public import Foundation
import IPFSNode
public import UnixFS

/// What `mount.swipfs` was asked to do.
public struct MountOptions: Sendable, Hashable {
  /// Where the node is.
  public enum Backend: String, Sendable {
    /// A Kubo daemon where one is configured, else the embedded node.
    case auto
    /// The node in this process.
    case embedded
  }

  /// Which part is shown: only all of MFS so far.
  public var source = "mfs"
  /// Where to mount.
  public var mountPoint = ""
  /// Whether to stay in the foreground.
  public var isForeground = false
  /// Whether to log every request.
  public var isDebug = false
  /// Whether mount(8) wants all but the mounting done.
  public var isFake = false
  /// Where the node is.
  public var backend = Backend.auto
  /// The embedded node's repo.
  public var repo = Repo.defaultPath()
  /// Whether nothing can be changed.
  public var isReadOnly = false
  /// Whether other users may enter.
  public var allowsOther = false
  /// Whether all who are let in may read and link content by its CID.
  public var servesContentToAll = false
  /// Whether the kernel collects writes.
  public var cachesWrites = true
  /// How files become DAGs, where that is not as in the repo's configuration.
  public var importOptions = ImportOptions()
  /// Where the log goes; nil is standard error, which a daemon does not have.
  public var logFile: String?

  /// The defaults.
  public init() {}

  /// What `--help` prints.
  public static let usage = """
    usage: mount.swipfs [mfs] MOUNTPOINT [-f] [-d] [-o OPTION[,OPTION...]]

    Mounts an IPFS node as a directory. Returns when the mount can be used.

      -f                 stay in the foreground
      -d                 log every request, and stay in the foreground
      -o api=embedded    use the node in this process (api=auto: a Kubo daemon where one is configured)
      -o repo=DIR        the node's repo (default: $SWIPFS_PATH, else ~/.local/share/swipfs)
      -o ro              read only
      -o allow_other     let other users in (the modes of files still count)
      -o ipfs=all        with allow_other: let all read and link content by its CID, whatever the modes of files
      -o writeback=no    send every write through at once instead of collecting them in the kernel
      -o log=FILE        append the log to FILE

    How files become DAGs, as of `ipfs add`; what is not said is as in the repo's configuration:

      -o chunker=NAME           size-BYTES, rabin[-AVG|-MIN-AVG-MAX] or buzhash
      -o trickle[=true|false]   whether leaves are laid out as trickle
      -o cid-version=0|1        the version of CIDs
      -o hash=NAME              sha2-256, sha2-512, sha3-256, blake2b-256, blake3, sha1
      -o inline[=true|false]    whether small blocks are written into their CIDs
      -o inline-limit=BYTES     the largest that are (32)
      -o raw-leaves=true|false  whether leaves are bare bytes
      -o max-file-links=N       the most links of a node

      -V, --version      print the version
      -h, --help         print this

    Exit codes: 0 done, 1 wrong usage, 2 system, 3 repo, 4 data, 32 mount point.
    Unmount with `swipfs umount MOUNTPOINT`, which waits until everything is committed.
    """

  /// Options of fstab and mount(8) that mean nothing to a file system, or that the kernel takes care of.
  private static let ignored: Set<String> = [
    "auto", "noauto", "user", "nouser", "users", "owner", "group", "nofail", "_netdev", "defaults", "async",
    "atime", "noatime", "relatime", "norelatime", "strictatime", "diratime", "nodiratime", "lazytime", "nolazytime",
    "mand", "nomand", "silent", "loud",
  ]

  /// Options that the kernel is told.
  private static let forKernel: Set<String> = ["suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "dirsync"]

  /// What of the options the kernel is told.
  public private(set) var kernelOptions: [String] = []
  /// The lists of options as they were given.
  private var lists: [String] = []

  /// The command line that asks another process for the same mount.
  package var request: [String] { lists.flatMap { ["-o", $0] } + [absoluteMountPoint] }

  /// ``mountPoint`` as a process finds it that works in another directory.
  package var absoluteMountPoint: String { Self.absolute(mountPoint) }
}

extension MountOptions {
  /// Reads a command line without the program's name.
  ///
  /// - Parameter isCalledByMount: Whether mount(8) calls: its `-f` says not to mount.
  public init(arguments: [String], isCalledByMount: Bool) throws(CommandError) {
    self.init()
    var positional: [String] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "-o", "-t", "-N":
        guard let value = rest.popFirst() else { throw Self.wrong("\(argument) needs a value") }
        if argument == "-o" { try apply(list: value) }
      case let combined where combined.hasPrefix("-o"): try apply(list: String(combined.dropFirst(2)))
      case "-s", "-n", "-v": break
      case "-f": if isCalledByMount { isFake = true } else { isForeground = true }
      case "-d": isDebug = true
      case let option where option.hasPrefix("-"): throw Self.wrong("unknown option \(option)")
      default: positional.append(argument)
      }
    }
    if isDebug { isForeground = true }
    switch positional.count {
    case 1: mountPoint = positional[0]
    case 2:
      source = positional[0]
      mountPoint = positional[1]
    default: throw Self.wrong(positional.isEmpty ? "a mount point is missing" : "too many arguments")
    }
    guard ["mfs", "swipfs", "none"].contains(source) else {
      throw Self.wrong("unknown source \(source): this version mounts mfs")
    }
  }

  private mutating func apply(list: String) throws(CommandError) {
    lists.append(list)
    for option in list.split(separator: ",") where !option.isEmpty {
      let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      try apply(parts[0], parts.count > 1 ? parts[1] : nil)
    }
  }

  private mutating func apply(_ name: String, _ value: String?) throws(CommandError) {
    switch (name, value) {
    case ("api", let value?):
      guard let backend = Backend(rawValue: value) else {
        throw Self.wrong("unknown api=\(value): this version has api=embedded and api=auto")
      }
      self.backend = backend
    case ("repo", let value?) where !value.isEmpty: repo = Self.absolute(value)
    case ("log", let value?) where !value.isEmpty: logFile = Self.absolute(value)
    case ("writeback", "yes"?): cachesWrites = true
    case ("writeback", "no"?): cachesWrites = false
    case ("ro", nil): isReadOnly = true
    case ("rw", nil): isReadOnly = false
    case ("allow_other", nil): allowsOther = true
    case ("ipfs", "all"?): servesContentToAll = true
    case ("ipfs", "owner"?): servesContentToAll = false
    case (let name, nil) where Self.forKernel.contains(name): kernelOptions.append(name)
    case (let name, _) where name.hasPrefix("x-") || name.hasPrefix("comment"): break
    case (let name, nil) where Self.ignored.contains(name): break
    case (let name, let value) where ImportOptions.names.contains(name):
      // As in `ipfs add`, what is true or false is true without a value.
      try setImportOption(name, to: value ?? "true")
    default: throw Self.wrong("unknown mount option \(value.map { "\(name)=\($0)" } ?? name)")
    }
  }

  private mutating func setImportOption(_ name: String, to value: String) throws(CommandError) {
    do throws(UnixFSError) { try importOptions.set(name, to: value) } catch {
      throw Self.wrong("\(name)=\(value): \(error.message)")
    }
  }

  /// Decides what `api=auto` stands for.
  ///
  /// Where a Kubo is configured, the embedded node is not taken in its place: that would show another store.
  public func checkBackend(environment: [String: String] = ProcessInfo.processInfo.environment) throws(CommandError) {
    guard backend == .auto else { return }
    // As Kubo has it, an empty variable is one that is not set.
    let environment = environment.filter { !$0.value.isEmpty }
    let kubo = environment["IPFS_PATH"] ?? "\(environment["HOME"] ?? "/root")/.ipfs"
    let configured =
      environment["IPFS_API"].map { "$IPFS_API (\($0))" }
      ?? (FileManager.default.fileExists(atPath: "\(kubo)/config") ? kubo : nil)
    guard let configured else { return }
    throw CommandError(
      .usage,
      "a Kubo node is configured by \(configured), and this version mounts embedded nodes only: "
        + "say -o api=embedded to mount the node in \(repo) instead")
  }

  /// The path made absolute: a daemon changes its directory.
  package static func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
  }

  private static func wrong(_ message: String) -> CommandError {
    CommandError(.usage, "\(message) (mount.swipfs --help tells the usage)")
  }
}
