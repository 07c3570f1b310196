import Foundation
import IPFSNode
import Multiformats

/// `pubsub/*`: messages reach those who listen at this node.
///
/// Topics are bytes in `base64url` with its multibase prefix. Clients of 2020 send them as they are, and the message as
/// another argument; who asks so is answered so.
let pubsubCommands: [Command] = [
  Command("pubsub/ls") { call in
    let topics = call.services.pubsub.topics.map { Multibase.base64URL.encode($0) }
    try await call.reply.value(["Strings": topics.isEmpty ? nil : JSON(topics)])
  },
  Command("pubsub/peers", [.string("topic", required: false)]) { call in
    try await call.reply.value(["Strings": []])
  },
  Command(
    "pubsub/pub", [.string("topic"), .string("payload", required: false), .file("data", required: false)]
  ) { call in
    let peer = try await call.node.identity().peerID
    let limit = PubsubHub.maximumSize
    if let payload = call.argument(1) {
      let data = Array(payload.utf8)
      guard data.count <= limit else { throw RPCError("more than \(limit) bytes were sent") }
      return call.services.pubsub.publish(data, from: peer, to: Array(call.arguments[0].utf8))
    }
    let topic = try topic(call.arguments[0])
    _ = try await call.files.first()
    call.services.pubsub.publish(try await call.files.readAll(limit: limit), from: peer, to: topic)
  },
  Command("pubsub/sub", [.string("topic")], options: [.init(.bool, "discover")], lasting: true) { call in
    let name = call.arguments[0]
    let decoded = try? topic(name)
    let messages = call.services.pubsub.messages(of: decoded ?? Array(name.utf8))
    // Whoever asked must know that nothing is missed from now on.
    try await call.reply.beginValues()
    for await message in messages {
      try await call.reply.emit(decoded == nil ? plain(message, name) : encoded(message, name))
      try await call.reply.flush()
    }
  },
  Command("pubsub/reset", options: [.init(.string, "peer", "p")]) { call in
    // Numbers of messages are only kept of other peers.
    if let peer = call.options.string("peer") {
      guard (try? PeerID(peer)) != nil else { throw RPCError("invalid peer ID: \(peer)") }
    }
    try await call.reply.value(["deleted": 0])
  },
]

/// The topic in an argument.
private func topic(_ text: String) throws(RPCError) -> [UInt8] {
  let decoded: (base: Multibase, bytes: [UInt8])
  do throws(MultiformatsError) {
    decoded = try Multibase.decode(text)
  } catch {
    throw RPCError("URL arg must be multibase encoded: \(error.message)")
  }
  guard decoded.base == .base64URL else { throw RPCError("URL arg must be base64url encoded") }
  return decoded.bytes
}

private func encoded(_ message: PubsubHub.Message, _ topic: String) -> JSON {
  [
    "from": .string(message.from.description), "data": .string(Multibase.base64URL.encode(message.data)),
    "seqno": .string(Multibase.base64URL.encode(message.sequence)), "topicIDs": [.string(topic)],
  ]
}

private func plain(_ message: PubsubHub.Message, _ topic: String) -> JSON {
  [
    "from": .string(Data(message.from.bytes).base64EncodedString()),
    "data": .string(Data(message.data).base64EncodedString()),
    "seqno": .string(Data(message.sequence).base64EncodedString()), "topicIDs": [.string(topic)],
  ]
}
