public import Multiformats

/// Bytes and the name that their hash gives them.
public struct Block: Hashable, Sendable {
  /// The block's name.
  public let cid: CID
  /// The block's bytes.
  public let data: [UInt8]

  /// Trusts that `cid` names `data`: for bytes that were checked or hashed just before.
  public init(unchecked cid: CID, data: [UInt8]) {
    self.cid = cid
    self.data = data
  }

  /// Checks that `cid` names `data`.
  ///
  /// - Throws: `corrupt` if it does not, `unsupported` if the hash function is not known.
  public init(verifying cid: CID, data: [UInt8]) throws(BlockError) {
    let isNamed: Bool
    do {
      isNamed = try data.span.withUnsafeBytes { bytes throws(MultiformatsError) in try cid.verifies(bytes) }
    } catch {
      throw BlockError(.unsupported, cid, "cannot verify block \(cid): \(error.message)")
    }
    guard isNamed else { throw BlockError.corrupt(cid) }
    self.cid = cid
    self.data = data
  }
}

/// Why a block could not be read or stored.
public struct BlockError: Error, Sendable, CustomStringConvertible {
  /// The kind of failure.
  public enum Code: Hashable, Sendable {
    /// No such block here.
    case notFound
    /// The bytes are not those of the block's name.
    case corrupt
    /// The block is shorter than the range that was asked for.
    case outOfRange
    /// The block's hash function is not known.
    case unsupported
    /// The storage failed.
    case inputOutput
    /// The storage is full.
    case noSpace
  }

  /// The kind of failure.
  public let code: Code
  /// The block.
  public let cid: CID
  /// What happened, for people.
  public let message: String
  /// The error of the layer below, if that is where it failed.
  public let cause: (any Error)?

  /// Makes an error.
  public init(_ code: Code, _ cid: CID, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.cid = cid
    self.message = message
    self.cause = cause
  }

  /// There is no such block.
  public static func notFound(_ cid: CID) -> BlockError {
    BlockError(.notFound, cid, "block \(cid) not found")
  }

  /// The bytes are not those of the block.
  public static func corrupt(_ cid: CID) -> BlockError {
    BlockError(.corrupt, cid, "block \(cid) does not match its hash")
  }

  /// The message.
  public var description: String { message }
}
