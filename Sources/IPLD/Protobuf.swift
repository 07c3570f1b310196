internal import Multiformats

/// Reads a protobuf message field by field, without trusting any length in it.
///
/// Numbers must be in their shortest form: dag-pb and UnixFS are hashed, so a value has one encoding.
/// See <https://protobuf.dev/programming-guides/encoding/>.
package struct ProtobufReader {
  /// How a field's value is encoded.
  package enum WireType: UInt8 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
  }

  /// A field's number and how its value is encoded.
  package struct Field {
    package let number: UInt64
    package let type: WireType
  }

  private let bytes: [UInt8]
  private var position: Int
  private let end: Int

  /// Reads the message that lies in `range` of `bytes`.
  package init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
    let range = range ?? bytes.indices
    self.bytes = bytes
    position = range.lowerBound
    end = range.upperBound
  }

  /// Whether the message has been read to its end.
  package var isAtEnd: Bool { position >= end }

  /// The next field's key, nil at the end. Its value must be read next.
  package mutating func nextField() throws(IPLDError) -> Field? {
    if isAtEnd { return nil }
    let key = try number()
    guard let type = WireType(rawValue: UInt8(key & 7)) else {
      throw IPLDError(.wrongWireType, "unknown wire type \(key & 7)")
    }
    guard 1..<1 << 29 ~= key >> 3 else {
      throw IPLDError(.unknownField, "field number \(key >> 3)")
    }
    return Field(number: key >> 3, type: type)
  }

  /// The value of a field of numbers.
  package mutating func number(of field: Field) throws(IPLDError) -> UInt64 {
    try expect(.varint, field)
    return try number()
  }

  /// Where in the bytes the value of a field of bytes lies.
  package mutating func range(of field: Field) throws(IPLDError) -> Range<Int> {
    try expect(.lengthDelimited, field)
    let length = try number()
    guard length <= UInt64(end - position) else {
      throw IPLDError(.truncated, "a field of \(length) bytes, \(end - position) are left")
    }
    let range = position..<position + Int(length)
    position = range.upperBound
    return range
  }

  /// The value of a field of four bytes, least significant first.
  package mutating func fixed32(of field: Field) throws(IPLDError) -> UInt32 {
    try expect(.fixed32, field)
    return bytes[try fixed(4)].reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Passes over the value of a field.
  package mutating func skip(_ field: Field) throws(IPLDError) {
    switch field.type {
    case .varint: _ = try number()
    case .fixed64: _ = try fixed(8)
    case .lengthDelimited: _ = try range(of: field)
    case .fixed32: _ = try fixed(4)
    }
  }

  /// A bare number: a key, a length, or one of packed numbers.
  package mutating func number() throws(IPLDError) -> UInt64 {
    do {
      return try Varint.decode(bytes, at: &position, end: end, maximumLength: 10)
    } catch {
      throw IPLDError(error.code == .truncated ? .truncated : .invalidNumber, error.message, cause: error)
    }
  }

  private mutating func fixed(_ length: Int) throws(IPLDError) -> Range<Int> {
    guard end - position >= length else { throw IPLDError(.truncated, "input ends within a number") }
    position += length
    return position - length..<position
  }

  private func expect(_ type: WireType, _ field: Field) throws(IPLDError) {
    guard field.type == type else {
      throw IPLDError(.wrongWireType, "field \(field.number) is of wire type \(field.type.rawValue)")
    }
  }
}

/// Writes a protobuf message into an array. Field numbers are below 16, so that keys take one byte.
package struct ProtobufWriter {
  /// The message so far.
  package private(set) var bytes: [UInt8] = []

  /// An empty message, with room for `capacity` bytes.
  package init(capacity: Int = 0) {
    bytes.reserveCapacity(capacity)
  }

  /// Appends a number.
  package mutating func append(_ number: UInt8, number value: UInt64) {
    bytes.append(number << 3)
    Varint.append(value, to: &bytes)
  }

  /// Appends bytes.
  package mutating func append(_ number: UInt8, bytes value: some Collection<UInt8>) {
    appendHeader(number, length: value.count)
    bytes.append(contentsOf: value)
  }

  /// Appends key and length of a message or of bytes that the caller appends next, field by field.
  package mutating func appendHeader(_ number: UInt8, length: Int) {
    bytes.append(number << 3 | ProtobufReader.WireType.lengthDelimited.rawValue)
    Varint.append(UInt64(length), to: &bytes)
  }

  /// Appends a number of four bytes, least significant first.
  package mutating func append(_ number: UInt8, fixed32 value: UInt32) {
    bytes.append(number << 3 | ProtobufReader.WireType.fixed32.rawValue)
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// Bytes that a field of numbers takes.
  package static func length(number value: UInt64) -> Int {
    1 + Varint.encodedLength(of: value)
  }

  /// Bytes that a field of `count` bytes takes.
  package static func length(byteCount count: Int) -> Int {
    1 + Varint.encodedLength(of: UInt64(count)) + count
  }
}
