extension Names {
  /// How many names may point to names where nothing else is said.
  public static let maximumDepth = 32

  /// Finds what a path of a name points to.
  ///
  /// - Parameters:
  ///   - path: `/ipns/NAME` with or without more behind it, or the name alone. Any other path is its own answer.
  ///   - depth: How many names may be passed; with 1, the answer may be a path of another name.
  /// - Returns: The path that the name points to, with what stood behind the name behind it.
  /// - Throws: `notFound` for a name without a record that is valid now; `invalid` for a record whose value is no path,
  ///   or where more names than `depth` point to names; `inputOutput`, `corrupt`.
  public func resolve(_ path: String, depth: Int = maximumDepth) async throws(NodeError) -> String {
    var path = path.hasPrefix("/") ? path : "\(Self.namespace)\(path)"
    var passed = 0
    while path.hasPrefix(Self.namespace) {
      guard passed < depth else {
        if depth == 1 { return path }
        throw NodeError(.invalid, "could not resolve name (recursion limit exceeded)")
      }
      path = try await target(of: path)
      passed += 1
    }
    return path
  }

  static let namespace = "/ipns/"

  /// What one name points to, with what stands behind it.
  private func target(of path: String) async throws(NodeError) -> String {
    let parts = path.dropFirst(Self.namespace.count).split(
      separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    // Names of domains are looked up in a network, which this node has not.
    guard let text = parts.first, let name = try? PeerID(String(text)), let record = try await record(of: name) else {
      throw NodeError(.notFound, "could not resolve name")
    }
    guard let value = record.value, value.hasPrefix("/") else {
      throw NodeError(.invalid, "value is not a valid content path")
    }
    guard parts.count > 1, !parts[1].isEmpty else { return value }
    return value.hasSuffix("/") ? "\(value)\(parts[1])" : "\(value)/\(parts[1])"
  }
}
