import Foundation
import IPFSNode
import Multiformats

/// `routing/*`, and the names under which clients of 2020 know them.
///
/// There is no network to ask: what is found is what the node has itself, which are the records of names.
let routingCommands: [Command] =
  ["routing", "dht"].flatMap { family in
    [
      findProviders("\(family)/findprovs"), get("\(family)/get"), put("\(family)/put"), provide("\(family)/provide"),
    ]
  } + [
    Command("routing/findpeer", [.string("peerID", variadic: true)], options: [.init(.bool, "verbose", "v")]) { call in
      let peer = try PeerID(call.arguments[0])
      guard try await peer != call.node.identity().peerID else {
        throw RPCError("finding your own node in the DHT is currently not supported")
      }
      try await call.reply.emit(event(.queryError, extra: RPCError.routingNotFound.message))
      throw RPCError.routingNotFound
    },
    Command("routing/reprovide") { _ in throw RPCError.notOnline },
    Command("dht/query", [.string("peerID", variadic: true)], options: [.init(.bool, "verbose", "v")]) { _ in
      throw RPCError.notDHT
    },
    Command("dht/findpeer", [.string("peerID", variadic: true)], options: [.init(.bool, "verbose", "v")]) { _ in
      throw RPCError("removed, use 'ipfs routing' instead")
    },
  ]

extension RPCError {
  static let notDHT = RPCError("routing service is not a DHT")
}

/// What an event of a query tells, by its number.
private enum EventKind: Int64 {
  case queryError = 3
  case value = 5
}

private func event(_ kind: EventKind, id: String = "", extra: String = "") -> JSON {
  ["Extra": .string(extra), "ID": .string(id), "Responses": nil, "Type": .int(kind.rawValue)]
}

private func findProviders(_ name: String) -> Command {
  Command(
    name, [.string("key", variadic: true)],
    options: [.init(.bool, "verbose", "v"), .init(.int, "num-providers", "n")]
  ) { call in
    guard call.options.integer("num-providers") ?? 20 >= 1 else {
      throw RPCError("number of providers must be greater than 0")
    }
    for text in call.arguments { _ = try content(text) }
    try await call.reply.beginValues()
  }
}

private func get(_ name: String) -> Command {
  Command(name, [.string("key", variadic: true)], options: [.init(.bool, "verbose", "v")]) { call in
    for key in call.arguments {
      guard let record = try await call.node.names.record(of: try routingName(key)) else {
        throw RPCError.routingNotFound
      }
      try await call.reply.emit(event(.value, extra: Data(record.bytes).base64EncodedString()))
    }
  }
}

private func put(_ name: String) -> Command {
  Command(
    name, [.string("key"), .file("value-file")],
    options: [.init(.bool, "verbose", "v"), .init(.bool, "allow-offline")]
  ) { call in
    let peer = try routingName(call.arguments[0])
    _ = try await call.files.first()
    let bytes = try await call.files.readAll(limit: 1 << 20)
    try await call.node.names.put(bytes, of: peer)
    try await call.reply.emit(event(.value, id: peer.description))
  }
}

private func provide(_ name: String) -> Command {
  Command(
    name, [.string("key", variadic: true, readsBody: true)],
    options: [.init(.bool, "verbose", "v"), .init(.bool, "recursive", "r")]
  ) { _ in
    throw RPCError("cannot provide, no connected peers")
  }
}

/// The name in a key of the routing system: `/ipns/NAME`.
private func routingName(_ key: String) throws -> PeerID {
  let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
  guard parts.count == 3, parts[0].isEmpty, ["ipns", "pk"].contains(parts[1]) else { throw RPCError("invalid key") }
  let peer = try PeerID(parts[2])
  guard parts[1] == "ipns" else { throw RPCError.routingNotFound }
  return peer
}

/// The CID in an argument: `/ipfs/CID`, or the CID alone.
private func content(_ text: String) throws(RPCError) -> CID {
  guard let path = try? ContentPath(text), case .cid(let cid) = path.root, path.names.isEmpty else {
    throw RPCError("invalid CID \"\(text)\"")
  }
  return cid
}
