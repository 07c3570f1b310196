import IPFSNode
import Multiformats

/// `resolve`.
let resolveCommands: [Command] = [
  Command(
    "resolve", [.string("name")],
    options: [
      .init(.bool, "recursive", "r"), .init(.int, "dht-record-count", "dhtrc"), .init(.string, "dht-timeout", "dhtt"),
    ]
  ) { call in
    let path = try ContentPath(call.arguments[0])
    if case .name(let name) = path.root, call.options.bool("recursive") == false {
      let (cid, rest) = try await call.resolve(name: name, names: path.names[...])
      let target = (["", "ipfs", call.text(cid)] + rest).joined(separator: "/")
      return try await call.reply.value(["Path": .string(target)])
    }
    let found = try await call.resolve(path)
    // Without a base, that of the path.
    var text = call.text(found.cid)
    if !call.options.has("cid-base"), found.cid.version == .v1, let base = path.base { text = found.cid.text(in: base) }
    let names = (["", path.namespace, text] + found.remainder).joined(separator: "/")
    try await call.reply.value(["Path": .string(names)])
  }
]
