extension Client {
  /// Reads a file or directory as an archive: tar, with all that is in the directory.
  ///
  /// To have it as files, use ``get(_:to:name:progress:offline:opts:timeout:)``.
  ///
  /// - Parameters:
  ///   - path: The file or directory.
  ///   - archive: Whether a file is an archive with `compress`, too; without it, compressed content comes.
  ///   - compress: Whether the archive, or the file, is compressed by gzip.
  ///   - compressionLevel: How well, from 1 to 9; nil for the daemon's default.
  ///   - output: The option `output`, which changes only what Kubo's command line does; so does `progress`.
  ///   - progress: The option `progress`.
  public func get(
    _ path: some ContentPath, archive: Bool = false, compress: Bool = false, compressionLevel: Int? = nil,
    output: String? = nil, progress: Bool? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ByteStream {
    byteStream(
      Command("get", [path.contentPath], safe: true).option("archive", archive, default: false)
        .option("compress", compress, default: false).option("compression-level", compressionLevel)
        .option("output", output).option("progress", progress),
      CallOptions(offline, opts, timeout))
  }

  /// Writes a file, or a directory with all that is in it, to a local directory.
  ///
  /// Modes, times and symbolic links are made as they are stored. Nothing is written outside of `directory`: names that
  /// lead out of it are refused, and symbolic links are not followed, whether they were there or come from the daemon. A
  /// directory that is there is filled, a file or symbolic link that is there is replaced when the new one is complete.
  /// After an error, or if the task is cancelled, the files that were complete stay.
  ///
  /// ```swift
  /// let path = try await client.get("/ipfs/\(cid)/photos", to: "/tmp")  // "/tmp/photos"
  /// ```
  ///
  /// - Parameters:
  ///   - path: The file or directory.
  ///   - directory: Where to put it; made if it is missing.
  ///   - name: What it is called there; nil for the last name in `path`.
  ///   - progress: Told how many bytes of content have been written, each time there are more.
  /// - Returns: The path of what was written.
  /// - Throws: `decoding` for an archive that is damaged or not safe, and for what cannot be written;
  ///   `partialErrorResponse` for one that ends too early.
  @discardableResult
  public func get(
    _ path: some ContentPath, to directory: String, name: String? = nil,
    progress: (@Sendable (_ bytes: Int64) -> Void)? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> String {
    let command = Command("get", [path.contentPath], safe: true)
    let name =
      name ?? path.contentPath.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? ""
    var reply = try await open(command, CallOptions(offline, opts, timeout))
    var count: Int64 = 0
    do {
      let extraction = try Extraction(into: directory, as: name)
      defer { extraction.abandon() }
      var parser = TarParser()
      while let chunk = try await reply.next() {
        parser.append(chunk)
        while let event = try parser.next() {
          try extraction.handle(event)
          guard case .bytes(let bytes) = event, let progress else { continue }
          count += Int64(bytes.count)
          progress(count)
        }
      }
      try parser.finish()
      try extraction.finish()
    } catch let error as ClientError {
      throw error.of(command.path)
    }
    return directory.utf8.last == UInt8(ascii: "/") ? directory + name : directory + "/" + name
  }
}
