extension Client {
  /// The key pairs that the daemon signs names with: the commands `key/…`.
  public struct Key: Sendable {
    let client: Client
  }

  /// The key pairs that the daemon signs names with.
  public var key: Key { Key(client: self) }
}

extension Client.Key {
  /// A key pair.
  public struct Entry: Codable, Hashable, Sendable {
    /// Its name on the daemon; `self` for the daemon's own.
    public let name: String
    /// Its identifier, which is the name in IPNS.
    public let id: String

    private enum CodingKeys: String, CodingKey {
      case name = "Name"
      case id = "Id"
    }
  }

  /// What became of a key pair that was renamed.
  public struct Renaming: Codable, Hashable, Sendable {
    /// The name that it had.
    public let was: String
    /// The name that it has.
    public let now: String
    /// Its identifier.
    public let id: String
    /// Whether another one of that name was replaced.
    public let overwrite: Bool

    private enum CodingKeys: String, CodingKey {
      case was = "Was"
      case now = "Now"
      case id = "Id"
      case overwrite = "Overwrite"
    }
  }

  /// A signature.
  public struct Signature: Codable, Hashable, Sendable {
    /// The key pair that signed.
    public let key: Entry
    /// The signature in multibase.
    public let signature: String

    private enum CodingKeys: String, CodingKey {
      case key = "Key"
      case signature = "Signature"
    }
  }

  /// Whether a signature is right.
  public struct Verification: Codable, Hashable, Sendable {
    /// The key pair that it was compared with.
    public let key: Entry
    /// Whether it is right.
    public let isValid: Bool

    private enum CodingKeys: String, CodingKey {
      case key = "Key"
      case isValid = "SignatureValid"
    }
  }

  /// Key pairs.
  private struct Keys: Decodable {
    let entries: [Entry]?

    enum CodingKeys: String, CodingKey {
      case entries = "Keys"
    }
  }

  /// Gives a private key as bytes. Kubo has this on its command line alone: over the RPC the reason is `unknownCommand`.
  ///
  /// - Parameters:
  ///   - name: The key pair's name.
  ///   - format: `libp2p-protobuf-cleartext` or `pem-pkcs8-cleartext`; nil for the daemon's default, the first.
  public func export(
    _ name: String, format: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(
      Command("key/export", [name], safe: true).option("format", format), CallOptions(offline, opts, timeout))
  }

  /// Makes a key pair.
  ///
  /// - Parameters:
  ///   - name: A name for it.
  ///   - type: `rsa` or `ed25519`; nil for the daemon's default, `ed25519`.
  ///   - size: Bits of an RSA key; nil for the daemon's default, 2048.
  ///   - ipnsBase: How its identifier is written: `b58mh` or a multibase; nil for `base36`.
  public func gen(
    _ name: String, type: String? = nil, size: Int? = nil, ipnsBase: String? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Entry {
    try await client.value(
      of: Command("key/gen", [name]).option("type", type).option("size", size).option("ipns-base", ipnsBase),
      CallOptions(offline, opts, timeout))
  }

  /// Stores a key pair.
  ///
  /// - Parameters:
  ///   - name: A name for it.
  ///   - key: The private key.
  ///   - format: `libp2p-protobuf-cleartext` or `pem-pkcs8-cleartext`; nil for the daemon's default, the first.
  ///   - allowAnyKeyType: Whether it may be of a type that `gen` does not make.
  ///   - ipnsBase: How its identifier is written: `b58mh` or a multibase; nil for `base36`.
  public func `import`(
    _ name: String, _ key: Upload, format: String? = nil, allowAnyKeyType: Bool = false, ipnsBase: String? = nil,
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Entry {
    try await client.value(
      of: Command("key/import", [name]).option("format", format)
        .option("allow-any-key-type", allowAnyKeyType, default: false).option("ipns-base", ipnsBase)
        .sending(file: key), CallOptions(offline, opts, timeout))
  }

  /// Lists the key pairs.
  ///
  /// - Parameters:
  ///   - long: The option `l`, which changes only what Kubo's command line shows.
  ///   - ipnsBase: How identifiers are written: `b58mh` or a multibase; nil for `base36`.
  public func list(
    long: Bool = false, ipnsBase: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [Entry] {
    try await client.value(
      Keys.self,
      of: Command("key/list", safe: true).option("l", long, default: false).option("ipns-base", ipnsBase),
      CallOptions(offline, opts, timeout)
    ).entries ?? []
  }

  /// Gives a key pair another name.
  ///
  /// - Parameters:
  ///   - name: The name that it has.
  ///   - newName: The name that it gets.
  ///   - force: Whether another one of that name is replaced.
  ///   - ipnsBase: How its identifier is written: `b58mh` or a multibase; nil for `base36`.
  @discardableResult
  public func rename(
    _ name: String, to newName: String, force: Bool = false, ipnsBase: String? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Renaming {
    try await client.value(
      of: Command("key/rename", [name, newName]).option("force", force, default: false)
        .option("ipns-base", ipnsBase), CallOptions(offline, opts, timeout))
  }

  /// Removes key pairs.
  ///
  /// - Parameters:
  ///   - names: Their names.
  ///   - long: The option `l`, which changes only what Kubo's command line shows.
  ///   - ipnsBase: How identifiers are written: `b58mh` or a multibase; nil for `base36`.
  /// - Returns: What was removed.
  @discardableResult
  public func rm(
    _ names: String..., long: Bool = false, ipnsBase: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [Entry] {
    try await rm(names, long: long, ipnsBase: ipnsBase, offline: offline, opts: opts, timeout: timeout)
  }

  /// Removes the keys of a list. The parameters are those of the other `rm`.
  @discardableResult
  public func rm(
    _ names: [String], long: Bool = false, ipnsBase: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [Entry] {
    try await client.value(
      Keys.self, of: Command("key/rm", names).option("l", long, default: false).option("ipns-base", ipnsBase),
      CallOptions(offline, opts, timeout)
    ).entries ?? []
  }

  /// Signs bytes. What is signed begins with `libp2p-key signed message:`, so that the signature fits nothing else.
  ///
  /// - Parameters:
  ///   - data: The bytes.
  ///   - key: The key pair's name; nil for the daemon's own.
  ///   - ipnsBase: How its identifier is written: `b58mh` or a multibase; nil for `base36`.
  public func sign(
    _ data: Upload, key: String? = nil, ipnsBase: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Signature {
    try await client.value(
      of: Command("key/sign").option("key", key).option("ipns-base", ipnsBase).sending(file: data),
      CallOptions(offline, opts, timeout))
  }

  /// Compares bytes with a signature that `sign` made.
  ///
  /// - Parameters:
  ///   - data: The bytes.
  ///   - signature: The signature in multibase.
  ///   - key: The key pair's name, or the identifier of any; nil for the daemon's own.
  ///   - ipnsBase: How its identifier is written: `b58mh` or a multibase; nil for `base36`.
  public func verify(
    _ data: Upload, signature: String, key: String? = nil, ipnsBase: String? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Verification {
    try await client.value(
      of: Command("key/verify", safe: true).option("key", key).option("signature", signature)
        .option("ipns-base", ipnsBase).sending(file: data), CallOptions(offline, opts, timeout))
  }
}
