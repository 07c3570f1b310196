extension Client {
  /// Bytes as texts in many bases: the commands `multibase/…`.
  public struct MultibaseTools: Sendable {
    let client: Client
  }

  /// Bytes as texts in many bases.
  public var multibase: MultibaseTools { MultibaseTools(client: self) }
}

extension Client.MultibaseTools {
  /// Reads a text of a base, with its prefix.
  ///
  /// - Parameter file: The text.
  public func decode(
    _ file: Upload, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(Command("multibase/decode").sending(file: file), CallOptions(offline, opts, timeout))
  }

  /// Writes bytes as a text of a base, with its prefix.
  ///
  /// - Parameters:
  ///   - file: The bytes.
  ///   - base: The base's name; nil for the daemon's default, `base64url`.
  public func encode(
    _ file: Upload, base: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(
      Command("multibase/encode").option("b", base).sending(file: file), CallOptions(offline, opts, timeout))
  }

  /// Lists the bases that the daemon knows.
  ///
  /// - Parameters:
  ///   - prefix: The option `prefix`, which changes only what Kubo's command line shows.
  ///   - numeric: The option `numeric`, which changes only what Kubo's command line shows.
  public func list(
    prefix: Bool = false, numeric: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [Client.NamedCode] {
    try await client.value(
      of: Command("multibase/list", safe: true).option("prefix", prefix, default: false)
        .option("numeric", numeric, default: false), CallOptions(offline, opts, timeout))
  }

  /// Writes a text of one base in another.
  ///
  /// - Parameters:
  ///   - file: The text, with its prefix.
  ///   - base: The other base's name; nil for the daemon's default, `base64url`.
  public func transcode(
    _ file: Upload, base: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    client.byteStream(
      Command("multibase/transcode").option("b", base).sending(file: file), CallOptions(offline, opts, timeout))
  }
}
