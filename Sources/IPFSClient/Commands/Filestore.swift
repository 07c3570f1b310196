public import Multiformats

extension Client {
  /// Blocks that are kept as parts of files of the daemon's system: the commands `filestore/…`.
  public struct Filestore: Sendable {
    let client: Client
  }

  /// Blocks that are kept as parts of files of the daemon's system.
  public var filestore: Filestore { Filestore(client: self) }
}

extension Client.Filestore {
  /// A block and where it is kept.
  public struct Entry: Codable, Hashable, Sendable {
    /// How a block is, by Kubo's number.
    public struct Status: RawRepresentable, Codable, Hashable, Sendable {
      /// The number.
      public let rawValue: Int

      /// A number.
      public init(rawValue: Int) { self.rawValue = rawValue }

      /// It is as it should be.
      public static let ok = Status(rawValue: 0)
      /// The file could not be read.
      public static let fileError = Status(rawValue: 10)
      /// The file is not there.
      public static let fileNotFound = Status(rawValue: 11)
      /// The file has changed.
      public static let fileChanged = Status(rawValue: 12)
      /// Something else failed.
      public static let otherError = Status(rawValue: 20)
      /// There is no such block here.
      public static let keyNotFound = Status(rawValue: 30)
    }

    /// How it is.
    public let status: Status
    /// What went wrong; nil if nothing.
    public let error: String?
    private let link: JSONLink?
    /// The file.
    public let filePath: String
    /// Where in the file the block begins.
    public let offset: UInt64
    /// How many bytes it has.
    public let size: UInt64

    /// The block's CID; nil if what was asked for is none.
    public var cid: CID? { link?.cid }

    private enum CodingKeys: String, CodingKey {
      case status = "Status"
      case error = "ErrorMsg"
      case link = "Key"
      case filePath = "FilePath"
      case offset = "Offset"
      case size = "Size"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      status = try container.decode(Status.self, forKey: .status)
      error = try container.decodeTextIfPresent(forKey: .error)
      link = try container.decodeIfPresent(JSONLink.self, forKey: .link)
      filePath = try container.decodeIfPresent(String.self, forKey: .filePath) ?? ""
      offset = try container.decodeIfPresent(UInt64.self, forKey: .offset) ?? 0
      size = try container.decodeIfPresent(UInt64.self, forKey: .size) ?? 0
    }
  }

  /// A block that is kept in both ways.
  public struct Duplicate: Codable, Hashable, Sendable {
    /// The block's CID; nil for an error.
    public let cid: CID?
    /// What went wrong; nil if nothing.
    public let error: String?

    private enum CodingKeys: String, CodingKey {
      case cid = "Ref"
      case error = "Err"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      cid = try container.decodeCIDIfPresent(forKey: .cid)
      error = try container.decodeTextIfPresent(forKey: .error)
    }
  }

  /// Lists blocks that are also in the store itself.
  public func dups(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Duplicate> {
    client.objects(of: Command("filestore/dups", safe: true), CallOptions(offline, opts, timeout))
  }

  /// Lists blocks.
  ///
  /// - Parameters:
  ///   - cids: The blocks; none for all.
  ///   - fileOrder: Whether they are in the order of their files.
  public func ls(
    _ cids: any ContentPath..., fileOrder: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<Entry> {
    ls(cids, fileOrder: fileOrder, offline: offline, opts: opts, timeout: timeout)
  }

  /// Lists the blocks whose CIDs are in a list. The parameters are those of the other `ls`.
  public func ls(
    _ cids: [any ContentPath], fileOrder: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<Entry> {
    client.objects(
      of: Command("filestore/ls", cids.map(\.contentPath), safe: true).option("file-order", fileOrder, default: false),
      CallOptions(offline, opts, timeout))
  }

  /// Checks blocks against their files.
  ///
  /// - Parameters:
  ///   - cids: The blocks; none for all.
  ///   - fileOrder: Whether they are in the order of their files.
  ///   - removeBadBlocks: Whether those are forgotten that are not as they should be, even if they are pinned.
  public func verify(
    _ cids: any ContentPath..., fileOrder: Bool = false, removeBadBlocks: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Entry> {
    verify(cids, fileOrder: fileOrder, removeBadBlocks: removeBadBlocks, offline: offline, opts: opts, timeout: timeout)
  }

  /// Checks the blocks whose CIDs are in a list. The parameters are those of the other `verify`.
  public func verify(
    _ cids: [any ContentPath], fileOrder: Bool = false, removeBadBlocks: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Entry> {
    client.objects(
      of: Command("filestore/verify", cids.map(\.contentPath), safe: !removeBadBlocks)
        .option("file-order", fileOrder, default: false)
        .option("remove-bad-blocks", removeBadBlocks, default: false), CallOptions(offline, opts, timeout))
  }
}
