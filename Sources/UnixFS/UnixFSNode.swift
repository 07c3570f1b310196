internal import IPLD

/// The UnixFS message inside a dag-pb node: what the node is, and its metadata.
///
/// See <https://specs.ipfs.tech/unixfs/>.
public struct UnixFSNode: Hashable, Sendable {
  /// What a node is. The values are those of the format.
  public enum Kind: UInt64, Hashable, Sendable {
    /// A part of a file, as the trickle layout names its leaves.
    case raw = 0
    /// A directory whose links are its entries.
    case directory = 1
    /// A file or a part of one.
    case file = 2
    /// Metadata about another node; obsolete.
    case metadata = 3
    /// A symbolic link; ``UnixFSNode/data`` is its target.
    case symlink = 4
    /// A shard of a directory; ``UnixFSNode/data`` says which slots are taken.
    case hamtShard = 5
  }

  /// What the node is.
  public var kind: Kind
  /// The bytes in the node itself; nil where the field is not there.
  public var data: [UInt8]?
  /// A file's bytes, in the node and below.
  public var fileSize: UInt64?
  /// A file's bytes below each link.
  public var blockSizes: [UInt64]
  /// The hash function of a shard, by its multicodec number.
  public var hashType: UInt64?
  /// The slots of a shard.
  public var fanout: UInt64?
  /// Permission bits.
  public var mode: UInt32?
  /// When the content was modified.
  public var mtime: Timestamp?

  /// Makes a node of its parts.
  public init(
    kind: Kind, data: [UInt8]? = nil, fileSize: UInt64? = nil, blockSizes: [UInt64] = [], hashType: UInt64? = nil,
    fanout: UInt64? = nil, mode: UInt32? = nil, mtime: Timestamp? = nil
  ) {
    self.kind = kind
    self.data = data
    self.fileSize = fileSize
    self.blockSizes = blockSizes
    self.hashType = hashType
    self.fanout = fanout
    self.mode = mode
    self.mtime = mtime
  }

  /// A file's bytes, in the node and below: the sum of its parts.
  ///
  /// - Throws: `malformed` if the sum is no size that a file can have, 2^63 or more, or not the size that the node states.
  public func contentSize() throws(UnixFSError) -> UInt64 {
    var sum = UInt64(data?.count ?? 0)
    for size in blockSizes {
      let (result, overflow) = sum.addingReportingOverflow(size)
      guard !overflow, result <= UInt64(Int64.max) else {
        throw UnixFSError(.malformed, "block sizes sum up to 2^63 or more")
      }
      sum = result
    }
    if let fileSize, fileSize != sum {
      throw UnixFSError(.malformed, "a file size of \(fileSize) is stated, its parts have \(sum)")
    }
    return sum
  }
}

extension UnixFSNode {
  private enum FieldNumber {
    static let kind: UInt8 = 1
    static let data: UInt8 = 2
    static let fileSize: UInt8 = 3
    static let blockSizes: UInt8 = 4
    static let hashType: UInt8 = 5
    static let fanout: UInt8 = 6
    static let mode: UInt8 = 7
    static let mtime: UInt8 = 8
  }

  private enum TimeFieldNumber {
    static let seconds: UInt8 = 1
    static let nanoseconds: UInt8 = 2
  }

  /// The encoded message: fields in order of number, block sizes not packed, as Kubo writes it.
  public func encoded() -> [UInt8] {
    var writer = ProtobufWriter(capacity: (data?.count ?? 0) + blockSizes.count * 5 + 64)
    writer.append(FieldNumber.kind, number: kind.rawValue)
    if let data { writer.append(FieldNumber.data, bytes: data) }
    if let fileSize { writer.append(FieldNumber.fileSize, number: fileSize) }
    for size in blockSizes { writer.append(FieldNumber.blockSizes, number: size) }
    if let hashType { writer.append(FieldNumber.hashType, number: hashType) }
    if let fanout { writer.append(FieldNumber.fanout, number: fanout) }
    if let mode { writer.append(FieldNumber.mode, number: UInt64(mode)) }
    if let mtime {
      var time = ProtobufWriter()
      time.append(TimeFieldNumber.seconds, number: UInt64(bitPattern: mtime.seconds))
      if mtime.nanoseconds > 0 { time.append(TimeFieldNumber.nanoseconds, fixed32: mtime.nanoseconds) }
      writer.append(FieldNumber.mtime, bytes: time.bytes)
    }
    return writer.bytes
  }

  /// Decodes a message.
  ///
  /// Fields may come in any order and unknown ones are passed over, as protobuf wants it; a field that is there twice
  /// is refused.
  ///
  /// - Throws: `malformed`.
  public init(decoding bytes: [UInt8]) throws(UnixFSError) {
    do {
      try self.init(reading: bytes)
    } catch {
      throw UnixFSError(.malformed, "not a UnixFS node: \(error.message)", cause: error)
    }
  }

  private init(reading bytes: [UInt8]) throws(IPLDError) {
    var reader = ProtobufReader(bytes)
    var kind: Kind?
    self.init(kind: .raw)
    // A bit for each field that may be there once: what repeats, and what is not known, has none.
    var seen: UInt64 = 0
    while let field = try reader.nextField() {
      let isSingle = field.number <= UInt64(FieldNumber.mtime) && field.number != UInt64(FieldNumber.blockSizes)
      let bit: UInt64 = isSingle ? 1 << field.number : 0
      guard seen & bit == 0 else { throw IPLDError(.misplacedField, "field \(field.number) is there twice") }
      seen |= bit
      switch UInt8(clamping: field.number) {
      case FieldNumber.kind:
        let number = try reader.number(of: field)
        kind = Kind(rawValue: number)
        guard kind != nil else { throw IPLDError(.invalidNumber, "kind \(number)") }
      case FieldNumber.data: data = Array(bytes[try reader.range(of: field)])
      case FieldNumber.fileSize: fileSize = try reader.number(of: field)
      case FieldNumber.blockSizes: try readBlockSizes(field, from: &reader, of: bytes)
      case FieldNumber.hashType: hashType = try reader.number(of: field)
      case FieldNumber.fanout: fanout = try reader.number(of: field)
      // Protobuf cuts numbers of 32 bits.
      case FieldNumber.mode: mode = UInt32(truncatingIfNeeded: try reader.number(of: field))
      case FieldNumber.mtime: mtime = try Self.readTime(bytes, in: reader.range(of: field))
      default: try reader.skip(field)
      }
    }
    guard let kind else { throw IPLDError(.missingField, "no kind") }
    self.kind = kind
  }

  /// Block sizes come one by one, or packed by writers that others wrote.
  private mutating func readBlockSizes(
    _ field: ProtobufReader.Field, from reader: inout ProtobufReader, of bytes: [UInt8]
  ) throws(IPLDError) {
    guard field.type == .lengthDelimited else {
      blockSizes.append(try reader.number(of: field))
      return
    }
    var packed = ProtobufReader(bytes, in: try reader.range(of: field))
    while !packed.isAtEnd { blockSizes.append(try packed.number()) }
  }

  private static func readTime(_ bytes: [UInt8], in range: Range<Int>) throws(IPLDError) -> Timestamp {
    var reader = ProtobufReader(bytes, in: range)
    var seconds: Int64?
    var nanoseconds: UInt32 = 0
    while let field = try reader.nextField() {
      switch UInt8(clamping: field.number) {
      case TimeFieldNumber.seconds: seconds = Int64(bitPattern: try reader.number(of: field))
      case TimeFieldNumber.nanoseconds: nanoseconds = try reader.fixed32(of: field)
      default: try reader.skip(field)
      }
    }
    guard let seconds, nanoseconds < 1_000_000_000 else {
      throw IPLDError(.invalidNumber, "a time without seconds, or with \(nanoseconds) nanoseconds")
    }
    return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
  }
}
