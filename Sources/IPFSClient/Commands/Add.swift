public import Multiformats

extension Client {
  /// A file or directory that was added.
  public struct AddedEntry: Codable, Hashable, Sendable {
    /// Its path; empty for the directory of `wrapWithDirectory`, the CID for content without a name.
    public let name: String
    /// Its CID.
    public let cid: CID
    /// Bytes of all blocks below.
    public let size: UInt64
    /// The mode, if one is stored.
    public let mode: FileMode?
    /// The time of the last change in seconds since 1970, if one is stored.
    public let mtime: Int64?
    /// The nanoseconds of that time.
    public let mtimeNsecs: Int?

    private enum CodingKeys: String, CodingKey {
      case name = "Name"
      case cid = "Hash"
      case size = "Size"
      case mode = "Mode"
      case mtime = "Mtime"
      case mtimeNsecs = "MtimeNsecs"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      name = try container.decode(String.self, forKey: .name)
      cid = try container.decode(CID.self, forKey: .cid)
      size = try container.decodeNumberIfPresent(forKey: .size) ?? 0
      mode = try container.decodeIfPresent(FileMode.self, forKey: .mode)
      mtime = try container.decodeIfPresent(Int64.self, forKey: .mtime)
      mtimeNsecs = try container.decodeIfPresent(Int.self, forKey: .mtimeNsecs)
    }
  }

  /// What `add` tells while it works.
  public enum AddEvent: Hashable, Sendable, Decodable {
    /// So many bytes of a file have been read.
    case progress(name: String, bytes: UInt64)
    /// A file or directory is done.
    case added(AddedEntry)

    private enum CodingKeys: String, CodingKey {
      case name = "Name"
      case bytes = "Bytes"
      case cid = "Hash"
    }

    /// Reads the daemon's JSON.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      if container.contains(.cid) {
        self = .added(try AddedEntry(from: decoder))
      } else {
        self = .progress(
          name: try container.decodeIfPresent(String.self, forKey: .name) ?? "",
          bytes: try container.decodeIfPresent(UInt64.self, forKey: .bytes) ?? 0)
      }
    }
  }

  /// Adds files and directories, and gives each as it is done: entries before the directory that has them.
  ///
  /// ```swift
  /// for try await entry in client.add("photos", recursive: true, options: AddOptions(cidVersion: 1)) {
  ///   print(entry.cid, entry.name)
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - files: What to add. A string is a path of this system.
  ///   - recursive: Whether directories below the named ones are added with what is in them.
  ///   - pattern: Which files and directories below a named directory are added; nil for all, hidden ones too.
  ///   - periodSpecial: Whether a period at the start of a name is matched by a period alone, and not by a wildcard of
  ///     `pattern`.
  ///   - followSymlinks: Whether a symbolic link below a named directory stands for what it points to; otherwise it is
  ///     added as a link. One that leads back to a directory that it is in is an error.
  ///   - options: How content becomes a DAG, and what is done with it.
  /// - Throws: When iterated: `encoding` for what cannot be read, and for a pattern that can match nothing.
  public func add(
    _ files: Upload..., recursive: Bool = false, pattern: UploadPattern? = nil, periodSpecial: Bool = true,
    followSymlinks: Bool = false, options: AddOptions = AddOptions(), offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<AddedEntry> {
    add(
      files, recursive: recursive, pattern: pattern, periodSpecial: periodSpecial, followSymlinks: followSymlinks,
      options: options, offline: offline, opts: opts, timeout: timeout)
  }

  /// Adds the files and directories of a list. The parameters are those of the other `add`.
  public func add(
    _ files: [Upload], recursive: Bool = false, pattern: UploadPattern? = nil, periodSpecial: Bool = true,
    followSymlinks: Bool = false, options: AddOptions = AddOptions(), offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<AddedEntry> {
    let scan = UploadScan(
      recursive: recursive, pattern: pattern, periodSpecial: periodSpecial, followSymlinks: followSymlinks)
    return objects(
      of: Self.command(files, scan, options, progress: false), CallOptions(offline, opts, timeout)
    ) { (event: AddEvent) in
      guard case .added(let entry) = event else { return [] }
      return [entry]
    }
  }

  /// Adds files and directories, and tells how far it is. The parameters are those of `add`.
  public func addWithProgress(
    _ files: Upload..., recursive: Bool = false, pattern: UploadPattern? = nil, periodSpecial: Bool = true,
    followSymlinks: Bool = false, options: AddOptions = AddOptions(), offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<AddEvent> {
    addWithProgress(
      files, recursive: recursive, pattern: pattern, periodSpecial: periodSpecial, followSymlinks: followSymlinks,
      options: options, offline: offline, opts: opts, timeout: timeout)
  }

  /// Adds the files and directories of a list, and tells how far it is. The parameters are those of `add`.
  public func addWithProgress(
    _ files: [Upload], recursive: Bool = false, pattern: UploadPattern? = nil, periodSpecial: Bool = true,
    followSymlinks: Bool = false, options: AddOptions = AddOptions(), offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) -> ObjectStream<AddEvent> {
    let scan = UploadScan(
      recursive: recursive, pattern: pattern, periodSpecial: periodSpecial, followSymlinks: followSymlinks)
    return objects(of: Self.command(files, scan, options, progress: true), CallOptions(offline, opts, timeout))
  }

  /// Adds bytes.
  ///
  /// - Returns: Their CID.
  public func addBytes(
    _ bytes: some Sequence<UInt8>, options: AddOptions = AddOptions(), offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> CID {
    try await addOne(.bytes(bytes), options, offline, opts, timeout)
  }

  /// Adds bytes that come in chunks, as one file. The parameters are those of the other `addBytes`.
  public func addBytes<Chunks: AsyncSequence & Sendable>(
    _ chunks: Chunks, options: AddOptions = AddOptions(), offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> CID where Chunks.Element: Sequence<UInt8> {
    try await addOne(.stream(chunks), options, offline, opts, timeout)
  }

  private func addOne(
    _ file: Upload, _ options: AddOptions, _ offline: Bool?, _ opts: ExtraOptions, _ timeout: Timeouts?
  ) async throws -> CID {
    let entries = try await add(file, options: options, offline: offline, opts: opts, timeout: timeout).collect()
    // With a directory around it, that comes last.
    guard let last = entries.last else { throw ClientError(.decoding, "the daemon gave no CID", command: "add") }
    return last.cid
  }

  /// Adds a text in UTF-8.
  ///
  /// - Returns: Its CID.
  public func addString(
    _ text: String, options: AddOptions = AddOptions(), offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> CID {
    try await addOne(.text(text), options, offline, opts, timeout)
  }

  /// Adds a text that comes in pieces, as one file in UTF-8. The parameters are those of the other `addString`.
  public func addString<Texts: AsyncSequence & Sendable>(
    _ texts: Texts, options: AddOptions = AddOptions(), offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> CID where Texts.Element: StringProtocol & Sendable {
    try await addOne(.stream(texts.map { Array($0.utf8) }), options, offline, opts, timeout)
  }

  /// Adds a value as JSON with sorted keys and no spaces, so that equal values have equal CIDs.
  ///
  /// - Returns: Its CID.
  /// - Throws: `encoding` for what JSON has no form for.
  public func addJSON(
    _ value: some Encodable, options: AddOptions = AddOptions(), offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> CID {
    let bytes = try JSONValue.encode(value, command: "add")
    return try await addBytes(bytes, options: options, offline: offline, opts: opts, timeout: timeout)
  }

  private static func command(
    _ files: [Upload], _ scan: UploadScan, _ options: AddOptions, progress: Bool
  ) -> Command {
    var scan = scan
    scan.metadata = options.preserveMode || options.preserveMtime
    scan.absolutePaths = options.nocopy
    return options.command(progress: progress).sending(files: files, scan)
  }
}
