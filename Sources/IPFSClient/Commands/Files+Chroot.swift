extension Client.Files {
  /// Makes other content the tree. Kubo refuses it while its daemon runs: for daemons that can do it.
  ///
  /// - Parameters:
  ///   - cid: The CID of a directory; nil for an empty one.
  ///   - confirm: Whether the tree as it was may be lost. Without that it is refused.
  /// - Throws: `status` with the reason `unknownCommand` if the daemon cannot do it.
  public func chroot(
    _ cid: (any ContentPath)? = nil, confirm: Bool = false, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws {
    try await client.run(
      Command("files/chroot", cid.map { [$0.contentPath] } ?? []).option("confirm", confirm, default: false),
      CallOptions(offline, opts, timeout))
  }
}
