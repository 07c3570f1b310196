public import Multiformats

extension Client.Object {
  /// Nodes that differ a little from others: the commands `object/patch/…`. Each gives the CID of the new node.
  public struct Patch: Sendable {
    let client: Client
  }

  /// Nodes that differ a little from others.
  public var patch: Patch { Patch(client: client) }
}

extension Client.Object.Patch {
  /// Makes a node with one more link. It must be a directory that is one block: others become invalid.
  ///
  /// - Parameters:
  ///   - root: The node.
  ///   - name: The link's name; with `create`, a path.
  ///   - ref: What it points to.
  ///   - create: Whether nodes that are missing on the path are made.
  ///   - allowNonUnixFS: Whether the node may be other than a directory.
  ///   - allowBigBlock: Whether the new block may be larger than other peers would take.
  public func addLink(
    _ root: some ContentPath, name: String, ref: some ContentPath, create: Bool = false, allowNonUnixFS: Bool = false,
    allowBigBlock: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> CID {
    try await run(
      Command("object/patch/add-link", [root.contentPath, name, ref.contentPath])
        .option("create", create, default: false).option("allow-non-unixfs", allowNonUnixFS, default: false)
        .option("allow-big-block", allowBigBlock, default: false), CallOptions(offline, opts, timeout))
  }

  /// Makes a node with more data. Removed from Kubo.
  ///
  /// - Parameters:
  ///   - root: The node.
  ///   - data: What comes behind its data.
  public func appendData(
    _ root: some ContentPath, _ data: Upload, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> CID {
    try await run(
      Command("object/patch/append-data", [root.contentPath]).sending(file: data), CallOptions(offline, opts, timeout))
  }

  /// Makes a node without a link. It must be a directory that is one block: others become invalid.
  ///
  /// - Parameters:
  ///   - root: The node.
  ///   - link: The link's name.
  ///   - allowNonUnixFS: Whether the node may be other than a directory.
  ///   - allowBigBlock: Whether the new block may be larger than other peers would take.
  public func rmLink(
    _ root: some ContentPath, link: String, allowNonUnixFS: Bool = false, allowBigBlock: Bool = false,
    offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> CID {
    try await run(
      Command("object/patch/rm-link", [root.contentPath, link])
        .option("allow-non-unixfs", allowNonUnixFS, default: false)
        .option("allow-big-block", allowBigBlock, default: false), CallOptions(offline, opts, timeout))
  }

  /// Makes a node with other data. Removed from Kubo.
  ///
  /// - Parameters:
  ///   - root: The node.
  ///   - data: Its data.
  public func setData(
    _ root: some ContentPath, _ data: Upload, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> CID {
    try await run(
      Command("object/patch/set-data", [root.contentPath]).sending(file: data), CallOptions(offline, opts, timeout))
  }

  private func run(_ command: Command, _ call: CallOptions) async throws -> CID {
    try await client.value(Client.Object.Links.self, of: command, call).cid
  }
}
