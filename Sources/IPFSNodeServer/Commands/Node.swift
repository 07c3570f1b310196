import Foundation
import IPFSNode

/// `id` and `version`.
let nodeCommands: [Command] = [
  Command(
    "id", [.string("peerid", required: false)],
    options: [.init(.string, "format", "f"), .init(.string, "peerid-base")]
  ) { call in
    let text = try KeyText(call, option: "peerid-base", default: "b58mh")
    let identity = try await call.node.identity()
    let peer: PeerID
    if let argument = call.argument(0) {
      guard let other = try? PeerID(argument) else { throw RPCError("invalid peer id") }
      peer = other
    } else {
      peer = identity.peerID
    }
    let isSelf = peer == identity.peerID
    guard isSelf || call.options.bool("offline") == true else { throw RPCError.routingNotFound }
    let key = isSelf ? identity.privateKey.publicKey : try? peer.publicKey()
    try await call.reply.value([
      "ID": .string(text.text(peer)),
      "PublicKey": .string(key.map { Data($0.serialized).base64EncodedString() } ?? ""),
      "Addresses": isSelf ? [] : nil, "AgentVersion": .string(isSelf ? ServerVersion.header : ""),
      "Protocols": isSelf ? [] : nil,
    ])
  },
  Command(
    "version",
    options: [.init(.bool, "number", "n"), .init(.bool, "commit"), .init(.bool, "repo"), .init(.bool, "all")]
  ) { call in
    var reported = ServerVersion.reported
    if case .string(let text)? = try? call.node.configuration.value(at: "Version.Reported"), !text.isEmpty {
      reported = text
    }
    try await call.reply.value([
      "Version": .string(reported), "Commit": .string(ServerVersion.header), "Repo": .string(ServerVersion.repo),
      "System": .string("\(ServerVersion.machine)/linux"), "Golang": "",
    ])
  },
  Command("version/deps") { call in try await call.reply.beginValues() },
  Command("version/check", options: [.init(.int64, "min-percent", "t")]) { _ in
    throw RPCError("could not perform version check due to missing or incompatible DHT configuration")
  },
]
