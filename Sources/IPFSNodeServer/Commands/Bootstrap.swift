import IPFSNode

/// The key of the list: it is kept for whoever goes online with this repo.
private let bootstrapKey = "Bootstrap"
/// Stands for the peers that a service names.
private let automatic = "auto"

/// `bootstrap/*`.
let bootstrapCommands: [Command] = [
  bootstrapList("bootstrap"), bootstrapList("bootstrap/list"),
  Command("bootstrap/add", [.string("peer", required: false, variadic: true, readsBody: true)]) { call in
    guard !call.arguments.isEmpty else { throw RPCError("no bootstrap peers to add") }
    try await add(call.arguments.map { $0 == "default" ? automatic : $0 }, call)
  },
  // Its name before `bootstrap/add` took the word.
  Command("bootstrap/add/default") { call in try await add([automatic], call) },
  Command(
    "bootstrap/rm", [.string("peer", required: false, variadic: true, readsBody: true)], options: [.init(.bool, "all")]
  ) { call in
    if call.options.bool("all") == true { return try await removeAll(call) }
    let doomed = try call.arguments.map { text throws(RPCError) in try PeerAddress(text) }
    for address in doomed { _ = try address.requiredPeer() }
    let removed = try await call.node.configuration.change { configuration throws(NodeError) in
      let peers = configuration[bootstrapKey]?.strings ?? []
      let isDoomed = { (peer: String) in
        let address = try? PeerAddress(peer)
        return doomed.contains { $0.text == peer || (!$0.hasTransport && $0.peer == address?.peer) }
      }
      configuration[bootstrapKey] = ConfigurationValue(strings: peers.filter { !isDoomed($0) })
      return peers.filter(isDoomed)
    }
    try await call.reply.value(["Peers": JSON(removed)])
  },
  Command("bootstrap/rm/all") { call in try await removeAll(call) },
]

private func bootstrapList(_ name: String) -> Command {
  Command(name, options: [.init(.bool, "expand-auto")]) { call in
    let peers = try call.node.configuration.contents()[bootstrapKey]?.strings ?? []
    try await call.reply.value(["Peers": JSON(peers)])
  }
}

private func add(_ peers: [String], _ call: Call) async throws {
  let isAutomatic = try call.node.configuration.contents()["AutoConf"]?["Enabled"] != .bool(false)
  for peer in peers {
    guard peer != automatic else {
      guard !isAutomatic else { continue }
      throw RPCError(
        "cannot add default bootstrap peers: AutoConf is disabled (AutoConf.Enabled=false). Enable AutoConf by setting "
          + "AutoConf.Enabled=true in your config, or add specific peer addresses instead")
    }
    let address = try PeerAddress(peer)
    guard address.peer != nil else { throw RPCError("invalid bootstrap address: \(peer)") }
    guard address.hasTransport else { throw RPCError("bootstrap address without a transport: \(peer)") }
  }
  let added = try await call.node.configuration.change { configuration throws(NodeError) in
    configuration.prepend(peers, to: bootstrapKey)
  }
  try await call.reply.value(["Peers": JSON(added)])
}

private func removeAll(_ call: Call) async throws {
  let removed = try await call.node.configuration.change { configuration throws(NodeError) in
    let peers = configuration[bootstrapKey]?.strings ?? []
    configuration[bootstrapKey] = ConfigurationValue(strings: [])
    return peers
  }
  try await call.reply.value(["Peers": JSON(removed)])
}

extension ConfigurationValue {
  /// Puts texts before those of a list, each once.
  ///
  /// - Returns: The texts, each once.
  mutating func prepend(_ texts: [String], to key: String) -> [String] {
    var seen: Set<String> = []
    let new = texts.filter { seen.insert($0).inserted }
    let old = (self[key]?.strings ?? []).filter { seen.insert($0).inserted }
    self[key] = ConfigurationValue(strings: new + old)
    return new
  }
}
