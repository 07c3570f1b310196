extension Client {
  /// Reads a file's content.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - offset: The first byte to read; none are read behind the end.
  ///   - length: The most bytes to read; nil for all.
  public func cat(
    _ path: some ContentPath, offset: Int64 = 0, length: Int64? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    cat([path], offset: offset, length: length, offline: offline, opts: opts, timeout: timeout)
  }

  /// Reads the content of several files, one behind the other.
  ///
  /// - Parameters:
  ///   - paths: The files.
  ///   - offset: The first byte to read, counted through all of them.
  ///   - length: The most bytes to read; nil for all.
  public func cat(
    _ paths: [any ContentPath], offset: Int64 = 0, length: Int64? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) -> ByteStream {
    byteStream(
      Command("cat", paths.map(\.contentPath), safe: true).option("offset", offset, default: 0)
        .option("length", length), CallOptions(offline, opts, timeout), isSized: true)
  }

  /// Reads a file of JSON.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - type: The type of the value; ``JSON`` for any.
  /// - Throws: `decoding` if it does not hold such a value.
  public func getJSON<Value: Decodable>(
    _ path: some ContentPath, as type: Value.Type = Value.self, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> Value {
    let bytes = try await cat(path, offline: offline, opts: opts, timeout: timeout).collect()
    return try JSONValue.decode(type, bytes, command: "cat")
  }
}
