/// A digest together with the hash function that made it.
///
/// See <https://multiformats.io/multihash/>.
public struct Multihash: Hashable, Sendable {
  /// A hash function, by its number in the multicodec table. Any number is accepted.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The number in the table.
    public let rawValue: UInt64

    /// Names a hash function by its number.
    public init(rawValue: UInt64) {
      self.rawValue = rawValue
    }

    /// No hash: the digest is the data itself.
    public static let identity = Code(rawValue: 0x00)
    /// SHA-1, which is broken: for content of others.
    public static let sha1 = Code(rawValue: 0x11)
    /// SHA-2 with 256 bits.
    public static let sha2_256 = Code(rawValue: 0x12)
    /// SHA-2 with 512 bits.
    public static let sha2_512 = Code(rawValue: 0x13)
    /// SHA-3 with 256 bits.
    public static let sha3_256 = Code(rawValue: 0x16)
    /// BLAKE3, of 256 bits where nothing else is said.
    public static let blake3 = Code(rawValue: 0x1E)
    /// BLAKE2b with 256 bits.
    public static let blake2b_256 = Code(rawValue: 0xB220)
  }

  /// The hash function.
  public let code: Code
  /// What it gave.
  public let digest: [UInt8]

  /// Names a digest, whole or cut.
  ///
  /// - Throws: `invalidDigest` if the function is known and the digest is longer than any of its, or has less than
  ///   20 bytes.
  public init(code: Code, digest: [UInt8]) throws(MultiformatsError) {
    try Self.checkLength(digest.count, of: code)
    self.code = code
    self.digest = digest
  }

  /// Hashes `data`.
  ///
  /// - Throws: `unknownHashFunction` if the function cannot be computed, `invalidDigest` for more than 128 bytes with
  ///   `identity`.
  public init(hashing data: UnsafeRawBufferPointer, with code: Code) throws(MultiformatsError) {
    let function = try HashFunction.of(code)
    try function.checkInput(data)
    self.code = code
    self.digest = function.hash(data, function.digestLength)
  }

  /// Reads a binary form that fills `bytes`.
  ///
  /// - Throws: An error for what is truncated, has trailing bytes, a varint not in its shortest form, or a digest of a
  ///   length that its function does not have.
  public init(bytes: [UInt8]) throws(MultiformatsError) {
    var position = 0
    let (code, start) = try Self.skip(bytes, at: &position, end: bytes.count)
    guard position == bytes.count else {
      throw MultiformatsError(.trailingBytes, "multihash with \(bytes.count - position) bytes behind it")
    }
    self.code = code
    digest = Array(bytes[start...])
  }

  /// Passes over the binary form that begins at `position`, and tells its function and where its digest begins.
  @discardableResult
  static func skip(
    _ bytes: [UInt8], at position: inout Int, end: Int
  ) throws(MultiformatsError) -> (code: Code, start: Int) {
    let code = Code(rawValue: try Varint.decode(bytes, at: &position, end: end))
    let length = try Varint.decode(bytes, at: &position, end: end)
    guard length <= UInt64(end - position) else {
      throw MultiformatsError(.truncated, "digest of \(length) bytes, \(end - position) are there")
    }
    try checkLength(Int(length), of: code)
    let start = position
    position += Int(length)
    return (code, start)
  }

  /// The binary form: code, length, digest.
  public var bytes: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(digest.count + 4)
    Varint.append(code.rawValue, to: &result)
    Varint.append(UInt64(digest.count), to: &result)
    result.append(contentsOf: digest)
    return result
  }

  /// Refuses a length that a known function's digests do not have.
  ///
  /// A digest may be cut, but not below 20 bytes: then others with the same digest could be found. The data in an
  /// `identity` may have any length here, so that one such link does not make its node unreadable; to hash or to verify
  /// more than 128 bytes is refused.
  static func checkLength(_ length: Int, of code: Code) throws(MultiformatsError) {
    guard code != .identity, let function = HashFunction.table[code],
      !(HashFunction.minimumLength...function.maximumLength ~= length)
    else { return }
    throw MultiformatsError(
      .invalidDigest,
      "digest of \(length) bytes, \(function.name) has \(HashFunction.minimumLength) to \(function.maximumLength)")
  }
}

extension Multihash.Code {
  /// The functions that can be computed, in the order of their numbers.
  public static let all: [Multihash.Code] = HashFunction.table.keys.sorted { $0.rawValue < $1.rawValue }

  private static let byName = Dictionary(
    HashFunction.table.map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })

  /// The function of a name in the multicodec table, such as `sha2-256`; nil if it cannot be computed.
  public init?(name: String) {
    guard let code = Self.byName[name] else { return nil }
    self = code
  }

  /// The name in the multicodec table; nil if the function cannot be computed.
  public var name: String? { HashFunction.table[self]?.name }
}
