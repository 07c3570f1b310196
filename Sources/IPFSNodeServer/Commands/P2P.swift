/// `p2p/*`: as of a Kubo that does not forward streams, which it only does where its configuration says so.
let p2pCommands: [Command] = [
  ("p2p/forward", 3), ("p2p/listen", 2), ("p2p/ls", 0), ("p2p/close", 0), ("p2p/stream/ls", 0), ("p2p/stream/close", 0),
].map { (name: String, count: Int) in
  let arguments = ["protocol", "address", "target"].prefix(count).map { Command.Argument.string($0) }
  return Command(name, arguments) { _ in throw RPCError("libp2p stream mounting not enabled") }
}
