import IPFSNode
import NIOCore

/// `name/*` but for single records.
let nameCommands: [Command] = [
  Command(
    "name/publish", [.string("ipfs-path", readsBody: true)],
    options: [
      .init(.string, "key", "k"), .init(.bool, "resolve"), .init(.string, "lifetime", "t"), .init(.string, "ttl"),
      .init(.bool, "quieter", "Q"), .init(.bool, "v1compat"), .init(.bool, "allow-offline"),
      .init(.bool, "allow-delegated"), .init(.uint, "sequence"), KeyText.option,
    ]
  ) { call in
    if call.options.bool("allow-delegated") == true {
      guard call.options.bool("allow-offline") != true else {
        throw RPCError("cannot use both --allow-offline and --allow-delegated flags")
      }
      throw RPCError.noDelegates
    }
    let publication = try publication(call)
    let path = try publishedPath(call.arguments[0])
    if call.options.bool("resolve") != false {
      let found = try await call.resolve(path)
      _ = try call.node.blockstore.size(found.cid)
    }
    let key = try await call.node.key(call.options.string("key") ?? Keystore.ownName)
    try await call.node.names.publish(path, with: key, publication)
    try await call.reply.value(["Name": .string(key.peerID.ipnsName), "Value": .string(path)])
  },
  Command(
    "name/resolve", [.string("name", required: false, readsBody: true)],
    options: [
      .init(.bool, "recursive", "r"), .init(.bool, "nocache", "n"), .init(.uint, "dht-record-count", "dhtrc"),
      .init(.string, "dht-timeout", "dhtt"), .init(.bool, "stream", "s"),
    ]
  ) { call in
    if let text = call.options.string("dht-timeout") {
      guard Duration.goSeconds(text) != nil else { throw RPCError("time: invalid duration \"\(text)\"") }
    }
    let isRecursive = call.options.bool("recursive") != false
    var name: String
    if let argument = call.arguments.first {
      name = argument
    } else {
      name = try await call.node.identity().peerID.ipnsName
    }
    if name.hasPrefix("ipns://") { name = String(name.dropFirst(7)) }
    guard !name.hasPrefix("/") || name.hasPrefix("/ipns/") else { throw RPCError("\"\(name)\" is not an IPNS name") }
    let path = try await call.node.names.resolve(name, depth: isRecursive ? Names.maximumDepth : 1)
    let reply: JSON = ["Path": .string(path)]
    if call.options.bool("stream") == true {
      try await call.reply.emit(reply)
    } else {
      try await call.reply.value(reply)
    }
  },
  Command("name/pubsub/state") { call in try await call.reply.value(["Enabled": false]) },
  Command("name/pubsub/subs", options: [KeyText.option]) { _ in throw RPCError.noNamePubsub },
  Command("name/pubsub/cancel", [.string("name")]) { _ in throw RPCError.noNamePubsub },
]

extension RPCError {
  static let noDelegates = RPCError(
    "no delegated publishers configured: add Ipns.DelegatedPublishers or use --allow-offline for local-only publishing")
  static let noNamePubsub = RPCError("IPNS pubsub subsystem is not enabled")
}

/// The path that is published: of content, or of another name.
private func publishedPath(_ text: String) throws(RPCError) -> String {
  let path = text.hasPrefix("/") ? text : "/ipfs/\(text)"
  _ = try ContentPath(path)
  return path
}

/// How long a record is valid, and what else is chosen.
private func publication(_ call: Call) throws(RPCError) -> Names.Publication {
  var publication = Names.Publication()
  publication.hasVersion1 = call.options.bool("v1compat") != false
  publication.sequence = call.options.unsigned("sequence")
  if let text = call.options.string("lifetime") {
    guard let lifetime = Duration.goNanoseconds(text) else {
      throw RPCError("error parsing lifetime option: time: invalid duration \"\(text)\"")
    }
    guard lifetime > 0 else { throw RPCError("lifetime must be greater than zero, got \(text)") }
    publication.lifetime = lifetime
  }
  publication.ttl = min(IPNSRecord.defaultTTL, publication.lifetime)
  if let text = call.options.string("ttl") {
    guard let ttl = Duration.goNanoseconds(text) else { throw RPCError("time: invalid duration \"\(text)\"") }
    guard ttl >= 0 else { throw RPCError("ttl must not be negative, got \(text)") }
    guard ttl <= publication.lifetime else {
      throw RPCError(
        "ttl (\(text)) must not be greater than lifetime (\(call.options.string("lifetime") ?? "48h0m0s"))")
    }
    publication.ttl = ttl
  }
  return publication
}

extension Duration {
  /// The nanoseconds of a duration as Go writes it, with a unit; nil for what is none, or beyond 64 bits.
  package static func goNanoseconds(_ text: String) -> Int64? {
    guard text == "0" || text.last?.isLetter == true else { return nil }
    let isNegative = text.hasPrefix("-")
    guard let seconds = goSeconds(isNegative ? String(text.dropFirst()) : text), seconds < 9.2e9 else { return nil }
    return Int64((seconds * 1e9).rounded()) * (isNegative ? -1 : 1)
  }
}
