internal import CBlake2
internal import Crypto

/// A hash function that can be computed.
///
/// Limits are those that Kubo has for the names of blocks.
struct HashFunction: Sendable {
  /// The fewest bytes to which a digest may be cut.
  static let minimumLength = 20
  /// The most bytes that a function without an end of its own may give, or that `identity` may hold.
  static let lengthLimit = 128

  /// The name in the multicodec table.
  let name: String
  /// Bytes of its digests where nothing else is said.
  let digestLength: Int
  /// Bytes of its longest digest.
  let maximumLength: Int
  /// Hashes data to a number of bytes, which are fewer than it has for a cut digest.
  let hash: @Sendable (_ data: UnsafeRawBufferPointer, _ length: Int) -> [UInt8]

  private init(
    _ name: String, length: Int, maximumLength: Int? = nil,
    hash: @escaping @Sendable (UnsafeRawBufferPointer, Int) -> [UInt8]
  ) {
    self.name = name
    digestLength = length
    self.maximumLength = maximumLength ?? length
    self.hash = hash
  }

  /// A function of swift-crypto.
  private init<Function: Crypto.HashFunction>(_ name: String, _: Function.Type) {
    self.init(name, length: Function.Digest.byteCount) { data, length in
      var function = Function()
      function.update(bufferPointer: data)
      return Array(function.finalize().prefix(length))
    }
  }

  /// BLAKE2b of a number of bytes, which is part of what is hashed.
  private init(blake2b count: Int) {
    self.init("blake2b-\(count * 8)", length: count) { data, length in
      let digest = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        // It fails for lengths that are not possible here.
        precondition(blake2b(buffer.baseAddress, data.baseAddress, nil, count, data.count, 0) == 0)
        initialized = count
      }
      return Array(digest.prefix(length))
    }
  }

  /// The functions. One is added by an entry here.
  static let table: [Multihash.Code: HashFunction] = {
    var table: [Multihash.Code: HashFunction] = [
      .identity: HashFunction("identity", length: lengthLimit) { data, _ in Array(data) },
      .sha1: HashFunction("sha1", Insecure.SHA1.self),
      .sha2_256: HashFunction("sha2-256", SHA256.self),
      .sha2_512: HashFunction("sha2-512", SHA512.self),
      Multihash.Code(rawValue: 0x14): HashFunction("sha3-512", SHA3_512.self),
      Multihash.Code(rawValue: 0x15): HashFunction("sha3-384", SHA3_384.self),
      .sha3_256: HashFunction("sha3-256", SHA3_256.self),
      .blake3: HashFunction("blake3", length: BLAKE3.digestLength, maximumLength: lengthLimit) { data, length in
        BLAKE3.hash(data, length: length)
      },
      Multihash.Code(rawValue: 0x56): HashFunction("dbl-sha2-256", length: SHA256.byteCount) { data, length in
        sha256(data) { once in sha256(once) { Array($0.prefix(length)) } }
      },
    ]
    // Numbers follow from the length: 0xB201 for one byte to 0xB240 for 64.
    for count in minimumLength...64 {
      table[Multihash.Code(rawValue: 0xB200 + UInt64(count))] = HashFunction(blake2b: count)
    }
    return table
  }()

  /// The function of a number.
  ///
  /// - Throws: `unknownHashFunction` if it is not in the table.
  static func of(_ code: Multihash.Code) throws(MultiformatsError) -> HashFunction {
    guard let function = table[code] else {
      throw MultiformatsError(.unknownHashFunction, "hash function 0x\(String(code.rawValue, radix: 16)) is not known")
    }
    return function
  }

  /// Refuses data that are too long for what is no hash at all.
  func checkInput(_ data: UnsafeRawBufferPointer) throws(MultiformatsError) {
    guard name == "identity", data.count > Self.lengthLimit else { return }
    throw MultiformatsError(.invalidDigest, "\(data.count) bytes in a name, \(Self.lengthLimit) are allowed")
  }

  /// Hands SHA-256 of `data` to `body` without an allocation.
  static func sha256<Result>(_ data: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    var function = SHA256()
    function.update(bufferPointer: data)
    return function.finalize().withUnsafeBytes(body)
  }
}
