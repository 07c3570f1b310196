/// The bytes of a write, which may be gone once the call that brought them has suspended.
public protocol WritePayload: Sendable {
  /// How many bytes there are.
  var count: Int { get }

  /// Calls `body` with the bytes, which must not be used after it returns.
  func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

extension [UInt8]: WritePayload {
  /// Calls `body` with the bytes.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try span.withUnsafeBytes(body)
  }
}
