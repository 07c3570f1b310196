import IPFSNode
import IPLD
import Multiformats
import UnixFS

/// What `add` was asked for, with what of it contradicts itself refused.
struct AddOptions: Sendable {
  /// How files and directories are built.
  var profile: ImportProfile
  /// How the directory at the top is built; with `only-hash`, Kubo gives it none of the options of directories.
  var topProfile: ImportProfile
  /// Whether every block must be its own CID: hash function `identity`.
  var isIdentity = false
  /// Whether what was added is pinned, and under which name.
  var pins: Bool
  var pinName: String?
  /// Whether nothing is stored.
  var onlyHashes: Bool
  /// Whether there is a directory around all that was sent.
  var wraps: Bool
  /// Whether to tell of the bytes read, and to be silent of files.
  var showsProgress: Bool
  var isSilent: Bool
  /// Where in the file tree what was added is linked.
  var filesPath: String?
  /// Whether directories without an entry are added.
  var includesEmptyDirectories: Bool
  /// What every node gets, and whether it gets what its part's head says of it.
  private var metadata = UnixFSMetadata()
  private var preservesMode: Bool
  private var preservesTime: Bool

  /// The declaration of the options.
  static let declared: [Command.Option] = [
    Command.Option(.bool, "recursive", "r"), Command.Option(.bool, "dereference-args"),
    Command.Option(.bool, "dereference-symlinks"), Command.Option(.string, "stdin-name"),
    Command.Option(.bool, "hidden", "H"), Command.Option(.strings, "ignore"),
    Command.Option(.string, "ignore-rules-path"), Command.Option(.bool, "empty-dirs", "E"),
    Command.Option(.bool, "quiet", "q"), Command.Option(.bool, "quieter", "Q"), Command.Option(.bool, "silent"),
    Command.Option(.bool, "progress", "p"), Command.Option(.bool, "only-hash", "n"),
    Command.Option(.bool, "wrap-with-directory", "w"), Command.Option(.bool, "pin"),
    Command.Option(.string, "pin-name"), Command.Option(.string, "to-files"), Command.Option(.int, "cid-version"),
    Command.Option(.string, "hash"), Command.Option(.bool, "raw-leaves"), Command.Option(.string, "chunker", "s"),
    Command.Option(.bool, "trickle", "t"), Command.Option(.int, "max-file-links"),
    Command.Option(.int, "max-directory-links"), Command.Option(.int, "max-hamt-fanout"),
    Command.Option(.bool, "inline"), Command.Option(.int, "inline-limit"), Command.Option(.bool, "nocopy"),
    Command.Option(.bool, "fscache"), Command.Option(.bool, "preserve-mode"), Command.Option(.bool, "preserve-mtime"),
    Command.Option(.uint, "mode"), Command.Option(.int64, "mtime"), Command.Option(.uint, "mtime-nsecs"),
    Command.Option(.bool, "fast-provide-root"), Command.Option(.bool, "fast-provide-dag"),
    Command.Option(.bool, "fast-provide-wait"),
  ]

  /// Reads the options of a call; what was left out is as in the node's profile.
  ///
  /// - Throws: ``RPCError`` in Kubo's words for what it refuses too.
  init(_ call: Call) throws(RPCError) {
    let options = call.options
    let inlines = options.bool("inline") ?? false
    if inlines, let limit = options.integer("inline-limit"), limit > ImportProfile.largestInlineLimit {
      throw RPCError(
        "inline-limit \(limit) exceeds maximum allowed size of \(ImportProfile.largestInlineLimit) bytes")
    }
    pinName = options.string("pin-name")
    try Self.check(pinName: pinName)
    onlyHashes = options.bool("only-hash") ?? false
    pins = !onlyHashes && (options.bool("pin") ?? true)
    wraps = options.bool("wrap-with-directory") ?? false
    showsProgress = options.bool("progress") ?? false
    isSilent = options.bool("silent") ?? false
    filesPath = options.string("to-files")
    includesEmptyDirectories = options.bool("empty-dirs") ?? true
    preservesMode = options.bool("preserve-mode") ?? false
    preservesTime = options.bool("preserve-mtime") ?? false

    let mode = options.integer("mode") ?? 0
    let seconds = options.integer("mtime") ?? 0
    let nanoseconds = options.integer("mtime-nsecs") ?? 0
    let hasMetadata = preservesMode || preservesTime || mode != 0 || seconds != 0
    if hasMetadata, options.bool("raw-leaves") == true {
      throw RPCError("raw-leaves can't be used with UnixFS metadata like mode or modification time")
    }
    for (isThere, names) in [
      (onlyHashes && filesPath != nil, "only-hash and to-files"), (wraps && filesPath != nil, "wrap and to-files"),
    ] where isThere { throw RPCError("\(names) options are not compatible") }
    if !pins, pinName != nil { throw RPCError("pin-name option requires pin to be set") }
    if options.bool("nocopy") == true {
      throw RPCError(
        "either the filestore or the urlstore must be enabled to use nocopy, see: "
          + "https://github.com/ipfs/kubo/blob/master/docs/experimental-features.md#ipfs-filestore")
    }
    guard seconds != 0 || nanoseconds == 0 else {
      throw RPCError("option \"mtime-nsecs\" requires \"mtime\" to be provided as well")
    }
    guard nanoseconds < 1_000_000_000 else {
      throw RPCError("option \"mtime-nsecs\" must be below a second")
    }
    if mode != 0 {
      metadata.mode = UnixMode.permissions(ofGo: UInt32(truncatingIfNeeded: mode))
      preservesMode = false
    }
    if seconds != 0 {
      metadata.mtime = Timestamp(seconds: seconds, nanoseconds: UInt32(nanoseconds))
      preservesTime = false
    }

    var imports = try Self.importOptions(options, base: call.node.profile, isIdentity: &isIdentity)
    if hasMetadata { imports.rawLeaves = false }
    profile = try Self.profile(imports, over: call.node.profile)
    topProfile = profile
    if onlyHashes, metadata == UnixFSMetadata(), !preservesMode, !preservesTime {
      imports.sharding = nil
      topProfile = try Self.profile(imports, over: call.node.profile)
    }
  }

  /// What a node says of itself, as the options or its part's head have it; nil for nothing.
  func metadata(of file: RequestFile?) -> UnixFSMetadata? {
    var result = metadata
    if preservesMode { result.mode = file?.mode.map { UnixMode.permissions(ofGo: $0) } }
    if preservesTime { result.mtime = file?.mtime }
    if result.mode == 0 { result.mode = nil }
    return result == UnixFSMetadata() ? nil : result
  }

  private static func check(pinName: String?) throws(RPCError) {
    guard let pinName, pinName.utf8.count > 255 else { return }
    throw RPCError("pin name is \(pinName.utf8.count) bytes (max 255 bytes)")
  }

  private static func profile(
    _ options: ImportOptions, over base: ImportProfile
  ) throws(RPCError) -> ImportProfile {
    do throws(UnixFSError) { return try options.profile(over: base) } catch { throw RPCError(error.message) }
  }

  private static func importOptions(
    _ given: Call.Options, base: ImportProfile, isIdentity: inout Bool
  ) throws(RPCError) -> ImportOptions {
    var options = ImportOptions()
    let version = given.integer("cid-version")
    if let hash = given.string("hash")?.lowercased(), !hash.isEmpty {
      guard let function = Multihash.Code(name: hash) else {
        throw RPCError("unrecognized hash function: \"\(hash)\"")
      }
      // A block that is its own CID is one that is inlined.
      isIdentity = function == .identity
      if !isIdentity { options.hashFunction = function }
      if function != .sha2_256, version == 0 { throw RPCError("CIDv0 only supports sha2-256") }
      if isIdentity { options.cidVersion = .v1 }
    }
    if let version {
      guard let known = UInt8(exactly: version).flatMap(CID.Version.init(rawValue:)) else {
        throw RPCError("unknown CID version: \(version)")
      }
      options.cidVersion = known
    }
    // Raw leaves come with version 1, and with what brings that.
    options.rawLeaves =
      given.bool("raw-leaves")
      ?? options.cidVersion.map { $0 == .v1 } ?? (options.hashFunction.map { $0 != .sha2_256 } == true ? true : nil)
    if let name = given.string("chunker"), !name.isEmpty { options.chunker = try chunker(name) }
    if let trickle = given.bool("trickle") { options.layout = trickle ? .trickle : .balanced }
    options.maxFileLinks = given.integer("max-file-links").map { Int(clamping: $0) }
    options.inlines = isIdentity ? true : given.bool("inline")
    options.inlineLimit =
      isIdentity ? ImportProfile.largestInlineLimit : given.integer("inline-limit").map { Int(clamping: $0) }
    options.sharding = try sharding(given, base: base.sharding)
    return options
  }

  private static func sharding(
    _ given: Call.Options, base: ImportProfile.Sharding
  ) throws(RPCError) -> ImportProfile.Sharding? {
    let links = given.integer("max-directory-links")
    let fanout = given.integer("max-hamt-fanout")
    guard links != nil || fanout != nil else { return nil }
    do throws(UnixFSError) {
      return try ImportProfile.Sharding(
        fanout: fanout.map { Int(clamping: $0) } ?? base.fanout, threshold: base.threshold, estimate: base.estimate,
        maximumLinks: max(0, links.map { Int(clamping: $0) } ?? base.maximumLinks))
    } catch {
      throw RPCError("HAMT fanout must be a power of 2, between 8 and 1024 (got \(fanout ?? 0))")
    }
  }

  private static func chunker(_ name: String) throws(RPCError) -> ImportProfile.Chunker {
    if name == "default" { return .fixed(256 << 10) }
    // The parts of the long form may be named.
    let parts = name.split(separator: "-", omittingEmptySubsequences: false).map { part in
      part.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).last.map(String.init) ?? ""
    }
    let numbers = parts.dropFirst().map { Int($0) }
    guard ["size", "rabin", "buzhash"].contains(parts[0]) else {
      throw RPCError("unrecognized chunker option: \(name)")
    }
    if parts[0] == "buzhash" { return .buzhash }
    for (number, part) in zip(numbers, parts.dropFirst()) where number == nil {
      throw RPCError("strconv.Atoi: parsing \"\(part)\": invalid syntax")
    }
    let sizes = numbers.compactMap { $0 }
    let largest = ImportProfile.maximumChunkSize
    let problem: String? =
      switch (parts[0], sizes.count) {
      case ("size", 1) where sizes[0] <= 0: "chunker size must be greater than 0"
      case ("size", 1): sizes[0] > largest ? tooLarge : nil
      case ("size", _): "incorrect chunker string format (expected size-{size})"
      case (_, 0): nil
      case (_, 1): sizes[0] > largest / 3 * 2 ? tooLarge : nil
      case (_, 3) where sizes[0] < 16: "rabin min must be greater than 16"
      case (_, 3) where sizes[0] >= sizes[1]: "incorrect format: rabin-min must be smaller than rabin-avg"
      case (_, 3) where sizes[1] >= sizes[2]: "incorrect format: rabin-avg must be smaller than rabin-max"
      case (_, 3): sizes[2] > largest ? tooLarge : nil
      default: "incorrect format (expected 'rabin' 'rabin-[avg]' or 'rabin-[min]-[avg]-[max]'"
      }
    if let problem { throw RPCError(problem) }
    do throws(UnixFSError) {
      return try ImportProfile.Chunker(name: parts.joined(separator: "-"))
    } catch { throw RPCError(error.message) }
  }

  private static let tooLarge =
    "chunker parameters may not exceed the maximum chunk size of \(ImportProfile.maximumChunkSize)"
}

/// Mode bits as Go has them: permissions where POSIX has them, all else further up.
enum UnixMode {
  private static let goSetUser: UInt32 = 1 << 23
  private static let goSetGroup: UInt32 = 1 << 22
  private static let goSticky: UInt32 = 1 << 20

  /// A symbolic link's mode, as Go has it.
  static let goSymlink: UInt32 = 1 << 27 | 0o777

  /// The permission bits of POSIX that a mode of Go has.
  static func permissions(ofGo mode: UInt32) -> UInt32 {
    var result = mode & 0o777
    if mode & goSetUser != 0 { result |= 0o4000 }
    if mode & goSetGroup != 0 { result |= 0o2000 }
    if mode & goSticky != 0 { result |= 0o1000 }
    return result
  }
}
