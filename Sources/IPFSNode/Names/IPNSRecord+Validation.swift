public import UnixFS

extension IPNSRecord {
  /// Why a record is not one of its name.
  public enum Defect: String, Hashable, Sendable {
    /// It has more than ``IPNSRecord/maximumSize`` bytes.
    case size = "record exceeds allowed size limit"
    /// It is no protobuf, or its data are not what a record has.
    case malformed = "record is malformed"
    /// It has no signature of version 2, or one of another key or of something else.
    case signature = "signature verification failed"
    /// The public key in it is none.
    case publicKey = "public key invalid"
    /// The public key in it is another name's.
    case otherKey = "record public key does not match the expected public key"
    /// The public key is neither in it nor in the name.
    case noKey = "public key not found"
    /// It does not say in a known way how long it is valid.
    case validityType = "record contains an unrecognized validity type"
    /// It does not say how long it is valid.
    case validity = "record contains an invalid validity"
    /// Its time is over.
    case expired = "record is expired"
  }

  /// Checks that the record is valid and one of a name.
  ///
  /// - Parameters:
  ///   - name: The name.
  ///   - time: When it is to be valid; nil to let a record pass whose time is over.
  /// - Throws: `invalidRecord`.
  public func validate(as name: PeerID, at time: Timestamp?) throws(NodeError) {
    let key = try key(of: name)
    guard !message.signatureV2.isEmpty, key.verifies(message.signatureV2, of: message.signedDataV2) else {
      throw NodeError(.signature)
    }
    if hasVersion1, let field = version1Mismatch {
      throw NodeError(.malformed, "field \"\(field)\" did not match between protobuf and CBOR")
    }
    guard let type = validityType, sequence != nil else { throw NodeError(.malformed) }
    guard type == Self.endOfLife else { throw NodeError(.validityType) }
    guard let validity else { throw NodeError(.validity) }
    if let ttl, ttl < 0 { throw NodeError(.malformed, "record is malformed: negative TTL") }
    if let time, time > validity { throw NodeError(.expired) }
  }

  /// The public key of the name: the one in the record if there is one, which must be the name's, else that in the name.
  private func key(of name: PeerID) throws(NodeError) -> PublicKey {
    if let key = try publicKey() {
      guard key.peerID == name else { throw NodeError(.otherKey) }
      return key
    }
    do {
      return try name.publicKey()
    } catch {
      throw NodeError(.noKey, cause: error)
    }
  }

  /// Whether this record takes the place of another one of the same name: by its number, then by how long it is valid,
  /// then by its bytes, so that all agree.
  public func isBetter(than other: IPNSRecord) -> Bool {
    let (own, others) = (sequence ?? 0, other.sequence ?? 0)
    if own != others { return own > others }
    let (end, otherEnd) = (validity ?? RFC3339.earliest, other.validity ?? RFC3339.earliest)
    if end != otherEnd { return end > otherEnd }
    return other.bytes.lexicographicallyPrecedes(bytes)
  }
}

extension NodeError {
  /// The error of a record.
  init(_ defect: IPNSRecord.Defect, _ message: String? = nil, cause: (any Error)? = nil) {
    self.init(.invalidRecord(defect), message ?? defect.rawValue, cause: cause)
  }
}
