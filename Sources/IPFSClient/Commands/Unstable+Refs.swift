public import Multiformats

extension Client.Unstable {
  /// Links between blocks: the commands `refs` and `refs/local`.
  ///
  /// It is called like a method: `client.unstable.refs("/ipfs/…")`, and has the method `local()`.
  public struct Refs: Sendable {
    let client: Client
  }

  /// Links between blocks.
  public var refs: Refs { Refs(client: client) }
}

extension Client.Unstable.Refs {
  /// A link, or what stood against finding some.
  public struct Ref: Codable, Hashable, Sendable {
    /// The link as a text of the format that was asked for; empty for an error.
    public let ref: String
    private let errorText: String

    /// What went wrong; nil for a link. The other links still come.
    public var error: String? { errorText.isEmpty ? nil : errorText }
    /// What the link points to; nil for an error and for texts of other formats.
    public var cid: CID? { try? CID(ref) }

    private enum CodingKeys: String, CodingKey {
      case ref = "Ref"
      case errorText = "Err"
    }
  }

  /// Lists links of content.
  ///
  /// - Parameters:
  ///   - paths: The content.
  ///   - format: How links are given: a text with `<src>`, `<dst>` and `<linkname>`; nil for `<dst>`, the CID alone.
  ///   - edges: Whether they are given as `<src> -> <dst>`. Not together with `format`.
  ///   - unique: Whether each CID is given once only.
  ///   - recursive: Whether links of what is below are given, too.
  ///   - maxDepth: Down to which depth; nil for any.
  public func callAsFunction(
    _ paths: any ContentPath..., format: String? = nil, edges: Bool = false, unique: Bool = false,
    recursive: Bool = false, maxDepth: Int? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<Ref> {
    self(
      paths, format: format, edges: edges, unique: unique, recursive: recursive, maxDepth: maxDepth, offline: offline,
      opts: opts, timeout: timeout)
  }

  /// Lists the links of a list of paths. The parameters are those of the other method of this name.
  public func callAsFunction(
    _ paths: [any ContentPath], format: String? = nil, edges: Bool = false, unique: Bool = false,
    recursive: Bool = false, maxDepth: Int? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<Ref> {
    client.objects(
      of: Command("refs", paths.map(\.contentPath), safe: true).option("format", format)
        .option("edges", edges, default: false).option("unique", unique, default: false)
        .option("recursive", recursive, default: false).option("max-depth", maxDepth),
      CallOptions(offline, opts, timeout))
  }

  /// Lists all blocks of the daemon. It keeps no codecs: each is given as one of the codec `raw`.
  public func local(
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Ref> {
    client.objects(of: Command("refs/local", safe: true), CallOptions(offline, opts, timeout))
  }
}
