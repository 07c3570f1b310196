import IPFSNode

/// `bitswap/*`: as of a node that has no peers. `stats/bitswap` is the same as `bitswap/stat`.
let bitswapCommands: [Command] =
  ["bitswap/stat", "stats/bitswap"].map { name in
    Command(name, options: [.init(.bool, "verbose", "v"), .init(.bool, "human")]) { call in
      try await call.reply.value([
        "Wantlist": [], "Peers": [], "BlocksReceived": 0, "DataReceived": 0, "DupBlksReceived": 0,
        "DupDataReceived": 0, "MessagesReceived": 0, "BlocksSent": 0, "DataSent": 0,
      ])
    }
  } + [
    Command("bitswap/wantlist", options: [.init(.string, "peer", "p")]) { call in
      if let peer = call.options.string("peer") { _ = try PeerID(peer) }
      try await call.reply.value(["Keys": []])
    },
    Command("bitswap/ledger", [.string("peer")]) { call in
      let peer = try PeerID(call.arguments[0])
      try await call.reply.value([
        "Peer": .string(peer.description), "Value": 0, "Sent": 0, "Recv": 0, "Exchanged": 0,
      ])
    },
    Command("bitswap/reprovide") { _ in throw RPCError.notOnline },
  ]
