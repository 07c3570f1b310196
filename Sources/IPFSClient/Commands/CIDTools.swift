extension Client {
  /// Other forms of CIDs, and what they are made of: the commands `cid/…`.
  public struct CIDTools: Sendable {
    let client: Client
  }

  /// Other forms of CIDs, and what they are made of.
  public var cid: CIDTools { CIDTools(client: self) }

  /// A code of the multiformats and its name.
  public struct NamedCode: Codable, Hashable, Sendable {
    /// The code; of a base, its prefix.
    public let code: UInt64
    /// The name.
    public let name: String

    private enum CodingKeys: String, CodingKey {
      case code = "Code"
      case name = "Name"
    }
  }
}

extension Client.CIDTools {
  /// A CID in another form.
  public struct Formatted: Codable, Hashable, Sendable {
    /// The CID as it was given.
    public let cid: String
    /// The other form; empty if there is none.
    public let formatted: String
    private let errorText: String

    /// Why there is none; nil if there is.
    public var error: String? { errorText.isEmpty ? nil : errorText }

    private enum CodingKeys: String, CodingKey {
      case cid = "CidStr"
      case formatted = "Formatted"
      case errorText = "ErrorMsg"
    }
  }

  /// What a CID is made of.
  public struct Inspection: Codable, Hashable, Sendable {
    /// How the text is written.
    public struct Base: Codable, Hashable, Sendable {
      /// The base's prefix.
      public let prefix: String
      /// The base's name.
      public let name: String
    }

    /// How the block is to be read.
    public struct Codec: Codable, Hashable, Sendable {
      /// The codec's code.
      public let code: UInt64
      /// The codec's name.
      public let name: String
    }

    /// The hash of the block.
    public struct Hash: Codable, Hashable, Sendable {
      /// The hash function's code.
      public let code: UInt64
      /// The hash function's name.
      public let name: String
      /// How many bytes the digest has.
      public let length: Int
      /// The digest, in hexadecimal digits.
      public let digest: String
    }

    /// The CID as it was given.
    public let cid: String
    /// Its version.
    public let version: Int
    /// How the text is written.
    public let multibase: Base
    /// How the block is to be read.
    public let multicodec: Codec
    /// The hash of the block.
    public let multihash: Hash
    /// The same in version 0; nil if it has no such form.
    public let cidV0: String?
    /// The same in version 1; empty for what is no CID.
    public let cidV1: String
    /// Why it is no CID; nil if it is one.
    public let error: String?

    private enum CodingKeys: String, CodingKey {
      case cid, version, multibase, multicodec, multihash, cidV0, cidV1
      case error = "errorMsg"
    }
  }

  /// Writes CIDs in version 1 and base 32.
  public func base32(
    _ cids: any ContentPath..., offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Formatted> {
    base32(cids, offline: offline, opts: opts, timeout: timeout)
  }

  /// Writes the CIDs of a list in version 1 and base 32. The parameters are those of the other `base32`.
  public func base32(
    _ cids: [any ContentPath], offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Formatted> {
    client.objects(
      of: Command("cid/base32", cids.map(\.contentPath), safe: true), CallOptions(offline, opts, timeout))
  }

  /// Lists the bases that the daemon knows.
  ///
  /// - Parameters:
  ///   - prefix: The option `prefix`, which changes only what Kubo's command line shows.
  ///   - numeric: The option `numeric`, which changes only what Kubo's command line shows.
  public func bases(
    prefix: Bool = false, numeric: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [Client.NamedCode] {
    try await client.value(
      of: Command("cid/bases", safe: true).option("prefix", prefix, default: false)
        .option("numeric", numeric, default: false), CallOptions(offline, opts, timeout))
  }

  /// Lists the codecs that the daemon has names for.
  ///
  /// - Parameters:
  ///   - supported: Whether only those are wanted that it can read or write.
  ///   - numeric: The option `numeric`, which changes only what Kubo's command line shows.
  public func codecs(
    supported: Bool = false, numeric: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [Client.NamedCode] {
    try await client.value(
      of: Command("cid/codecs", safe: true).option("supported", supported, default: false)
        .option("numeric", numeric, default: false), CallOptions(offline, opts, timeout))
  }

  /// Writes CIDs in another form.
  ///
  /// - Parameters:
  ///   - cids: CIDs.
  ///   - format: The form, with `%s` for the CID (and other letters, as Kubo describes); nil for that alone.
  ///   - version: The version, `0` or `1`; nil for the CID's own, or 1 if there is a base.
  ///   - codec: How the block is to be read; nil for what the CID says.
  ///   - base: How the text is written; nil for the CID's own.
  public func format(
    _ cids: any ContentPath..., format: String? = nil, version: Int? = nil, codec: String? = nil, base: String? = nil,
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Formatted> {
    self.format(
      cids, format: format, version: version, codec: codec, base: base, offline: offline, opts: opts, timeout: timeout)
  }

  /// Writes the CIDs of a list in another way. The parameters are those of the other `format`.
  public func format(
    _ cids: [any ContentPath], format: String? = nil, version: Int? = nil, codec: String? = nil, base: String? = nil,
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ObjectStream<Formatted> {
    client.objects(
      of: Command("cid/format", cids.map(\.contentPath), safe: true).option("f", format).option("v", version)
        .option("mc", codec).option("b", base), CallOptions(offline, opts, timeout))
  }

  /// Lists the hash functions that the daemon accepts.
  ///
  /// - Parameters:
  ///   - supported: The option `supported`, which changes nothing here.
  ///   - numeric: The option `numeric`, which changes only what Kubo's command line shows.
  public func hashes(
    supported: Bool = false, numeric: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [Client.NamedCode] {
    try await client.value(
      of: Command("cid/hashes", safe: true).option("supported", supported, default: false)
        .option("numeric", numeric, default: false), CallOptions(offline, opts, timeout))
  }

  /// Takes a CID apart.
  public func inspect(
    _ cid: some ContentPath, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Inspection {
    try await client.value(
      of: Command("cid/inspect", [cid.contentPath], safe: true), CallOptions(offline, opts, timeout))
  }
}
