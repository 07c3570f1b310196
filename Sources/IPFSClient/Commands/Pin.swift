public import Multiformats

extension Client {
  /// What the daemon must keep: the commands `pin/…`.
  public struct Pin: Sendable {
    let client: Client
  }

  /// What the daemon must keep.
  public var pin: Pin { Pin(client: self) }
}

extension Client.Pin {
  /// How something is pinned.
  public enum Kind: String, Codable, Hashable, Sendable {
    /// The block alone.
    case direct
    /// The block and all below it.
    case recursive
    /// Through a recursive pin of something above.
    case indirect
  }

  /// Something that is pinned.
  public struct Entry: Hashable, Sendable {
    /// Its CID.
    public let cid: CID
    /// How it is pinned.
    public let kind: Kind
    /// What it is pinned through; nil if it is not pinned indirectly, or the daemon does not say.
    public let via: CID?
    /// The pin's name; empty if it has none, or names were not asked for.
    public let name: String
  }

  /// What `add` tells while it works.
  public enum AddEvent: Hashable, Sendable {
    /// So many blocks, and bytes in them, have been found or fetched.
    case progress(blocks: Int, bytes: UInt64)
    /// These are pinned now.
    case pinned([CID])
  }

  /// A block of a pin that is missing or damaged.
  public struct BadNode: Codable, Hashable, Sendable {
    /// The block.
    public let cid: CID
    /// What is wrong.
    public let error: String

    private enum CodingKeys: String, CodingKey {
      case cid = "Cid"
      case error = "Err"
    }
  }

  /// What was found of a recursive pin.
  public struct Verification: Codable, Hashable, Sendable {
    /// The pin; nil if the pins could not be read.
    public let cid: CID?
    /// Whether all of it is there.
    public let isOK: Bool
    /// Blocks that are missing or damaged.
    public let badNodes: [BadNode]
    /// Why the pins could not be read; nil if they could.
    public let error: String?

    private enum CodingKeys: String, CodingKey {
      case cid = "Cid"
      case isOK = "Ok"
      case badNodes = "BadNodes"
      case error = "Err"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      cid = try container.decodeCIDIfPresent(forKey: .cid)
      isOK = try container.decodeIfPresent(Bool.self, forKey: .isOK) ?? false
      badNodes = try container.decodeList(forKey: .badNodes)
      error = try container.decodeTextIfPresent(forKey: .error)
    }
  }

  /// The CIDs of pins that were made or removed.
  private struct Pins: Decodable {
    let cids: [CID]

    enum CodingKeys: String, CodingKey {
      case cids = "Pins"
    }
  }

  /// Pins content: the daemon fetches what it has not, and keeps it.
  ///
  /// - Parameters:
  ///   - paths: What to pin.
  ///   - recursive: Whether all below is pinned, too.
  ///   - name: A name for the pins; replaces the one that a pin has.
  ///   - fastProvideRoot: Whether others are told at once that the daemon has it; nil for the daemon's default.
  ///   - fastProvideDAG: Whether they are told of all blocks; nil for the daemon's default.
  ///   - fastProvideWait: Whether the command waits for that; nil for the daemon's default.
  /// - Returns: The CIDs of what was pinned, in the order of `paths`.
  @discardableResult
  public func add(
    _ paths: any ContentPath..., recursive: Bool = true, name: String? = nil, fastProvideRoot: Bool? = nil,
    fastProvideDAG: Bool? = nil, fastProvideWait: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [CID] {
    try await add(
      paths, recursive: recursive, name: name, fastProvideRoot: fastProvideRoot, fastProvideDAG: fastProvideDAG,
      fastProvideWait: fastProvideWait, offline: offline, opts: opts, timeout: timeout)
  }

  /// Pins the content of a list. The parameters are those of the other `add`.
  @discardableResult
  public func add(
    _ paths: [any ContentPath], recursive: Bool = true, name: String? = nil, fastProvideRoot: Bool? = nil,
    fastProvideDAG: Bool? = nil, fastProvideWait: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [CID] {
    try await client.value(
      Pins.self,
      of: Self.add(
        paths, recursive, name, fastProvideRoot, fastProvideDAG, fastProvideWait, progress: false),
      CallOptions(offline, opts, timeout)
    ).cids
  }

  /// Pins content, and tells how far it is. The parameters are those of `add`.
  public func addWithProgress(
    _ paths: any ContentPath..., recursive: Bool = true, name: String? = nil, fastProvideRoot: Bool? = nil,
    fastProvideDAG: Bool? = nil, fastProvideWait: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<AddEvent> {
    addWithProgress(
      paths, recursive: recursive, name: name, fastProvideRoot: fastProvideRoot, fastProvideDAG: fastProvideDAG,
      fastProvideWait: fastProvideWait, offline: offline, opts: opts, timeout: timeout)
  }

  /// Pins the content of a list, and tells how far it is. The parameters are those of the other `addWithProgress`.
  public func addWithProgress(
    _ paths: [any ContentPath], recursive: Bool = true, name: String? = nil, fastProvideRoot: Bool? = nil,
    fastProvideDAG: Bool? = nil, fastProvideWait: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<AddEvent> {
    client.objects(
      of: Self.add(paths, recursive, name, fastProvideRoot, fastProvideDAG, fastProvideWait, progress: true),
      CallOptions(offline, opts, timeout))
  }

  private static func add(
    _ paths: [any ContentPath], _ recursive: Bool, _ name: String?, _ fastProvideRoot: Bool?,
    _ fastProvideDAG: Bool?, _ fastProvideWait: Bool?, progress: Bool
  ) -> Command {
    Command("pin/add", paths.map(\.contentPath)).option("recursive", recursive, default: true).option("name", name)
      .option("progress", progress, default: false).option("fast-provide-root", fastProvideRoot)
      .option("fast-provide-dag", fastProvideDAG).option("fast-provide-wait", fastProvideWait)
  }

  /// Lists pins.
  ///
  /// - Parameters:
  ///   - paths: Of what; none for all pins. One that is not pinned, or not in that way, is an error.
  ///   - type: How it is pinned; nil for any way. Listing `recursive` alone is much faster: the daemon need not read
  ///     what is below.
  ///   - name: Only those whose name has this in it.
  ///   - names: Whether names are given; takes the daemon longer. A `name` implies it.
  ///   - quiet: The option `quiet`, which changes only what Kubo's command line shows.
  ///   - stream: Whether the daemon sends each as it finds it, and not all at its end.
  /// - Throws: `errorResponse` with the reason `notPinned`.
  public func ls(
    _ paths: any ContentPath..., type: Kind? = nil, name: String? = nil, names: Bool = false, quiet: Bool = false,
    stream: Bool = true, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Entry> {
    ls(
      paths, type: type, name: name, names: names, quiet: quiet, stream: stream, offline: offline, opts: opts,
      timeout: timeout)
  }

  /// Lists the pins of a list of paths. The parameters are those of the other `ls`.
  public func ls(
    _ paths: [any ContentPath], type: Kind? = nil, name: String? = nil, names: Bool = false, quiet: Bool = false,
    stream: Bool = true, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Entry> {
    client.objects(
      of: Command("pin/ls", paths.map(\.contentPath), safe: true).option("type", type?.rawValue).option("name", name)
        .option("names", names, default: false).option("quiet", quiet, default: false)
        .option("stream", stream, default: false), CallOptions(offline, opts, timeout)
    ) { (listing: Listing) in listing.entries }
  }

  /// Removes pins.
  ///
  /// - Parameters:
  ///   - paths: Of what.
  ///   - recursive: Whether recursive pins are removed, too; otherwise they are an error.
  /// - Returns: The CIDs of what was pinned.
  /// - Throws: `errorResponse` with the reason `notPinned`; the pins of the paths before are removed by then.
  @discardableResult
  public func rm(
    _ paths: any ContentPath..., recursive: Bool = true, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [CID] {
    try await rm(paths, recursive: recursive, offline: offline, opts: opts, timeout: timeout)
  }

  /// Removes the pins of a list. The parameters are those of the other `rm`.
  @discardableResult
  public func rm(
    _ paths: [any ContentPath], recursive: Bool = true, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [CID] {
    try await client.value(
      Pins.self, of: Command("pin/rm", paths.map(\.contentPath)).option("recursive", recursive, default: true),
      CallOptions(offline, opts, timeout)
    ).cids
  }

  /// Pins something in place of something similar; the daemon need not read what both have.
  ///
  /// - Parameters:
  ///   - old: What is pinned recursively.
  ///   - new: What is to be.
  ///   - unpin: Whether the old pin is removed.
  ///   - fastProvideRoot: Whether others are told at once that the daemon has it; nil for the daemon's default.
  ///   - fastProvideDAG: Whether they are told of all blocks; nil for the daemon's default.
  ///   - fastProvideWait: Whether the command waits for that; nil for the daemon's default.
  /// - Returns: The CIDs of the old one and the new one.
  @discardableResult
  public func update(
    _ old: some ContentPath, to new: some ContentPath, unpin: Bool = true, fastProvideRoot: Bool? = nil,
    fastProvideDAG: Bool? = nil, fastProvideWait: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [CID] {
    try await client.value(
      Pins.self,
      of: Command("pin/update", [old.contentPath, new.contentPath]).option("unpin", unpin, default: true)
        .option("fast-provide-root", fastProvideRoot).option("fast-provide-dag", fastProvideDAG)
        .option("fast-provide-wait", fastProvideWait), CallOptions(offline, opts, timeout)
    ).cids
  }

  /// Looks whether all blocks of recursive pins are there, and gives the pins that are broken.
  ///
  /// - Parameters:
  ///   - paths: Which pins, for daemons that can choose; Kubo 0.42 looks at all.
  ///   - verbose: Whether those that are not broken are given, too.
  ///   - quiet: Whether bad blocks are left out. Not together with `verbose`.
  public func verify(
    _ paths: any ContentPath..., verbose: Bool = false, quiet: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Verification> {
    verify(paths, verbose: verbose, quiet: quiet, offline: offline, opts: opts, timeout: timeout)
  }

  /// Looks at the pins of a list. The parameters are those of the other `verify`.
  public func verify(
    _ paths: [any ContentPath], verbose: Bool = false, quiet: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Verification> {
    client.objects(
      of: Command("pin/verify", paths.map(\.contentPath), safe: true).option("verbose", verbose, default: false)
        .option("quiet", quiet, default: false), CallOptions(offline, opts, timeout))
  }
}

extension Client.Pin.Entry: Codable {
  private enum CodingKeys: String, CodingKey {
    case cid = "Cid"
    case type = "Type"
    case name = "Name"
  }

  /// What stands between the kind and the CID of `via`.
  private static let through = " through "

  /// Reads the daemon's JSON.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(cid: container.decode(CID.self, forKey: .cid), container)
  }

  /// Reads a value of the daemon's object of pins, whose names are the CIDs.
  fileprivate init(cid: CID, from decoder: any Decoder) throws {
    try self.init(cid: cid, decoder.container(keyedBy: CodingKeys.self))
  }

  private init(cid: CID, _ container: KeyedDecodingContainer<CodingKeys>) throws {
    let type = try container.decode(String.self, forKey: .type)
    let parts = type.split(separator: Self.through, maxSplits: 1)
    guard let kind = parts.first.flatMap({ Client.Pin.Kind(rawValue: String($0)) }) else {
      throw DecodingError.dataCorruptedError(forKey: .type, in: container, debugDescription: "no kind of pin")
    }
    self.cid = cid
    self.kind = kind
    via = parts.count > 1 ? try CID(String(parts[1])) : nil
    name = try container.decodeIfPresent(String.self, forKey: .name) ?? ""
  }

  /// Writes the daemon's JSON.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(cid, forKey: .cid)
    try container.encode(kind.rawValue + (via.map { Self.through + $0.description } ?? ""), forKey: .type)
    try container.encode(name, forKey: .name)
  }
}

/// A reply of `pin/ls`: a pin, or an object of all pins by CID.
private struct Listing: Decodable {
  let entries: [Client.Pin.Entry]

  private enum CodingKeys: String, CodingKey {
    case cid = "Cid"
    case keys = "Keys"
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if container.contains(.cid) {
      entries = [try Client.Pin.Entry(from: decoder)]
    } else if container.contains(.keys) {
      let pins = try container.nestedContainer(keyedBy: Name.self, forKey: .keys)
      entries = try pins.allKeys.map { key in
        try Client.Pin.Entry(cid: CID(key.stringValue), from: pins.superDecoder(forKey: key))
      }.sorted { $0.cid < $1.cid }
    } else {
      entries = []
    }
  }
}

extension Client.Pin.AddEvent: Decodable {
  private enum CodingKeys: String, CodingKey {
    case pins = "Pins"
    case progress = "Progress"
    case bytes = "Bytes"
  }

  /// Reads the daemon's JSON.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if container.contains(.pins) {
      self = .pinned(try container.decode([CID].self, forKey: .pins))
    } else {
      self = .progress(
        blocks: try container.decodeIfPresent(Int.self, forKey: .progress) ?? 0,
        bytes: try container.decodeIfPresent(UInt64.self, forKey: .bytes) ?? 0)
    }
  }
}
