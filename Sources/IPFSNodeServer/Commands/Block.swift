import IPFSNode
import IPLD
import Multiformats
import NIOCore

/// `block/*`.
let blockCommands: [Command] = [
  Command("block/get", [.string("cid")]) { call in
    let cid = try await call.resolveBlock(call.arguments[0])
    let block = try call.node.blockstore.block(cid)
    try await call.reply.beginBytes()
    try await call.reply.write(ByteBuffer(bytes: block.data))
  },
  Command("block/stat", [.string("cid")]) { call in
    let cid = try await call.resolveBlock(call.arguments[0])
    let size = try call.node.blockstore.size(cid)
    try await call.reply.value(["Key": call.json(cid), "Size": .int(Int64(size))])
  },
]
