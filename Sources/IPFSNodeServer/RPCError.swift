import IPFSNode
import IPLD
import Multiformats
import UnixFS

/// An error as the RPC tells it.
package struct RPCError: Error, Sendable, CustomStringConvertible {
  /// What kind of error it is, by the status that stands for it.
  package enum Kind: Sendable {
    /// The command failed: 500 with JSON.
    case command
    /// The command was called wrongly: 400 with text.
    case usage
    /// Who asks may not: 403 with text.
    case forbidden
    /// There is no such command: 404 with text.
    case notFound
    /// Another method than POST: 405 with text.
    case methodNotAllowed
    /// Too much at a time: 503 with text.
    case busy
  }

  /// What kind of error it is.
  package let kind: Kind
  /// What Kubo's clients see: texts that they tell errors by.
  package let message: String

  /// Makes an error.
  package init(_ message: String, kind: Kind = .command) {
    self.kind = kind
    self.message = message
  }

  package var description: String { message }

  static let notFound = RPCError("404 page not found", kind: .notFound)
  static let forbidden = RPCError("403 - Forbidden", kind: .forbidden)
  static let methodNotAllowed = RPCError("405 - Method Not Allowed", kind: .methodNotAllowed)
  static let busy = RPCError("503 - Too Many Connections", kind: .busy)
  static let deadlineExceeded = RPCError("context deadline exceeded")

  /// The HTTP status.
  var status: Int {
    switch kind {
    case .command: 500
    case .usage: 400
    case .forbidden: 403
    case .notFound: 404
    case .methodNotAllowed: 405
    case .busy: 503
    }
  }

  /// What any error of the layers below is to those who ask.
  package init(_ error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case let error as BlockError: self.init(Self.text(of: error))
    case let error as UnixFSError where error.cause is BlockError:
      self.init(error.cause ?? error)
    case let error as NodeError:
      if case .missingBlock(let cid) = error.code {
        self.init(Self.text(of: .notFound(cid)))
      } else if let cause = error.cause as? BlockError {
        self.init(Self.text(of: cause))
      } else {
        self.init(error.description)
      }
    case is CancellationError: self.init("context canceled")
    default: self.init("\(error)")
    }
  }

  /// How Kubo tells that a block is not here, which is what its clients look for.
  private static func text(of error: BlockError) -> String {
    guard error.code == .notFound else { return error.message }
    return "block was not found locally (offline): ipld: could not find \(error.cid.kuboText)"
  }
}

extension CID {
  /// As Kubo writes it: version 0 in base58btc, version 1 in base32.
  package var kuboText: String { description }
}
