import IPFSNode

/// `swarm/*` but for filters: as of a node that has no peers.
let swarmCommands: [Command] = [
  Command(
    "swarm/peers",
    options: [
      .init(.bool, "verbose", "v"), .init(.bool, "streams"), .init(.bool, "latency"), .init(.bool, "direction"),
      .init(.bool, "identify"),
    ]
  ) { call in try await call.reply.value(["Peers": nil]) },
  Command("swarm/addrs") { call in
    let peer = try await call.node.identity().peerID
    try await call.reply.value(["Addrs": .object([(name: peer.description, value: .array([]))])])
  },
  Command("swarm/addrs/local", options: [.init(.bool, "id")]) { call in
    try await call.reply.value(["Strings": []])
  },
  Command("swarm/addrs/listen") { call in try await call.reply.value(["Strings": []]) },
  Command("swarm/addrs/autonat") { call in
    try await call.reply.value(["reachability": "Unknown", "reachable": [], "unreachable": [], "unknown": []])
  },
  Command("swarm/connect", [.string("address", variadic: true, readsBody: true)]) { call in
    for address in try peerAddresses(call) {
      let peer = try address.requiredPeer()
      throw RPCError(
        "connect \(peer) failure: failed to dial: failed to dial \(peer): all dials failed\n"
          + "  * [\(address.transport)] \(RPCError.noNetwork.message)")
    }
  },
  Command("swarm/disconnect", [.string("address", variadic: true, readsBody: true)]) { call in
    let peers = try peerAddresses(call).map { address throws(RPCError) in try address.requiredPeer() }
    try await call.reply.value(["Strings": JSON(peers.map { "disconnect \($0) failure: conn not found" })])
  },
  Command("swarm/resources") { _ in
    throw RPCError("missing ResourceMgr: make sure the daemon is running with Swarm.ResourceMgr.Enabled")
  },
  Command("swarm/peering/ls") { call in try await call.reply.value(["Peers": []]) },
  Command("swarm/peering/add", [.string("address", variadic: true)]) { _ in throw RPCError.notOnline },
  Command("swarm/peering/rm", [.string("ID", variadic: true)]) { _ in throw RPCError.notOnline },
]

extension RPCError {
  static let notOnline = RPCError("this command must be run in online mode. Try running 'ipfs daemon' first")
  static let noNetwork = RPCError("this node has no network")
}

private func peerAddresses(_ call: Call) throws(RPCError) -> [PeerAddress] {
  var addresses: [PeerAddress] = []
  for text in call.arguments { addresses.append(try PeerAddress(text)) }
  return addresses
}
