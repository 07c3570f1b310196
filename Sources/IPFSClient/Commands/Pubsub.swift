import Foundation
import Multiformats

extension Client {
  /// Messages to all who have subscribed to a topic: the commands `pubsub/…`. A daemon must be configured for them.
  ///
  /// ```swift
  /// for try await message in try await client.pubsub.subscribe("news") {
  ///   print(message.from, String(decoding: message.data, as: UTF8.self))
  /// }
  /// ```
  public struct Pubsub: Sendable {
    let client: Client
  }

  /// Messages to all who have subscribed to a topic.
  public var pubsub: Pubsub { Pubsub(client: self) }
}

extension Client.Pubsub {
  /// How topics and messages are written.
  ///
  /// ``Client/applyWorkarounds(offline:opts:timeout:)`` finds out what a daemon wants.
  public enum Encoding: Hashable, Sendable {
    /// In multibase, as Kubo does since go-ipfs 0.11.
    case multibase
    /// Topics and what is published as plain text, messages in base64: go-ipfs before 0.11.
    case plain
  }

  /// A message.
  public struct Message: Hashable, Sendable {
    /// The identifier of the peer that has published it.
    public let from: String
    /// What was published.
    public let data: [UInt8]
    /// The publisher's number of the message.
    public let seqno: [UInt8]
    /// The topics that it was published to. What is no UTF-8 becomes U+FFFD.
    public let topicIDs: [String]
  }

  /// Lists the topics that the daemon is subscribed to.
  ///
  /// - Parameter encoding: How the daemon writes topics; nil for what is known of its version.
  public func ls(
    encoding: Encoding? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> [String] {
    let encoding = encoding ?? client.pubsubEncoding
    let topics = try await client.strings(of: Command("pubsub/ls", safe: true), CallOptions(offline, opts, timeout))
    return try topics.map { try encoding.topic($0, command: "pubsub/ls") }
  }

  /// Lists peers to exchange messages with.
  ///
  /// - Parameters:
  ///   - topic: A topic that they are subscribed to; nil for any.
  ///   - encoding: How the daemon wants topics; nil for what is known of its version.
  /// - Returns: Identifiers of peers.
  public func peers(
    _ topic: String? = nil, encoding: Encoding? = nil, offline: Bool? = nil, opts: ExtraOptions = [:],
    timeout: Timeouts? = nil
  ) async throws -> [String] {
    let encoding = encoding ?? client.pubsubEncoding
    return try await client.strings(
      of: Command("pubsub/peers", topic.map { [encoding.argument($0)] } ?? [], safe: true),
      CallOptions(offline, opts, timeout))
  }

  /// Publishes a message of bytes.
  ///
  /// - Parameters:
  ///   - topic: The topic.
  ///   - payload: The message.
  ///   - encoding: How the daemon wants topics and messages; nil for what is known of its version.
  /// - Throws: `encoding` for a message that is no UTF-8 where that is to be plain.
  public func publish(
    _ topic: String, _ payload: [UInt8], encoding: Encoding? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    let encoding = encoding ?? client.pubsubEncoding
    let command =
      switch encoding {
      case .multibase: Command("pubsub/pub", [encoding.argument(topic)]).sending(file: .bytes(payload))
      case .plain: Command("pubsub/pub", [topic, try Self.text(payload)])
      }
    try await client.run(command, CallOptions(offline, opts, timeout))
  }

  /// Publishes a text. The parameters are those of the other `publish`.
  public func publish(
    _ topic: String, _ payload: String, encoding: Encoding? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws {
    try await publish(
      topic, Array(payload.utf8), encoding: encoding, offline: offline, opts: opts, timeout: timeout)
  }

  /// Subscribes to a topic, and returns when the daemon has. The stream gives each message that is published from then
  /// on; leaving the loop, or dropping the stream, ends the subscription. Another loop over it subscribes anew.
  ///
  /// - Parameters:
  ///   - topic: The topic.
  ///   - discover: Whether the daemon looks for peers that are subscribed, too; today's Kubo always does.
  ///   - encoding: How the daemon wants topics and writes messages; nil for what is known of its version.
  ///   - timeout: How long to wait for each message; for ever by default.
  public func subscribe(
    _ topic: String, discover: Bool = false, encoding: Encoding? = nil, offline: Bool? = nil,
    opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> ObjectStream<Message> {
    struct Text: Decodable {
      let from: String?
      let data: String?
      let seqno: String?
      let topicIDs: [String]?
    }
    let encoding = encoding ?? client.pubsubEncoding
    let command = Command("pubsub/sub", [encoding.argument(topic)])
      .option("discover", discover, default: false).lasting()
    let call = CallOptions(offline, opts, timeout)
    let opened = OpenedReply(try await client.open(command, call))
    return client.objects(of: command, call, opened: opened) { (text: Text) in
      [
        Message(
          from: try encoding.peer(text.from ?? "", command: command.path),
          data: try encoding.bytes(text.data ?? "", command: command.path),
          seqno: try encoding.bytes(text.seqno ?? "", command: command.path),
          topicIDs: try (text.topicIDs ?? []).map { try encoding.topic($0, command: command.path) })
      ]
    }
  }

  /// Lets the daemon forget which messages it has seen: for tests alone.
  ///
  /// - Parameter peer: The peer whose messages are forgotten; nil for all.
  /// - Returns: Of how many peers something was forgotten.
  @discardableResult
  public func reset(
    peer: String? = nil, offline: Bool? = nil, opts: ExtraOptions = [:], timeout: Timeouts? = nil
  ) async throws -> Int64 {
    struct Reset: Decodable {
      let deleted: Int64
    }
    return try await client.value(
      Reset.self, of: Command("pubsub/reset").option("peer", peer), CallOptions(offline, opts, timeout)
    ).deleted
  }

  private static func text(_ payload: [UInt8]) throws(ClientError) -> String {
    guard let text = String(validating: payload, as: UTF8.self) else {
      throw ClientError(.encoding, "a message that is no UTF-8 cannot be sent as plain text", command: "pubsub/pub")
    }
    return text
  }
}

extension Client.Pubsub.Encoding {
  /// A topic as an argument.
  fileprivate func argument(_ topic: String) -> String {
    switch self {
    case .multibase: Multibase.base64URL.encode(Array(topic.utf8))
    case .plain: topic
    }
  }

  /// A topic as the daemon wrote it.
  fileprivate func topic(_ text: String, command: String) throws -> String {
    switch self {
    case .multibase: String(decoding: try bytes(text, command: command), as: UTF8.self)
    case .plain: text
    }
  }

  /// The bytes that the daemon wrote.
  fileprivate func bytes(_ text: String, command: String) throws -> [UInt8] {
    if text.isEmpty { return [] }
    switch self {
    case .multibase:
      do {
        return try Multibase.decode(text).bytes
      } catch {
        throw ClientError(.decoding, "no multibase: \"\(text.prefix(64))\"", cause: error, command: command)
      }
    case .plain:
      guard let data = Data(base64Encoded: text) else {
        throw ClientError(.decoding, "no base64: \"\(text.prefix(64))\"", command: command)
      }
      return Array(data)
    }
  }

  /// The usual text of a peer's identifier that the daemon wrote.
  fileprivate func peer(_ text: String, command: String) throws -> String {
    switch self {
    case .multibase: text
    case .plain: Multibase.base58btc.encodeWithoutPrefix(try bytes(text, command: command))
    }
  }
}
