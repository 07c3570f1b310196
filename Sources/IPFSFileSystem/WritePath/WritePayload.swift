/// The bytes of a write, which may be gone once the call that brought them has suspended.
public protocol WritePayload: Sendable {
  /// How many bytes there are.
  var count: Int { get }

  /// Calls `body` with the bytes, which must not be used after it returns.
  func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

/// Bytes of a write that stay.
public struct OwnedPayload: WritePayload {
  /// The bytes.
  public var bytes: [UInt8]

  /// Takes bytes.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// How many bytes there are.
  public var count: Int { bytes.count }

  /// Calls `body` with the bytes.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try bytes.span.withUnsafeBytes(body)
  }
}
