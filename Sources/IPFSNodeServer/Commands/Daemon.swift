import IPFSNode

/// `ping`.
let daemonCommands: [Command] = [
  Command("ping", [.string("peer ID", variadic: true, readsBody: true)], options: [.init(.int, "count", "n")]) { call in
    let argument = call.arguments[0]
    let (peer, address) = try pinged(argument)
    guard try await peer != call.node.identity().peerID else { throw RPCError("error: can't ping self") }
    let count = call.options.integer("count") ?? 10
    guard count > 0 else { throw RPCError("ping count must be greater than 0, was \(count)") }
    guard let address else {
      try await call.reply.emit(result("Looking up peer \(peer)", isSuccess: true))
      throw RPCError("peer lookup failed: \(RPCError.routingNotFound.message)")
    }
    try await call.reply.emit(result("PING \(peer).", isSuccess: true))
    let reason = "failed to dial \(peer): all dials failed\n  * [\(address.transport)] \(RPCError.noNetwork.message)"
    try await call.reply.emit(result("Ping error: failed to dial: \(reason)", isSuccess: false))
    throw RPCError("ping failed")
  }
]

private func result(_ text: String, isSuccess: Bool) -> JSON {
  ["Success": .bool(isSuccess), "Time": 0, "Text": .string(text)]
}

/// Who is to be pinged, and where, if the argument says so.
private func pinged(_ argument: String) throws(RPCError) -> (PeerID, PeerAddress?) {
  do {
    guard argument.hasPrefix("/") else { return (try PeerID(argument), nil) }
    let address = try PeerAddress(argument)
    return (try address.requiredPeer(), address.hasTransport ? address : nil)
  } catch {
    throw RPCError("failed to parse peer address '\(argument)': \(RPCError(error).message)")
  }
}
