internal import IPLD
internal import Multiformats
public import UnixFS

/// What a key pair's name points to, signed by it.
///
/// ```
///   1 value   2 signature V1   3 validity type   4 validity   5 sequence   6 TTL      of version 1, for old readers
///   7 public key, unless it is in the name   8 signature V2   9 data                 of version 2, which counts
///
///   data       DAG-CBOR {TTL, Value, Sequence, Validity, ValidityType}
///   V2 signs   "ipns-signature:" data            V1 signs   value validity "EOL"
/// ```
///
/// See <https://specs.ipfs.tech/ipns/ipns-record/>.
public struct IPNSRecord: Sendable {
  /// The most bytes of a record.
  public static let maximumSize = 10 << 10
  /// How long a record is valid where nothing else is said, in seconds.
  public static let defaultLifetime: Int64 = 48 * 3600
  /// How long others need not ask again where nothing else is said, in nanoseconds.
  public static let defaultTTL: Int64 = 3600 * 1_000_000_000

  /// What the bytes say. Apart from the value, which is handed around: see decision 33.
  private final class Content: Sendable {
    let message: Message
    let data: IPLDMap

    init(_ message: Message, _ data: IPLDMap) {
      self.message = message
      self.data = data
    }
  }

  /// The protobuf.
  public let bytes: [UInt8]
  private let content: Content

  /// Its fields.
  package var message: Message { content.message }
  private var data: IPLDMap { content.data }

  /// The names in `data`.
  enum Name {
    static let value = "Value"
    static let validity = "Validity"
    static let validityType = "ValidityType"
    static let sequence = "Sequence"
    static let ttl = "TTL"
  }

  /// Reads a record. That does not say that it is valid: ``validate(as:at:)``.
  ///
  /// - Throws: `invalidRecord` for what is too large, is no protobuf, or has no data.
  public init(bytes: [UInt8]) throws(NodeError) {
    guard bytes.count <= Self.maximumSize else { throw NodeError(.size) }
    do throws(IPLDError) {
      let message = try Message(bytes)
      guard !message.data.isEmpty else { throw IPLDError(.missingField, "record is missing the dag-cbor data field") }
      guard case .map(let map) = try DAGCBOR.decode(message.data) else {
        throw IPLDError(.invalidSyntax, "the data is no map")
      }
      content = Content(message, map)
    } catch {
      throw NodeError(.malformed, cause: error)
    }
    self.bytes = bytes
  }

  /// Signs a new record.
  ///
  /// - Parameters:
  ///   - value: The path that the name is to point to.
  ///   - key: The name's key pair.
  ///   - sequence: Its number: of two records, the one with the higher number holds.
  ///   - validity: Until when it is valid.
  ///   - ttl: How long others need not ask again, in nanoseconds; below 0 is 0.
  ///   - hasVersion1: Whether old readers can read it, too.
  /// - Throws: `invalidRecord` for one that is too large; `inputOutput` if the key cannot sign.
  public init(
    value: String, key: PrivateKey, sequence: UInt64, validity: Timestamp, ttl: Int64 = defaultTTL,
    hasVersion1: Bool = true
  ) throws(NodeError) {
    let ttl = max(0, ttl)
    let value = Array(value.utf8)
    let validityText = Array(RFC3339.text(validity).utf8)
    let map: IPLDMap = [
      Name.value: .bytes(value), Name.validity: .bytes(validityText), Name.validityType: .integer(0),
      // Kubo reads a signed number.
      Name.sequence: .integer(Int128(Int64(bitPattern: sequence))), Name.ttl: .integer(Int128(ttl)),
    ]
    var message = Message()
    do throws(IPLDError) {
      message.data = try DAGCBOR.encode(.map(map))
    } catch {
      preconditionFailure("bytes and numbers of 64 bits can be encoded: \(error)")
    }
    message.signatureV2 = try key.signature(of: message.signedDataV2)
    if hasVersion1 {
      message.value = value
      message.validity = validityText
      message.validityType = 0
      message.sequence = sequence
      message.ttl = UInt64(ttl)
      message.signatureV1 = try key.signature(of: message.signedDataV1)
    }
    if key.publicKey.kind != .ed25519 { message.publicKey = key.publicKey.serialized }
    try self.init(bytes: message.encoded)
  }

  // MARK: What it says

  /// The kind of validity that is known: a time of its end.
  public static let endOfLife: Int64 = 0

  private func number(_ name: String) -> Int64? {
    guard case .integer(let number)? = data[name] else { return nil }
    return Int64(exactly: number) ?? UInt64(exactly: number).map(Int64.init(bitPattern:))
  }

  private func bytes(_ name: String) -> [UInt8]? {
    guard case .bytes(let bytes)? = data[name] else { return nil }
    return bytes
  }

  /// What an empty value stands for: nothing, as an identity CID.
  private static let emptyValue = "/ipfs/bafkqaaa"

  /// The path that the name points to. A value that is the bytes of a CID is the path of that; an empty one is that of
  /// an empty block. Nil for anything else.
  public var value: String? {
    guard let value = bytes(Name.value) else { return nil }
    if value.isEmpty { return Self.emptyValue }
    if value.first == UInt8(ascii: "/") { return String(validating: value, as: UTF8.self) }
    return (try? CID(bytes: value)).map { "/ipfs/\($0)" }
  }

  /// What `validity` is: ``endOfLife``. Nil if the record does not say.
  public var validityType: Int64? { number(Name.validityType) }

  /// Until when the record is valid; nil if it does not say, or not in that way.
  public var validity: Timestamp? {
    guard validityType == Self.endOfLife, let text = bytes(Name.validity) else { return nil }
    return RFC3339.time(text)
  }

  /// Its number; nil if there is none.
  public var sequence: UInt64? { number(Name.sequence).map(UInt64.init(bitPattern:)) }

  /// How long others need not ask again, in nanoseconds; nil if it does not say.
  public var ttl: Int64? { number(Name.ttl) }

  /// Whether there is something of version 1 in it.
  public var hasVersion1: Bool { !message.signatureV1.isEmpty || !message.value.isEmpty }

  /// The public key that is in the record; nil for none.
  ///
  /// - Throws: `invalidRecord` for what is no key.
  func publicKey() throws(NodeError) -> PublicKey? {
    if message.publicKey.isEmpty { return nil }
    do {
      return try PublicKey(serialized: message.publicKey)
    } catch {
      throw NodeError(.publicKey, cause: error)
    }
  }

  /// The field of version 1 that does not say the same as the data; nil if all do.
  var version1Mismatch: String? {
    if bytes(Name.value) != message.value { return Name.value }
    if bytes(Name.validity) != message.validity { return Name.validity }
    if number(Name.validityType) != Int64(bitPattern: message.validityType ?? 0) { return Name.validityType }
    if sequence != message.sequence ?? 0 { return Name.sequence }
    if ttl != Int64(bitPattern: message.ttl ?? 0) { return Name.ttl }
    return nil
  }
}

extension IPNSRecord: Hashable {
  /// Whether both are the same bytes.
  public static func == (left: IPNSRecord, right: IPNSRecord) -> Bool { left.bytes == right.bytes }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}
