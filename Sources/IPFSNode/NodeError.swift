import Foundation
public import Multiformats

/// Why the node could not do what it was asked for.
public struct NodeError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Hashable, Sendable {
    /// No node of this number, or no entry of this name.
    case notFound
    /// There already is an entry of this name.
    case exists
    /// A directory was needed.
    case notDirectory
    /// Anything but a directory was needed.
    case isDirectory
    /// The directory still has entries.
    case notEmpty
    /// The call makes no sense: a directory into itself, a name with a slash, the root renamed.
    case invalid
    /// The name is longer than ``EntryName/maximumLength``.
    case nameTooLong
    /// The volume of the repo is full.
    case noSpace
    /// Stored bytes are not what was stored.
    case corrupt
    /// The storage failed.
    case inputOutput
    /// Another process, of this number, holds the repo; 0 if its number is not known.
    case locked(by: Int32)
    /// The repo was made by a newer version of the software.
    case newerRepo
    /// The repo's folder or its configuration cannot be used as it is.
    case unusableRepo
    /// A block that something is to be linked to is not here.
    case missingBlock(CID)
    /// The CID has no pin, and none leads to it.
    case notPinned
    /// The CID has a recursive pin, which is not what was asked for.
    case pinnedRecursively
    /// The CID has no pin of its own: the recursive one of this root leads to it.
    case pinnedIndirectly(through: CID)
    /// The IPNS record is not one of its name.
    case invalidRecord(IPNSRecord.Defect)
    /// The node was closed.
    case closed
  }

  /// The kind of failure.
  public let code: Code
  /// What happened, for people.
  public let message: String
  /// The error of the layer below, if that is where it failed.
  public let cause: (any Error)?

  /// Makes an error.
  public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// The message, followed by that of the cause.
  public var description: String {
    guard let cause else { return message }
    return "\(message): \(Self.reason(cause))"
  }

  /// What an error says to people: descriptions of Foundation's errors are for programmers.
  private static func reason(_ error: any Error) -> String {
    switch error {
    case let error as POSIXError: String(cString: strerror(error.code.rawValue))
    case let error as CocoaError: error.underlying.map(reason) ?? error.localizedDescription
    case DecodingError.dataCorrupted(let context), DecodingError.keyNotFound(_, let context),
      DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
      (context.codingPath.map(\.stringValue) + [context.debugDescription]).joined(separator: ": ")
    default: "\(error)"
    }
  }
}
