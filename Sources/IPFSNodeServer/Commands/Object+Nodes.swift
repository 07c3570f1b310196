import Foundation
import IPFSNode
package import IPLD
import Multiformats
import NIOCore
import UnixFS

/// What later versions of Kubo have removed of `object/*`, and older programs need: nodes of dag-pb, read and made as
/// they are.
let objectNodeCommands: [Command] = [
  Command("object/new", [.string("template", required: false)]) { call in
    switch call.argument(0) {
    case nil, "": try await call.store(DAGPBNode())
    case "unixfs-dir": try await call.store(DAGPBNode(data: UnixFSNode(kind: .directory).encoded()))
    case let template?: throw RPCError("template '\(template)' not found")
    }
  },
  Command("object/data", [.string("key")]) { call in
    let (_, _, node) = try await call.object()
    try await call.reply.beginBytes()
    try await call.reply.write(ByteBuffer(bytes: node.data ?? []))
  },
  Command("object/links", [.string("key")], options: [.init(.bool, "headers", "v")]) { call in
    let (cid, _, node) = try await call.object()
    try await call.reply.value(["Hash": call.json(cid), "Links": call.links(of: node)])
  },
  Command("object/get", [.string("key")], options: [.init(.string, "data-encoding")]) { call in
    let (_, _, node) = try await call.object()
    let data = node.data ?? []
    let text: String =
      switch call.options.string("data-encoding") {
      case nil, "text": String(decoding: data, as: UTF8.self)
      case "base64": Data(data).base64EncodedString()
      case let name?: throw RPCError("unknown data field encoding \(name)")
      }
    try await call.reply.value(["Links": call.links(of: node), "Data": .string(text)])
  },
  Command("object/stat", [.string("key")], options: [.init(.bool, "human")]) { call in
    let (cid, size, node) = try await call.object()
    let sum = try ObjectEdit(store: call.node.blockstore, base: cid).size(of: cid)
    let dataSize = node.data?.count ?? 0
    try await call.reply.value([
      "Hash": call.json(cid), "NumLinks": .int(Int64(node.links.count)), "BlockSize": .int(Int64(size)),
      "LinksSize": .int(Int64(size - dataSize)), "DataSize": .int(Int64(dataSize)), "CumulativeSize": .uint(sum),
    ])
  },
  Command(
    "object/put", [.file("data")],
    options: [
      .init(.string, "inputenc"), .init(.string, "datafieldenc"), .init(.bool, "pin"), .init(.bool, "quiet", "q"),
    ]
  ) { call in
    _ = try await call.files.first()
    let bytes = try await call.files.readAll(limit: BlockLimit.network)
    let node: DAGPBNode =
      switch call.options.string("inputenc") {
      case nil, "json": try ObjectText(bytes).node(dataEncoding: call.options.string("datafieldenc"))
      case "protobuf": try DAGPBNode(decoding: bytes)
      case let name?: throw RPCError("unknown object encoding: \(name)")
      }
    try await call.store(node, pins: call.options.bool("pin") == true)
  },
  Command("object/patch/append-data", [.string("root"), .file("data")]) { call in
    try await call.changeData { $0 + $1 }
  },
  Command("object/patch/set-data", [.string("root"), .file("data")]) { call in
    try await call.changeData { $1 }
  },
]

/// A node as `object/put` reads it.
package struct ObjectText: Decodable {
  struct Link: Decodable {
    var name: String?
    var cid: String
    var size: UInt64?

    enum CodingKeys: String, CodingKey {
      case name = "Name"
      case cid = "Hash"
      case size = "Size"
    }
  }

  var data: String?
  var links: [Link]?

  enum CodingKeys: String, CodingKey {
    case data = "Data"
    case links = "Links"
  }

  /// Reads JSON.
  package init(_ bytes: [UInt8]) throws(RPCError) {
    do { self = try JSONDecoder().decode(Self.self, from: Data(bytes)) } catch {
      throw RPCError("no object in JSON: \(error)")
    }
    // An empty one would be what a mistyped name leaves.
    guard data != nil || links != nil else { throw RPCError("no data or links in this node") }
  }

  /// The node, whose data is `text` or `base64`.
  package func node(dataEncoding: String?) throws -> DAGPBNode {
    let data: [UInt8]? =
      switch dataEncoding {
      case nil, "text": self.data.map { Array($0.utf8) }
      case "base64":
        try self.data.map { text in
          guard let data = Data(base64Encoded: text) else { throw RPCError("the data is no base64") }
          return Array(data)
        }
      case let name?: throw RPCError("unknown data field encoding \(name)")
      }
    let links = try (links ?? []).map { link in
      DAGPBNode.Link(cid: try CID(link.cid), name: Array((link.name ?? "").utf8), tsize: link.size ?? 0)
    }
    return DAGPBNode(links: links, data: data)
  }
}

extension Call {
  /// The node that the first argument names, and the length of its block.
  fileprivate func object() async throws -> (cid: CID, blockSize: Int, node: DAGPBNode) {
    let cid = try await resolveBlock(arguments[0])
    guard cid.codec == .dagPB else { throw RPCError("expected protobuf dag node") }
    let block = try node.blockstore.block(cid)
    return (cid, block.data.count, try DAGPBNode(decoding: block.data))
  }

  fileprivate func links(of node: DAGPBNode) -> JSON {
    .array(
      node.links.map { link in
        [
          "Name": .string(String(decoding: link.name, as: UTF8.self)), "Hash": json(link.cid),
          "Size": .uint(link.tsize),
        ]
      })
  }

  /// Stores a node, as version 0 unless it takes the place of another one, and tells its name.
  fileprivate func store(_ object: DAGPBNode, inPlaceOf old: CID? = nil, pins: Bool = false) async throws {
    let bytes = object.encoded()
    guard bytes.count <= BlockLimit.network else { throw BlockLimit.tooBig }
    let cid = try bytes.span.withUnsafeBytes { bytes throws(MultiformatsError) in
      try CID(
        hashing: bytes, codec: .dagPB, version: old?.version ?? .v0, function: old?.hashFunction ?? .sha2_256)
    }
    let lease = node.blockstore.beginLease()
    defer { lease.end() }
    try await node.blockstore.put(cid, bytes)
    if pins { try await node.pins.add(cid, kind: .recursive) }
    try await reply.value(["Hash": json(cid)])
  }

  /// Gives a node other data, made of the old and of what was sent.
  fileprivate func changeData(_ change: ([UInt8], [UInt8]) -> [UInt8]) async throws {
    var (cid, _, object) = try await object()
    _ = try await files.first()
    object.data = change(object.data ?? [], try await files.readAll(limit: BlockLimit.network))
    try await store(object, inPlaceOf: cid)
  }
}
