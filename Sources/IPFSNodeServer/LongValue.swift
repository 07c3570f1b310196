import NIOCore

/// Writes a JSON object of very many members, or an object around a very long list, piece by piece.
struct LongValue {
  private static let pieceSize = 32 << 10

  private let reply: Reply
  private let opening: String
  private let empty: String
  private let closing: String
  private var pending: [UInt8] = []
  private var isEmpty = true

  /// - Parameters:
  ///   - opening: What comes before the first part.
  ///   - closing: What comes after the last one.
  ///   - empty: The whole value, if there is no part.
  init(to reply: Reply, opening: String, closing: String, empty: String) {
    self.reply = reply
    self.opening = opening
    self.closing = closing
    self.empty = empty
  }

  /// Adds an element of the list, or with a name a member of the object.
  mutating func append(_ value: JSON, named name: String? = nil) async throws {
    pending += (isEmpty ? opening : ",").utf8
    isEmpty = false
    if let name {
      JSON.string(name).write(to: &pending)
      pending.append(UInt8(ascii: ":"))
    }
    value.write(to: &pending)
    if pending.count >= Self.pieceSize { try await send() }
  }

  /// Ends the value.
  mutating func finish() async throws {
    pending += (isEmpty ? empty : closing).utf8
    pending.append(0x0A)
    try await send()
  }

  private mutating func send() async throws {
    try await reply.beginLongValue()
    try await reply.write(ByteBuffer(bytes: pending))
    pending.removeAll(keepingCapacity: true)
  }
}
