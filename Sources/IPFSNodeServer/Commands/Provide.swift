/// `provide/*`: as of a node that has no peers.
let provideCommands: [Command] = [
  // Nothing ever waits to be told to others.
  Command("provide/clear", options: [.init(.bool, "quiet", "q")]) { call in try await call.reply.emit(0) },
  Command(
    "provide/once", [.string("cid", variadic: true, readsBody: true)], options: [.init(.bool, "recursive", "r")]
  ) { _ in throw RPCError("cannot provide: no connected peers") },
  Command("provide/stat", options: [.init(.bool, "lan"), .init(.bool, "all", "a")]) { _ in
    throw RPCError.noProvider
  },
]
