/// Why bytes are not an encoded node.
public struct IPLDError: Error, Sendable, CustomStringConvertible {
  /// The kind of defect.
  public enum Code: Hashable, Sendable {
    /// The input ends within a field, or a length reaches beyond its message.
    case truncated
    /// A number is not in its shortest form, or too large.
    case invalidNumber
    /// A field has another wire type than its number demands.
    case wrongWireType
    /// A field that the message does not have.
    case unknownField
    /// A field is there twice, or out of order.
    case misplacedField
    /// A field that must be there is not.
    case missingField
    /// A link whose bytes are no CID.
    case invalidLink
    /// Bytes or characters that the format does not have.
    case invalidSyntax
    /// A text that is not UTF-8.
    case invalidText
    /// A value that is not in its one encoding.
    case notCanonical
    /// A map with a name twice.
    case duplicateKey
    /// A map of one of the forms that DAG-JSON keeps for links and bytes.
    case reservedForm
    /// Lists and maps that stand too deep in each other.
    case tooDeep
    /// Bytes follow the value.
    case trailingBytes
    /// A codec that is not known here, or that does not have such values.
    case unsupportedCodec
    /// A part of an archive that is larger than allowed.
    case tooLarge
    /// An archive that does not begin as one.
    case invalidHeader
  }

  /// The kind of defect.
  public let code: Code
  /// What was found, for people.
  public let message: String
  /// The error of the layer below.
  public let cause: (any Error)?

  /// Makes an error.
  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The message.
  public var description: String { message }
}
