import Foundation
import Synchronization

extension Client {
  /// Sends a command and returns when the head of a successful reply is there.
  func open(_ command: Command, _ call: CallOptions) async throws -> Reply {
    var call = call
    if call.offline == nil { call.offline = offline }
    do {
      let response = try await transport.send(command.request(call, chunkSize: chunkSize))
      let reply = Reply(command: command.path, response: response)
      try await reply.checkHead()
      return reply
    } catch let error as ClientError {
      throw error.of(command.path)
    }
  }

  /// Runs a command whose reply says nothing.
  func run(_ command: Command, _ call: CallOptions) async throws {
    var reply = try await open(command, call)
    _ = try await reply.collect(limit: Int64(JSONSplitter.valueLimit))
  }

  /// Runs a command that gives bytes, all at once.
  func bytes(_ command: Command, _ call: CallOptions) async throws -> [UInt8] {
    var reply = try await open(command, call)
    return try await reply.collect()
  }

  /// Runs a command that gives one JSON value.
  func value<Value: Decodable>(
    _ type: Value.Type = Value.self, of command: Command, _ call: CallOptions
  ) async throws -> Value {
    var reply = try await open(command, call)
    let bytes = try await reply.collect(limit: Int64(JSONSplitter.valueLimit))
    return try JSONValue.decodeReply(type, bytes, command: command.path)
  }

  /// A stream of the bytes that a command gives.
  ///
  /// - Parameter isSized: Whether the header `X-Content-Length` says how many there will be.
  func byteStream(_ command: Command, _ call: CallOptions, isSized: Bool = false) -> ByteStream {
    ByteStream { [self] in
      var reply = try await open(command, call)
      if isSized { reply.expectContentLength() }
      return reply
    }
  }

  /// A stream of the JSON values that a command gives.
  func objects<Element: Decodable & Sendable>(
    _ type: Element.Type = Element.self, of command: Command, _ call: CallOptions
  ) -> ObjectStream<Element> {
    objects(of: command, call) { (value: Element) in [value] }
  }

  /// A stream of what is in the JSON values that a command gives: none, one or several elements in each.
  ///
  /// - Parameter opened: A reply that has begun, for the first who asks; nil if the command is not sent yet.
  func objects<Value: Decodable & Sendable, Element: Sendable>(
    of command: Command, _ call: CallOptions, opened: OpenedReply? = nil,
    _ transform: @escaping @Sendable (Value) throws -> [Element]
  ) -> ObjectStream<Element> {
    ObjectStream(
      start: { [self] in
        if let reply = opened?.take() { return reply }
        return try await open(command, call)
      },
      decode: { bytes in try transform(JSONValue.decodeReply(Value.self, bytes, command: command.path)) })
  }
}

/// A reply that has begun, for whoever asks first. The lock guards it.
final class OpenedReply: Sendable {
  private let reply: Mutex<Reply?>

  init(_ reply: Reply) {
    self.reply = Mutex(reply)
  }

  func take() -> Reply? {
    reply.withLock { reply in
      defer { reply = nil }
      return reply
    }
  }
}

/// JSON as the daemon writes it.
enum JSONValue {
  private static let decoder = JSONDecoder()

  /// Reads one value.
  static func decode<Value: Decodable>(
    _ type: Value.Type, _ bytes: some Collection<UInt8>, command: String
  ) throws(ClientError) -> Value {
    do {
      return try decoder.decode(type, from: Data(bytes))
    } catch {
      throw ClientError(
        .decoding, "the reply is not what was expected: \"\(String(decoding: bytes.prefix(64), as: UTF8.self))\"",
        cause: error, command: command, partial: Array(bytes))
    }
  }

  /// Reads one value of a reply.
  ///
  /// - Throws: `partialErrorResponse` for an error of the daemon in place of the value.
  static func decodeReply<Value: Decodable>(
    _ type: Value.Type, _ bytes: some Collection<UInt8>, command: String
  ) throws(ClientError) -> Value {
    if let error = DaemonError(insteadOfValue: bytes) {
      throw ClientError(
        .partialErrorResponse, error.message, command: command, daemonCode: error.code, partial: Array(bytes))
    }
    return try decode(type, bytes, command: command)
  }

  /// Writes a value with sorted keys and no spaces, so that equal values are equal bytes.
  static func encode(_ value: some Encodable, command: String) throws(ClientError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    do {
      return Array(try encoder.encode(value))
    } catch {
      throw ClientError(.encoding, "the value has no form in JSON", cause: error, command: command)
    }
  }
}
