internal import Crypto

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
    /// SHA-2 with 256 bits.
    public static let sha2_256 = Code(rawValue: 0x12)
  }

  /// The hash function.
  public let code: Code
  /// What it gave.
  public let digest: [UInt8]

  /// Names a digest.
  ///
  /// - Throws: `invalidDigest` if the function is known and gives digests of another length.
  public init(code: Code, digest: [UInt8]) throws(MultiformatsError) {
    try Self.checkLength(digest.count, of: code)
    self.code = code
    self.digest = digest
  }

  /// Hashes `data`.
  ///
  /// - Throws: `unknownHashFunction` if the function is not in the table.
  public init(hashing data: UnsafeRawBufferPointer, with code: Code) throws(MultiformatsError) {
    guard let function = HashFunction.table[code] else {
      throw MultiformatsError(.unknownHashFunction, "hash function 0x\(String(code.rawValue, radix: 16)) is not known")
    }
    self.code = code
    self.digest = function.digest(data)
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
  static func checkLength(_ length: Int, of code: Code) throws(MultiformatsError) {
    guard let expected = HashFunction.table[code]?.digestLength, expected != length else { return }
    throw MultiformatsError(.invalidDigest, "digest of \(length) bytes, its hash function gives \(expected)")
  }
}

/// A hash function of the table.
struct HashFunction: Sendable {
  /// Bytes of its digests, nil where they vary.
  let digestLength: Int?
  /// Hashes data.
  let digest: @Sendable (UnsafeRawBufferPointer) -> [UInt8]

  /// The functions that can be computed. One is added by an entry here.
  static let table: [Multihash.Code: HashFunction] = [
    .identity: HashFunction(digestLength: nil) { Array($0) },
    .sha2_256: HashFunction(digestLength: SHA256.byteCount) { data in
      sha256(data) { Array($0) }
    },
  ]

  /// Hands SHA-256 of `data` to `body` without an allocation.
  static func sha256<Result>(_ data: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    var function = SHA256()
    function.update(bufferPointer: data)
    return function.finalize().withUnsafeBytes(body)
  }
}
