import IPFSNode
import Multiformats

/// `swarm/filters/*`: the list is kept for whoever goes online with this repo.
let swarmFilterCommands: [Command] = [
  Command("swarm/filters") { call in
    let filters = try call.node.configuration.contents()["Swarm"]?["AddrFilters"]?.strings ?? []
    try await call.reply.value(["Strings": filters.isEmpty ? nil : JSON(filters)])
  },
  Command("swarm/filters/add", [.string("address", required: false, variadic: true, readsBody: true)]) { call in
    guard !call.arguments.isEmpty else { throw RPCError("no filters to add") }
    for filter in call.arguments { try checkFilter(filter) }
    let filters = call.arguments
    let added = try await call.node.configuration.change { configuration throws(NodeError) in
      var swarm = configuration["Swarm"] ?? .object([:])
      let added = swarm.prepend(filters, to: "AddrFilters")
      configuration["Swarm"] = swarm
      return added
    }
    try await call.reply.value(["Strings": JSON(added)])
  },
  Command("swarm/filters/rm", [.string("address", variadic: true, readsBody: true)]) { call in
    let isAll = ["all", "*"].contains(call.arguments[0])
    let filters = call.arguments
    if !isAll { for filter in filters { try checkFilter(filter) } }
    let removed = try await call.node.configuration.change { configuration throws(NodeError) in
      let old = configuration["Swarm"]?["AddrFilters"]?.strings ?? []
      let removed = old.filter { isAll || filters.contains($0) }
      if !removed.isEmpty {
        configuration["Swarm"]?["AddrFilters"] = ConfigurationValue(strings: old.filter { !removed.contains($0) })
      }
      return removed
    }
    try await call.reply.value(["Strings": JSON(removed)])
  },
]

/// Refuses what is no range of addresses, such as `/ip4/192.168.0.0/ipcidr/16`.
private func checkFilter(_ text: String) throws(RPCError) {
  let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
  guard parts.count == 5, parts[0].isEmpty, parts[3] == "ipcidr", ["ip4", "ip6"].contains(parts[1]) else {
    throw RPCError("invalid multiaddr-filter format")
  }
  // Digits alone: a sign is none.
  guard (try? Multiaddr("/\(parts[1])/\(parts[2])")) != nil, parts[4].utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
    let length = Int(parts[4]), 0...(parts[1] == "ip4" ? 32 : 128) ~= length
  else { throw RPCError("invalid CIDR address: \(parts[2])/\(parts[4])") }
}
