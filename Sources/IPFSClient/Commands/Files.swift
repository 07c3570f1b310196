public import Multiformats

extension Client {
  /// The tree of files that the daemon keeps, MFS: the commands `files/…`.
  public struct Files: Sendable {
    let client: Client
  }

  /// The tree of files that the daemon keeps.
  public var files: Files { Files(client: self) }
}

extension Client.Files {
  /// What a path of the tree is.
  public enum Kind: String, Codable, Hashable, Sendable {
    /// A file or a symbolic link.
    case file
    /// A directory.
    case directory
  }

  /// What the daemon knows of a path.
  public struct Stat: Codable, Hashable, Sendable {
    /// The CID of what is there.
    public let cid: CID
    /// Bytes of a file's content; 0 for a directory.
    public let size: UInt64
    /// Bytes of all blocks below.
    public let cumulativeSize: UInt64
    /// Links of a directory, or leaves of a file.
    public let blocks: Int
    /// What it is. A symbolic link counts as a file; its mode tells.
    public let kind: Kind
    /// The mode, if one is stored.
    public let mode: FileMode?
    /// The time of the last change in seconds since 1970, if one is stored.
    public let mtime: Int64?
    /// The nanoseconds of that time.
    public let mtimeNsecs: Int?
    /// Whether all blocks are on the daemon; nil unless asked for.
    public let local: Bool?
    /// Bytes of the blocks that are on the daemon; nil unless asked for.
    public let sizeLocal: UInt64?

    private enum CodingKeys: String, CodingKey {
      case cid = "Hash"
      case size = "Size"
      case cumulativeSize = "CumulativeSize"
      case blocks = "Blocks"
      case kind = "Type"
      case mode = "Mode"
      case mtime = "Mtime"
      case mtimeNsecs = "MtimeNsecs"
      case local = "Local"
      case sizeLocal = "SizeLocal"
    }
  }

  /// An entry of a listing.
  public struct Entry: Codable, Hashable, Sendable {
    /// Its name.
    public let name: String
    /// What it is; always a file unless asked for with `long`.
    public let kind: Kind
    /// Bytes of a file's content; 0 unless asked for with `long`.
    public let size: UInt64
    /// The CID; nil unless asked for with `long`.
    public let cid: CID?

    private enum CodingKeys: String, CodingKey {
      case name = "Name"
      case kind = "Type"
      case size = "Size"
      case cid = "Hash"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      name = try container.decode(String.self, forKey: .name)
      kind = try container.decode(Int.self, forKey: .kind) == 1 ? .directory : .file
      size = try container.decode(UInt64.self, forKey: .size)
      cid = try container.decodeCIDIfPresent(forKey: .cid)
    }

    /// Writes the daemon's JSON.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(kind == .directory ? 1 : 0, forKey: .kind)
      try container.encode(size, forKey: .size)
      try container.encode(cid?.description ?? "", forKey: .cid)
    }
  }

  /// Puts what is at a path at another one, too, without copying its blocks.
  ///
  /// - Parameters:
  ///   - source: A path of the tree, or `/ipfs/<cid>…`.
  ///   - destination: A path of the tree. With a slash at its end, a directory to put it in.
  ///   - parents: Whether missing directories are made.
  ///   - force: Whether a file that is there is replaced.
  ///   - flush: Whether the tree is written before the command ends; nil for the daemon's default, yes.
  public func cp(
    _ source: some ContentPath, to destination: String, parents: Bool = false, force: Bool = false,
    flush: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    let path = source is CID ? "/ipfs/\(source.contentPath)" : source.contentPath
    try await client.run(
      Command("files/cp", [path, destination]).option("parents", parents, default: false)
        .option("force", force, default: false).option("flush", flush), CallOptions(offline, opts, timeout))
  }

  /// Lists a directory, or shows a file as the only entry.
  ///
  /// - Parameters:
  ///   - path: A path of the tree; nil for its root.
  ///   - long: Whether kind, size and CID are wanted. The daemon then reads each entry.
  ///   - unsorted: The option `U`.
  public func ls(
    _ path: String? = nil, long: Bool = false, unsorted: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [Entry] {
    struct Listing: Decodable {
      let entries: [Entry]?

      enum CodingKeys: String, CodingKey {
        case entries = "Entries"
      }
    }
    let listing = try await client.value(
      Listing.self,
      of: Command("files/ls", path.map { [$0] } ?? [], safe: true).option("long", long, default: false)
        .option("U", unsorted, default: false), CallOptions(offline, opts, timeout))
    return listing.entries ?? []
  }

  /// Makes a directory.
  ///
  /// - Parameters:
  ///   - path: Where.
  ///   - parents: Whether missing directories are made, and one that is there is no error.
  ///   - cidVersion: The version of its CIDs; nil for the daemon's default.
  ///   - hash: The hash function of its CIDs; implies version 1.
  ///   - mode: Permissions to store.
  ///   - mtime: A time to store, in seconds since 1970.
  ///   - mtimeNsecs: The nanoseconds of that time.
  ///   - flush: Whether the tree is written before the command ends; nil for the daemon's default, yes.
  public func mkdir(
    _ path: String, parents: Bool = false, cidVersion: Int? = nil, hash: String? = nil, mode: UInt16? = nil,
    mtime: Int64? = nil, mtimeNsecs: Int? = nil, flush: Bool? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("files/mkdir", [path]).option("parents", parents, default: false).option("cid-version", cidVersion)
        .option("hash", hash).option("mode", octal(mode)).option("mtime", mtime).option("mtime-nsecs", mtimeNsecs)
        .option("flush", flush), CallOptions(offline, opts, timeout))
  }

  /// Moves what is at a path to another one. A file there is replaced; a directory there gets it as an entry.
  ///
  /// - Parameters:
  ///   - source: A path of the tree.
  ///   - destination: A path of the tree.
  ///   - flush: Whether the tree is written before the command ends; nil for the daemon's default, yes.
  public func mv(
    _ source: String, to destination: String, flush: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("files/mv", [source, destination]).option("flush", flush), CallOptions(offline, opts, timeout))
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: A path of the tree.
  ///   - offset: The first byte to read. One behind the end is an error, the end is not.
  ///   - count: The most bytes to read; nil for all.
  public func read(
    _ path: String, offset: Int64 = 0, count: Int64? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(
      Command("files/read", [path], safe: true).option("offset", offset, default: 0).option("count", count),
      CallOptions(offline, opts, timeout))
  }

  /// Removes entries. Those that can be removed are, even if others cannot.
  ///
  /// - Parameters:
  ///   - paths: Paths of the tree.
  ///   - recursive: Whether directories are removed, too, even empty ones.
  ///   - force: Whether what is not there is no error; removes directories, too.
  ///   - flush: Kubo refuses false.
  /// - Throws: `partialErrorResponse`, whose message names each path that was not removed, and why.
  public func rm(
    _ paths: String..., recursive: Bool = false, force: Bool = false, flush: Bool? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await rm(
      paths, recursive: recursive, force: force, flush: flush, offline: offline, opts: opts, timeout: timeout)
  }

  /// Removes the entries of a list. The parameters are those of the other `rm`.
  public func rm(
    _ paths: [String], recursive: Bool = false, force: Bool = false, flush: Bool? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    let command = Command("files/rm", paths).option("recursive", recursive, default: false)
      .option("force", force, default: false).option("flush", flush)
    // What went wrong comes as texts, and then a trailer that says only that something did.
    let failures = client.objects(String.self, of: command, CallOptions(offline, opts, timeout))
    var texts: [String] = []
    do {
      for try await text in failures { texts.append(text) }
    } catch let error as ClientError where error.code == .partialErrorResponse && !texts.isEmpty {
      throw ClientError(
        error.code, "\(error.message): \(texts.joined(separator: "; "))", cause: error.cause, command: error.command,
        status: error.status)
    }
  }

  /// Asks what is at a path.
  ///
  /// - Parameters:
  ///   - path: A path of the tree, or `/ipfs/<cid>…`.
  ///   - withLocal: Whether to find out which blocks are on the daemon. It then reads all of them.
  ///   - hash: The option `hash`, which changes only what Kubo's command line shows; so do `size` and `format`.
  ///   - size: The option `size`.
  ///   - format: The option `format`.
  public func stat(
    _ path: some ContentPath, withLocal: Bool = false, hash: Bool = false, size: Bool = false, format: String? = nil,
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Stat {
    let path = path is CID ? "/ipfs/\(path.contentPath)" : path.contentPath
    return try await client.value(
      of: Command("files/stat", [path], safe: true).option("with-local", withLocal, default: false)
        .option("hash", hash, default: false).option("size", size, default: false).option("format", format),
      CallOptions(offline, opts, timeout))
  }

  /// Writes into a file.
  ///
  /// - Parameters:
  ///   - path: A path of the tree.
  ///   - file: What to write.
  ///   - offset: Where the first byte goes. A gap behind the end becomes zeros.
  ///   - create: Whether a missing file is made.
  ///   - parents: Whether missing directories are made.
  ///   - truncate: Whether the file is emptied first.
  ///   - count: The most bytes to write; nil for all.
  ///   - rawLeaves: Whether new leaves are raw blocks; nil for the daemon's default.
  ///   - cidVersion: The version of its CIDs; nil for the daemon's default.
  ///   - hash: The hash function of its CIDs; implies version 1.
  ///   - flush: Whether the tree is written before the command ends; nil for the daemon's default, yes.
  public func write(
    _ path: String, _ file: Upload, offset: Int64 = 0, create: Bool = false, parents: Bool = false,
    truncate: Bool = false, count: Int64? = nil, rawLeaves: Bool? = nil, cidVersion: Int? = nil, hash: String? = nil,
    flush: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("files/write", [path]).option("offset", offset, default: 0).option("create", create, default: false)
        .option("parents", parents, default: false).option("truncate", truncate, default: false)
        .option("count", count).option("raw-leaves", rawLeaves).option("cid-version", cidVersion)
        .option("hash", hash).option("flush", flush).sending(file: file), CallOptions(offline, opts, timeout))
  }

  /// Writes the tree, or a part of it, to the daemon's store.
  ///
  /// - Parameter path: The part; nil for all.
  /// - Returns: The CID of what is there.
  @discardableResult
  public func flush(
    _ path: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> CID {
    struct Flushed: Decodable {
      let cid: CID

      enum CodingKeys: String, CodingKey {
        case cid = "Cid"
      }
    }
    return try await client.value(
      Flushed.self, of: Command("files/flush", path.map { [$0] } ?? []), CallOptions(offline, opts, timeout)
    ).cid
  }

  /// Changes the form of the CIDs of a directory and of what is made in it later.
  ///
  /// - Parameters:
  ///   - path: A directory, but not the root.
  ///   - cidVersion: The version; nil for the daemon's default.
  ///   - hash: The hash function; implies version 1.
  ///   - flush: Whether the tree is written before the command ends; nil for the daemon's default, yes.
  public func chcid(
    _ path: String, cidVersion: Int? = nil, hash: String? = nil, flush: Bool? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("files/chcid", [path]).option("cid-version", cidVersion).option("hash", hash).option("flush", flush),
      CallOptions(offline, opts, timeout))
  }

  /// Stores permissions with a file or directory, or removes them.
  ///
  /// - Parameters:
  ///   - path: A path of the tree.
  ///   - mode: The permissions, such as `0o644`; 0 removes them.
  ///   - flush: Whether the tree is written before the command ends; nil for the daemon's default, yes.
  public func chmod(
    _ path: String, mode: UInt16, flush: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("files/chmod", ["0" + String(mode, radix: 8), path]).option("flush", flush),
      CallOptions(offline, opts, timeout))
  }

  /// Stores a time with a file or directory.
  ///
  /// - Parameters:
  ///   - path: A path of the tree.
  ///   - mtime: Seconds since 1970; nil or 0 for now.
  ///   - mtimeNsecs: The nanoseconds of that time.
  ///   - flush: Whether the tree is written before the command ends; nil for the daemon's default, yes.
  public func touch(
    _ path: String, mtime: Int64? = nil, mtimeNsecs: Int? = nil, flush: Bool? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("files/touch", [path]).option("mtime", mtime).option("mtime-nsecs", mtimeNsecs)
        .option("flush", flush), CallOptions(offline, opts, timeout))
  }
}
