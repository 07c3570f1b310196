package import NIOCore

/// A request of the RPC, however it came.
package struct RPCRequest: Sendable {
  /// A name and its value.
  package typealias Pair = (name: String, value: String)
  /// Gives the next part of the body; nil at its end.
  package typealias BodyReader = @Sendable () async throws -> ByteBuffer?

  /// The HTTP method.
  package var method: String
  /// The path below `/api/v0/`.
  package var command: String
  /// The query, in order, unescaped.
  package var query: [Pair]
  /// The headers.
  package var headers: [Pair]
  /// Whether it comes from this process, or over a socket that only the owner can use: it needs no permission.
  package var isTrusted: Bool
  /// Reads the body.
  package var body: BodyReader

  /// Makes a request.
  package init(
    method: String = "POST", command: String, query: [Pair] = [], headers: [Pair] = [], isTrusted: Bool = false,
    body: @escaping BodyReader = { nil }
  ) {
    self.method = method
    self.command = command
    self.query = query
    self.headers = headers
    self.isTrusted = isTrusted
    self.body = body
  }

  /// The first value of a header, whose name has no case.
  package func header(_ name: String) -> String? {
    headers.first { Self.isSame($0.name.utf8, name.utf8) }?.value
  }

  /// Compares without regard to case, and without making texts: each request is asked for half a dozen of its headers.
  private static func isSame(_ first: String.UTF8View, _ second: String.UTF8View) -> Bool {
    first.count == second.count
      && zip(first, second).allSatisfy { one, other in
        one == other
          || one ^ other == 0x20 && UInt8(ascii: "a")...UInt8(ascii: "z") ~= one | 0x20
      }
  }

  /// The pairs of a query as a URL has it: `+` is a space, `%` escapes bytes.
  package static func pairs(ofQuery text: some StringProtocol) -> [Pair] {
    text.utf8.split(separator: UInt8(ascii: "&")).map { part in
      let halves = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      return (name: unescaped(halves[0]), value: halves.count > 1 ? unescaped(halves[1]) : "")
    }
  }

  /// Text without its URL escapes; what is no escape stays as it is.
  static func unescaped(_ text: some Collection<UInt8>, plusIsSpace: Bool = true) -> String {
    String(decoding: unescapedBytes(text, plusIsSpace: plusIsSpace), as: UTF8.self)
  }

  /// The bytes of a text without its URL escapes; what is no escape stays as it is.
  static func unescapedBytes(_ text: some Collection<UInt8>, plusIsSpace: Bool = true) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var place = text.startIndex
    while place != text.endIndex {
      let byte = text[place]
      text.formIndex(after: &place)
      if byte == UInt8(ascii: "%"), let value = escaped(text[place...]) {
        bytes.append(value)
        text.formIndex(&place, offsetBy: 2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") && plusIsSpace ? UInt8(ascii: " ") : byte)
      }
    }
    return bytes
  }

  /// The byte of the two digits that a text begins with.
  private static func escaped(_ text: some Collection<UInt8>) -> UInt8? {
    guard let first = text.first.flatMap(digit), let second = text.dropFirst().first.flatMap(digit) else { return nil }
    return first << 4 | second
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
