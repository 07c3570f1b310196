/// A content identifier: the name of a block, made from its bytes.
///
/// ```
///   v0   12 20 │ digest, 32 bytes                                dag-pb and sha2-256 alone
///   v1   01 │ codec │ hash function │ length │ digest            numbers are varints
/// ```
///
/// Held as its binary form: one array, compared and hashed as such. See <https://github.com/multiformats/cid>.
public struct CID: Hashable, Sendable {
  /// The form of an identifier.
  public enum Version: UInt8, Hashable, Sendable {
    /// A bare sha2-256 multihash of a dag-pb block.
    case v0 = 0
    /// With version and codec.
    case v1 = 1
  }

  /// The binary form.
  public let bytes: [UInt8]

  /// Trusts that `bytes` were taken from a CID, or checked as one.
  package init(checked bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Names a block of its parts.
  ///
  /// - Throws: `invalidVersion0` for a version 0 that is not dag-pb with sha2-256.
  public init(version: Version, codec: Multicodec, multihash: Multihash) throws(MultiformatsError) {
    switch version {
    case .v0:
      guard codec == .dagPB, multihash.code == .sha2_256, multihash.digest.count == 32 else {
        throw MultiformatsError(.invalidVersion0, "a CIDv0 is always dag-pb with sha2-256")
      }
      bytes = multihash.bytes
    case .v1:
      // Only numbers of nine bytes can be read back.
      guard codec.rawValue >> 63 == 0, multihash.code.rawValue >> 63 == 0 else {
        throw MultiformatsError(.invalidVarint, "codec or hash function is not below 2^63")
      }
      var bytes: [UInt8] = [Version.v1.rawValue]
      Varint.append(codec.rawValue, to: &bytes)
      bytes.append(contentsOf: multihash.bytes)
      self.bytes = bytes
    }
  }

  /// Reads a binary form that fills `bytes` exactly.
  ///
  /// - Throws: An error for what is truncated, has trailing bytes, a varint not in its shortest form, another version.
  public init(bytes: some Collection<UInt8>) throws(MultiformatsError) {
    let bytes = Array(bytes)
    var position = 0
    self = try Self.decode(bytes, at: &position)
    guard position == bytes.count else {
      throw MultiformatsError(.trailingBytes, "CID with \(bytes.count - position) bytes behind it")
    }
  }

  /// Reads the binary form that begins at `position` and moves `position` behind it.
  ///
  /// - Parameters:
  ///   - bytes: Where the CID is.
  ///   - position: The index of its first byte; undefined when an error is thrown.
  ///   - end: The index behind the last byte that may be read; all of `bytes` when nil.
  /// - Throws: An error for what is truncated, has a varint not in its shortest form, another version.
  public static func decode(
    _ bytes: [UInt8], at position: inout Int, end: Int? = nil
  ) throws(MultiformatsError) -> CID {
    let start = position
    let end = end ?? bytes.count
    if hasVersion0Prefix(bytes[start..<end]) {
      guard end - start >= version0Length else {
        throw MultiformatsError(.truncated, "CIDv0 of \(end - start) bytes")
      }
      position += version0Length
    } else {
      let version = try Varint.decode(bytes, at: &position, end: end)
      guard version == UInt64(Version.v1.rawValue) else {
        throw MultiformatsError(.unknownVersion, "CID of version \(version)")
      }
      _ = try Varint.decode(bytes, at: &position, end: end)
      try Multihash.skip(bytes, at: &position, end: end)
    }
    return CID(checked: start == 0 && position == bytes.count ? bytes : Array(bytes[start..<position]))
  }

  private static let version0Length = 34

  private static func hasVersion0Prefix(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.count >= 2 && bytes[bytes.startIndex] == 0x12 && bytes[bytes.startIndex + 1] == 0x20
  }

  /// The form of the identifier.
  public var version: Version { Self.hasVersion0Prefix(bytes[...]) ? .v0 : .v1 }

  /// How the block's bytes are to be read.
  public var codec: Multicodec {
    if version == .v0 { return .dagPB }
    var position = 1
    return Multicodec(rawValue: checkedNumber(at: &position))
  }

  /// The block's hash.
  public var multihash: Multihash {
    let (code, start) = hashPosition
    do {
      return try Multihash(code: code, digest: Array(bytes[start...]))
    } catch {
      preconditionFailure("a CID's digest was checked when it was made: \(error)")
    }
  }

  /// The function that made the block's hash.
  public var hashFunction: Multihash.Code { hashPosition.code }

  /// The hash function, and where in `bytes` the digest begins.
  private var hashPosition: (code: Multihash.Code, start: Int) {
    if version == .v0 { return (.sha2_256, 2) }
    var position = 1
    _ = checkedNumber(at: &position)
    let code = Multihash.Code(rawValue: checkedNumber(at: &position))
    _ = checkedNumber(at: &position)
    return (code, position)
  }

  /// A varint of `bytes`, which were checked when the CID was made.
  private func checkedNumber(at position: inout Int) -> UInt64 {
    if bytes[position] < 0x80 {
      position += 1
      return UInt64(bytes[position - 1])
    }
    do {
      return try Varint.decode(bytes, at: &position)
    } catch {
      preconditionFailure("a CID's bytes were checked when it was made: \(error)")
    }
  }

  /// Hashes the binary form at once, which is faster than byte by byte.
  public func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}

extension CID {
  /// The identifier of `data` by SHA-256, read in place.
  ///
  /// - Precondition: A CID of version 0 is dag-pb.
  public static func sha256(
    of data: UnsafeRawBufferPointer, codec: Multicodec, version: Version = .v1
  ) -> CID {
    precondition(version == .v1 || codec == .dagPB, "a CIDv0 is always dag-pb")
    return HashFunction.sha256(data) { digest in
      var bytes: [UInt8] = []
      bytes.reserveCapacity(digest.count + 4)
      if version == .v1 {
        bytes.append(Version.v1.rawValue)
        Varint.append(codec.rawValue, to: &bytes)
      }
      Varint.append(Multihash.Code.sha2_256.rawValue, to: &bytes)
      bytes.append(UInt8(digest.count))
      bytes.append(contentsOf: digest)
      return CID(checked: bytes)
    }
  }

  /// The identifier of `data`, read in place, by a hash function.
  ///
  /// - Throws: `unknownHashFunction` if the function cannot be computed, `invalidVersion0` for a version 0 that is not
  ///   dag-pb with sha2-256, `invalidDigest` for more than 128 bytes with `identity`.
  public init(
    hashing data: UnsafeRawBufferPointer, codec: Multicodec, version: Version = .v1,
    function: Multihash.Code = .sha2_256
  ) throws(MultiformatsError) {
    // The usual one without the allocations of the others.
    if function == .sha2_256, version == .v1 || codec == .dagPB, codec.rawValue >> 63 == 0 {
      self = .sha256(of: data, codec: codec, version: version)
    } else {
      try self.init(version: version, codec: codec, multihash: Multihash(hashing: data, with: function))
    }
  }

  /// Whether `data` is the block of this name.
  ///
  /// - Throws: `unknownHashFunction` if that cannot be known, `invalidDigest` for more than 128 bytes with `identity`.
  public func verifies(_ data: UnsafeRawBufferPointer) throws(MultiformatsError) -> Bool {
    let (code, start) = hashPosition
    if code == .sha2_256 {
      // The digest may be cut.
      return HashFunction.sha256(data) { $0.prefix(bytes.count - start).elementsEqual(bytes[start...]) }
    }
    let function = try HashFunction.of(code)
    try function.checkInput(data)
    return function.hash(data, bytes.count - start).elementsEqual(bytes[start...])
  }
}

extension CID: Comparable {
  /// Orders by the binary form.
  public static func < (left: CID, right: CID) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}
