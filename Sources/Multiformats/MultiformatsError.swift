/// What is wrong with a value of the multiformats: a varint, a multibase text, a multihash, a CID.
public struct MultiformatsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The kind of defect.
  public enum Code: Hashable, Sendable {
    /// The input ends within a value.
    case truncated
    /// Bytes follow the value.
    case trailingBytes
    /// A varint is longer than it needs to be, or than nine bytes.
    case invalidVarint
    /// A text's multibase prefix is not in the table.
    case unknownBase
    /// A text has a character, a length or left-over bits that its base does not allow.
    case invalidText
    /// A CID of a version other than 0 and 1.
    case unknownVersion
    /// A CIDv0 that is not dag-pb with sha2-256, or that has a multibase prefix.
    case invalidVersion0
    /// A digest whose length is not that of its hash function.
    case invalidDigest
    /// A hash function that is not in the table.
    case unknownHashFunction
    /// An address with an unknown protocol, or a value that its protocol does not have.
    case invalidAddress
  }

  /// The kind of defect.
  public let code: Code
  /// What was found, for people.
  public let message: String

  /// Makes an error.
  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}
