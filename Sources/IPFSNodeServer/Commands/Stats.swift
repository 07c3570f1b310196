import IPFSNode

/// The commands of `stats/*` that tell of the network; what a repo holds is told with `repo/*`.
let statsCommands: [Command] = [
  Command(
    "stats/bw",
    options: [
      .init(.string, "peer", "p"), .init(.string, "proto", "t"), .init(.bool, "poll"), .init(.string, "interval", "i"),
    ], lasting: true
  ) { call in
    if call.options.has("peer"), call.options.has("proto") {
      throw RPCError("please only specify peer OR protocol")
    }
    if let peer = call.options.string("peer") { _ = try PeerID(peer) }
    let text = call.options.string("interval") ?? "1s"
    guard let interval = Duration.goSeconds(text) else { throw RPCError("time: invalid duration \"\(text)\"") }
    while true {
      try await call.reply.emit(["TotalIn": 0, "TotalOut": 0, "RateIn": 0, "RateOut": 0])
      try await call.reply.flush()
      guard call.options.bool("poll") == true else { return }
      try await Task.sleep(for: .seconds(min(max(interval, 0.01), 1e9)))
    }
  },
  Command("stats/dht", [.string("dht", required: false, variadic: true)]) { _ in throw RPCError.notDHT },
  Command("stats/provide", options: [.init(.bool, "lan")]) { _ in throw RPCError.noProvider },
  Command("stats/reprovide", options: [.init(.bool, "lan")]) { _ in throw RPCError.noProvider },
]

extension RPCError {
  static let noProvider = RPCError("stats not available with current routing system: this node has no network")
}
