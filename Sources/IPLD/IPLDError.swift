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
