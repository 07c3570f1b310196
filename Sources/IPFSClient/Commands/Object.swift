public import Multiformats

extension Client {
  /// Nodes of dag-pb: the commands `object/…`.
  ///
  /// Kubo has removed most of them: `errorResponse` with the reason `removedCommand`. It still has `diff`,
  /// `patch.addLink` and `patch.rmLink`. Use ``Client/dag`` and ``Client/files`` for the others.
  public struct Object: Sendable {
    let client: Client
  }

  /// Nodes of dag-pb.
  public var object: Object { Object(client: self) }
}

extension Client.Object {
  /// A link of a node.
  public struct Link: Codable, Hashable, Sendable {
    /// Its name.
    public let name: String
    /// What it points to.
    public let cid: CID
    /// Bytes of all blocks below, as the node says.
    public let size: UInt64

    private enum CodingKeys: String, CodingKey {
      case name = "Name"
      case cid = "Hash"
      case size = "Size"
    }
  }

  /// A node with its data.
  public struct Node: Codable, Hashable, Sendable {
    /// Its data, as a text or in base64.
    public let data: String
    /// Its links.
    public let links: [Link]

    private enum CodingKeys: String, CodingKey {
      case data = "Data"
      case links = "Links"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      data = try container.decodeIfPresent(String.self, forKey: .data) ?? ""
      links = try container.decodeList(forKey: .links)
    }
  }

  /// A node's CID and links.
  public struct Links: Codable, Hashable, Sendable {
    /// The node's CID.
    public let cid: CID
    /// Its links; none if the daemon does not say.
    public let links: [Link]

    private enum CodingKeys: String, CodingKey {
      case cid = "Hash"
      case links = "Links"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      cid = try container.decode(CID.self, forKey: .cid)
      links = try container.decodeList(forKey: .links)
    }
  }

  /// Sizes of a node.
  public struct Stat: Codable, Hashable, Sendable {
    /// The node's CID.
    public let cid: CID
    /// How many links it has.
    public let numLinks: Int
    /// Bytes of its block.
    public let blockSize: Int
    /// Bytes of the block that are about links.
    public let linksSize: Int
    /// Bytes of its data.
    public let dataSize: Int
    /// Bytes of its block and all below.
    public let cumulativeSize: UInt64

    private enum CodingKeys: String, CodingKey {
      case cid = "Hash"
      case numLinks = "NumLinks"
      case blockSize = "BlockSize"
      case linksSize = "LinksSize"
      case dataSize = "DataSize"
      case cumulativeSize = "CumulativeSize"
    }
  }

  /// A link in which two nodes differ.
  public struct Change: Codable, Hashable, Sendable {
    /// How it differs.
    public enum Kind: Int, Codable, Hashable, Sendable {
      /// The second alone has it.
      case added
      /// The first alone has it.
      case removed
      /// It points to something else.
      case modified
    }

    private let beforeLink: JSONLink?
    private let afterLink: JSONLink?
    /// How it differs.
    public let kind: Kind
    /// The path of the link.
    public let path: String

    /// What it points to in the first node; nil if it was added.
    public var before: CID? { beforeLink?.cid }
    /// What it points to in the second node; nil if it was removed.
    public var after: CID? { afterLink?.cid }

    private enum CodingKeys: String, CodingKey {
      case beforeLink = "Before"
      case afterLink = "After"
      case kind = "Type"
      case path = "Path"
    }
  }

  /// The reply of `object/diff`.
  private struct Changes: Decodable {
    let list: [Change]?

    enum CodingKeys: String, CodingKey {
      case list = "Changes"
    }
  }

  /// Reads a node's data. Removed from Kubo.
  public func data(
    _ path: some ContentPath, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(Command("object/data", [path.contentPath], safe: true), CallOptions(offline, opts, timeout))
  }

  /// Finds the links in which two nodes differ.
  ///
  /// - Parameters:
  ///   - first: A node.
  ///   - second: A node.
  ///   - verbose: The option `verbose`, which changes only what Kubo's command line shows.
  public func diff(
    _ first: some ContentPath, _ second: some ContentPath, verbose: Bool = false, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [Change] {
    try await client.value(
      Changes.self,
      of: Command("object/diff", [first.contentPath, second.contentPath], safe: true)
        .option("verbose", verbose, default: false), CallOptions(offline, opts, timeout)
    ).list ?? []
  }

  /// Reads a node. Removed from Kubo.
  ///
  /// - Parameters:
  ///   - path: The node.
  ///   - dataEncoding: How its data are written: `text` or `base64`; nil for the daemon's default, `text`.
  public func get(
    _ path: some ContentPath, dataEncoding: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Node {
    try await client.value(
      of: Command("object/get", [path.contentPath], safe: true).option("data-encoding", dataEncoding),
      CallOptions(offline, opts, timeout))
  }

  /// Reads a node's links. Removed from Kubo.
  public func links(
    _ path: some ContentPath, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Links {
    try await client.value(
      of: Command("object/links", [path.contentPath], safe: true), CallOptions(offline, opts, timeout))
  }

  /// Makes a node of a template. Removed from Kubo.
  ///
  /// - Parameter template: `unixfs-dir` for an empty directory; nil for an empty node.
  public func new(
    _ template: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Links {
    try await client.value(
      of: Command("object/new", template.map { [$0] } ?? []), CallOptions(offline, opts, timeout))
  }

  /// Stores a node. Removed from Kubo.
  ///
  /// - Parameters:
  ///   - file: The node as JSON, with the fields `Data` and `Links`, or in another form that the daemon knows.
  ///   - inputEnc: The form: `json` or `protobuf`; nil for the daemon's default, `json`.
  ///   - dataFieldEnc: How `Data` is written: `text` or `base64`; nil for the daemon's default, `text`.
  ///   - pin: Whether it is pinned.
  public func put(
    _ file: Upload, inputEnc: String? = nil, dataFieldEnc: String? = nil, pin: Bool = false,
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Links {
    try await client.value(
      of: Command("object/put").option("inputenc", inputEnc).option("datafieldenc", dataFieldEnc)
        .option("pin", pin, default: false).sending(file: file),
      CallOptions(offline, opts, timeout))
  }

  /// Asks for a node's sizes. Removed from Kubo.
  public func stat(
    _ path: some ContentPath, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Stat {
    try await client.value(
      of: Command("object/stat", [path.contentPath], safe: true), CallOptions(offline, opts, timeout))
  }
}
