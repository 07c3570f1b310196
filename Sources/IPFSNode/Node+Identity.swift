internal import Synchronization

extension Node {
  /// The node's own key pair. A repo that has none gets one, of Ed25519, when this is first called.
  ///
  /// - Throws: `unusableRepo` for a configuration whose identity cannot be used; `noSpace`, `inputOutput`.
  public func identity() async throws(NodeError) -> Identity {
    try await offload { () throws(NodeError) in
      try self.knownIdentity.withLock { known throws(NodeError) in
        if let known { return known }
        let identity = try self.configuration.identity()
        known = identity
        return identity
      }
    }
  }

  /// A key pair: the node's own as `self`, another by its name in the keystore, any by the name that it makes.
  ///
  /// - Throws: `notFound`, and as ``identity()`` and ``Keystore/key(_:)``.
  public func key(_ name: String) async throws(NodeError) -> PrivateKey {
    if name == Keystore.ownName { return try await identity().privateKey }
    do {
      return try await keystore.key(name)
    } catch {
      guard [.notFound, .nameTooLong].contains(error.code) else { throw error }
    }
    guard let peer = try? PeerID(name) else { throw NodeError(.notFound, "no key by the given name was found") }
    let identity = try await identity()
    if identity.peerID == peer { return identity.privateKey }
    for other in try await keystore.names() {
      do throws(NodeError) {
        let key = try await keystore.key(other)
        if key.peerID == peer { return key }
      } catch {
        // One that was removed meanwhile is none that is looked for.
        guard error.code == .notFound else { throw error }
      }
    }
    throw NodeError(.notFound, "no key by the given name or PeerID was found")
  }

  /// Signs anew what would expire soon of the names whose key pairs are here.
  ///
  /// - Returns: How many names that were.
  /// - Throws: As ``Names/renew(_:lifetime:)``; a name whose key pair cannot be read is passed over.
  @discardableResult
  public func renewNames(
    lifetime: Int64 = IPNSRecord.defaultLifetime * 1_000_000_000
  ) async throws(NodeError) -> Int {
    // No identity is made for nothing.
    guard try await !names.isEmpty() else { return 0 }
    var keys = [try await identity().privateKey]
    for name in try await keystore.names() {
      if let key = try? await keystore.key(name) { keys.append(key) }
    }
    var count = 0
    for key in keys where try await names.renew(key, lifetime: lifetime) { count += 1 }
    return count
  }
}
