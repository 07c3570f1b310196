import Foundation
public import Multiformats

extension Client {
  /// A directory, or a file, and what it links to. In a stream, one of several pieces of it.
  public struct Listing: Codable, Hashable, Sendable {
    /// The path that was asked for, or its CID.
    public let path: String
    /// The entries of a directory, or the pieces of a large file.
    public let links: [Link]

    private enum CodingKeys: String, CodingKey {
      case path = "Hash"
      case links = "Links"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      path = try container.decode(String.self, forKey: .path)
      links = try container.decodeList(forKey: .links)
    }
  }

  /// An entry of a ``Listing``.
  public struct Link: Codable, Hashable, Sendable {
    /// What an entry is, by its number in UnixFS.
    public struct Kind: RawRepresentable, Codable, Hashable, Sendable {
      /// The number.
      public let rawValue: Int

      /// A number.
      public init(rawValue: Int) { self.rawValue = rawValue }

      /// Bytes without more; also what is given where kinds were not asked for.
      public static let raw = Kind(rawValue: 0)
      /// A directory.
      public static let directory = Kind(rawValue: 1)
      /// A file.
      public static let file = Kind(rawValue: 2)
      /// Facts about a file.
      public static let metadata = Kind(rawValue: 3)
      /// A symbolic link.
      public static let symbolicLink = Kind(rawValue: 4)
      /// A piece of a large directory.
      public static let shard = Kind(rawValue: 5)
    }

    /// Its name; empty for a piece of a file.
    public let name: String
    /// Its CID.
    public let cid: CID
    /// Bytes of a file's content; 0 for a directory, or if sizes were not asked for.
    public let size: UInt64
    /// What it is.
    public let kind: Kind
    /// Where a symbolic link points to; empty for what is none.
    public let target: String
    /// The mode, if one is stored.
    public let mode: FileMode?
    /// The time of the last change as the daemon writes it (RFC 3339), if one is stored.
    public let modTime: String?

    /// The time of the last change in seconds since 1970, if one is stored.
    public var mtime: Int64? {
      guard let modTime else { return nil }
      // Foundation's format has no fractions of nine digits.
      let fraction = modTime.drop { $0 != "." }.dropFirst().prefix { $0.isNumber }
      let whole = fraction.isEmpty ? modTime : modTime.replacing(".\(fraction)", with: "")
      return (try? Date(whole, strategy: .iso8601)).map { Int64($0.timeIntervalSince1970) }
    }

    /// The nanoseconds of that time.
    public var mtimeNsecs: Int? {
      guard let modTime else { return nil }
      let fraction = modTime.drop { $0 != "." }.dropFirst().prefix { $0.isNumber }.prefix(9)
      return Int(fraction + String(repeating: "0", count: 9 - fraction.count))
    }

    private enum CodingKeys: String, CodingKey {
      case name = "Name"
      case cid = "Hash"
      case size = "Size"
      case kind = "Type"
      case target = "Target"
      case mode = "Mode"
      case modTime = "ModTime"
    }

    /// How Go writes that there is no time.
    private static let noTime = "0001-01-01T00:00:00Z"

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      name = try container.decode(String.self, forKey: .name)
      cid = try container.decode(CID.self, forKey: .cid)
      size = try container.decode(UInt64.self, forKey: .size)
      kind = try container.decode(Kind.self, forKey: .kind)
      target = try container.decodeIfPresent(String.self, forKey: .target) ?? ""
      let mode = try container.decodeIfPresent(FileMode.self, forKey: .mode)
      self.mode = mode?.rawValue == 0 ? nil : mode
      let modTime = try container.decodeIfPresent(String.self, forKey: .modTime)
      self.modTime = modTime == Self.noTime ? nil : modTime
    }

    /// Writes the daemon's JSON.
    public func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(name, forKey: .name)
      try container.encode(cid, forKey: .cid)
      try container.encode(size, forKey: .size)
      try container.encode(kind, forKey: .kind)
      try container.encode(target, forKey: .target)
      try container.encode(mode?.rawValue ?? 0, forKey: .mode)
      try container.encode(modTime ?? Self.noTime, forKey: .modTime)
    }
  }

  /// Lists directories: one ``Listing`` for each path.
  ///
  /// - Parameters:
  ///   - paths: Directories, or files.
  ///   - headers: The option `headers`, which changes only what Kubo's command line shows.
  ///   - resolveType: Whether kinds are wanted. The daemon then reads each entry.
  ///   - size: Whether sizes are wanted. The daemon then reads each entry.
  ///   - stream: Whether the daemon sends entries as it finds them: then each ``Listing`` has some of the entries only,
  ///     and a directory of any size is listed in little memory.
  ///   - long: The option `long`, which changes only what Kubo's command line shows.
  public func ls(
    _ paths: any ContentPath..., headers: Bool = false, resolveType: Bool = true, size: Bool = true,
    stream: Bool = false, long: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Listing> {
    ls(
      paths, headers: headers, resolveType: resolveType, size: size, stream: stream, long: long, offline: offline,
      opts: opts, timeout: timeout)
  }

  /// Lists the directories of a list. The parameters are those of the other `ls`.
  public func ls(
    _ paths: [any ContentPath], headers: Bool = false, resolveType: Bool = true, size: Bool = true,
    stream: Bool = false, long: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Listing> {
    struct Output: Decodable {
      let objects: [Listing]?

      enum CodingKeys: String, CodingKey {
        case objects = "Objects"
      }
    }
    return objects(
      of: Command("ls", paths.map(\.contentPath), safe: true).option("headers", headers, default: false)
        .option("resolve-type", resolveType, default: true).option("size", size, default: true)
        .option("stream", stream, default: false).option("long", long, default: false),
      CallOptions(offline, opts, timeout)
    ) { (output: Output) in output.objects ?? [] }
  }
}
