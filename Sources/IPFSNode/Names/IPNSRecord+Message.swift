internal import IPLD

extension IPNSRecord {
  /// The protobuf of a record. What is absent and what is empty are the same, but for numbers.
  package struct Message: Hashable, Sendable {
    /// The path.
    package var value: [UInt8] = []
    /// Signs value, validity and the kind of that.
    package var signatureV1: [UInt8] = []
    /// What `validity` is.
    package var validityType: UInt64?
    /// Until when the record is valid, as text.
    package var validity: [UInt8] = []
    /// The number.
    package var sequence: UInt64?
    /// How long others need not ask again, in nanoseconds.
    package var ttl: UInt64?
    /// libp2p's protobuf of the public key.
    package var publicKey: [UInt8] = []
    /// Signs the data.
    package var signatureV2: [UInt8] = []
    /// All of it again, as DAG-CBOR.
    package var data: [UInt8] = []

    private enum Field {
      static let value: UInt8 = 1
      static let signatureV1: UInt8 = 2
      static let validityType: UInt8 = 3
      static let validity: UInt8 = 4
      static let sequence: UInt8 = 5
      static let ttl: UInt8 = 6
      static let publicKey: UInt8 = 7
      static let signatureV2: UInt8 = 8
      static let data: UInt8 = 9
    }

    init() {}

    /// Reads a message. Of a field that is there twice, the last counts; unknown ones are passed over.
    init(_ bytes: [UInt8]) throws(IPLDError) {
      var reader = ProtobufReader(bytes)
      while let field = try reader.nextField() {
        switch UInt8(clamping: field.number) {
        case Field.value: value = Array(bytes[try reader.range(of: field)])
        case Field.signatureV1: signatureV1 = Array(bytes[try reader.range(of: field)])
        case Field.validityType: validityType = try reader.number(of: field)
        case Field.validity: validity = Array(bytes[try reader.range(of: field)])
        case Field.sequence: sequence = try reader.number(of: field)
        case Field.ttl: ttl = try reader.number(of: field)
        case Field.publicKey: publicKey = Array(bytes[try reader.range(of: field)])
        case Field.signatureV2: signatureV2 = Array(bytes[try reader.range(of: field)])
        case Field.data: data = Array(bytes[try reader.range(of: field)])
        default: try reader.skip(field)
        }
      }
    }

    /// The message's bytes, fields in order.
    package var encoded: [UInt8] {
      var writer = ProtobufWriter(capacity: data.count * 2 + 512)
      func append(_ number: UInt8, _ bytes: [UInt8]) {
        if !bytes.isEmpty { writer.append(number, bytes: bytes) }
      }
      append(Field.value, value)
      append(Field.signatureV1, signatureV1)
      if let validityType { writer.append(Field.validityType, number: validityType) }
      append(Field.validity, validity)
      if let sequence { writer.append(Field.sequence, number: sequence) }
      if let ttl { writer.append(Field.ttl, number: ttl) }
      append(Field.publicKey, publicKey)
      append(Field.signatureV2, signatureV2)
      append(Field.data, data)
      return writer.bytes
    }

    /// What the signature of version 1 signs.
    package var signedDataV1: [UInt8] { value + validity + Array("EOL".utf8) }

    /// What the signature of version 2 signs.
    package var signedDataV2: [UInt8] { Array("ipns-signature:".utf8) + data }
  }
}
