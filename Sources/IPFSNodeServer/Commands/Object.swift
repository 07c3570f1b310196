import IPFSNode
import IPLD
import Multiformats
import UnixFS

/// `object/*`: what Kubo still has of it.
let objectCommands: [Command] = [
  Command(
    "object/patch/add-link", [.string("root"), .string("name"), .string("ref")],
    options: [.init(.bool, "create", "p"), .init(.bool, "allow-non-unixfs"), .init(.bool, "allow-big-block")]
  ) { call in
    let child = try await call.resolve(call.arguments[2]).cid
    try await call.patch { edit, node throws(RPCError) in
      let size = try edit.size(of: child)
      guard !call.arguments[1].isEmpty else { throw RPCError("cannot create link with no name") }
      return try edit.adding(
        call.arguments[1].split(separator: "/", omittingEmptySubsequences: false).map(String.init)[...],
        DAGPBNode.Link(cid: child, tsize: size), to: node, creates: call.options.bool("create") == true)
    }
  },
  Command(
    "object/patch/rm-link", [.string("root"), .string("name")],
    options: [.init(.bool, "allow-non-unixfs"), .init(.bool, "allow-big-block")]
  ) { call in
    try await call.patch { edit, node throws(RPCError) in
      try edit.removing(
        call.arguments[1].split(separator: "/", omittingEmptySubsequences: false).map(String.init)[...], from: node)
    }
  },
  Command("object/diff", [.string("obj_a"), .string("obj_b")], options: [.init(.bool, "verbose", "v")]) { call in
    let before = try await call.resolve(call.arguments[0]).cid
    let after = try await call.resolve(call.arguments[1]).cid
    var changes: [JSON] = []
    try call.compare(before, after, path: "", depth: 0, into: &changes)
    try await call.reply.value(["Changes": .array(changes)])
  },
]

/// A change of a node of dag-pb, and of those on the way to it.
struct ObjectEdit {
  let store: Blockstore
  /// Whose version and hash function new nodes have.
  let base: CID
  /// Nodes that were made, each before those that link to it.
  private(set) var made: [Block] = []

  private static let noLink = RPCError("no link by that name")

  init(store: Blockstore, base: CID) {
    self.store = store
    self.base = base
  }

  /// The cumulative size of a DAG, as its links have it.
  func size(of cid: CID) throws(RPCError) -> UInt64 {
    do {
      let block = try store.block(cid)
      guard cid.codec == .dagPB else { return UInt64(block.data.count) }
      return try Self.size(of: DAGPBNode(decoding: block.data), encoded: block.data.count)
    } catch { throw RPCError(error) }
  }

  private static func size(of node: DAGPBNode, encoded: Int) throws(RPCError) -> UInt64 {
    var size = UInt64(encoded)
    for link in node.links {
      let (sum, overflow) = size.addingReportingOverflow(link.tsize)
      guard !overflow else { throw RPCError("link sizes sum up to more than 64 bits") }
      size = sum
    }
    return size
  }

  /// A node with a link at a path in it, in the place of the one that is there.
  mutating func adding(
    _ path: ArraySlice<String>, _ link: DAGPBNode.Link, to node: DAGPBNode, creates: Bool
  ) throws(RPCError) -> DAGPBNode {
    guard let name = path.first else { throw RPCError("cannot create link with no name") }
    var link = link
    if path.count > 1 {
      let below = try child(name, of: node) ?? (creates ? Self.emptyDirectory : nil)
      guard let below else { throw Self.noLink }
      link = try self.link(to: adding(path.dropFirst(), link, to: below, creates: creates))
    } else if name.isEmpty {
      throw RPCError("cannot create link with no name")
    }
    return Self.replacing(name, in: node, with: link)
  }

  /// A node without the link at a path in it.
  mutating func removing(_ path: ArraySlice<String>, from node: DAGPBNode) throws(RPCError) -> DAGPBNode {
    guard let name = path.first, node.links.contains(where: { $0.name.elementsEqual(name.utf8) }) else {
      throw Self.noLink
    }
    guard path.count > 1 else { return Self.replacing(name, in: node, with: nil) }
    guard let below = try child(name, of: node) else { throw Self.noLink }
    return Self.replacing(name, in: node, with: try link(to: removing(path.dropFirst(), from: below)))
  }

  /// Names a node that was made.
  mutating func block(of node: DAGPBNode) throws(RPCError) -> Block {
    let bytes = node.encoded()
    do throws(MultiformatsError) {
      let cid = try bytes.span.withUnsafeBytes { bytes throws(MultiformatsError) in
        try CID(hashing: bytes, codec: .dagPB, version: base.version, function: base.hashFunction)
      }
      let block = Block(unchecked: cid, data: bytes)
      made.append(block)
      return block
    } catch { throw RPCError(error.message) }
  }

  private mutating func link(to node: DAGPBNode) throws(RPCError) -> DAGPBNode.Link {
    let block = try block(of: node)
    return DAGPBNode.Link(cid: block.cid, tsize: try Self.size(of: node, encoded: block.data.count))
  }

  private static let emptyDirectory = DAGPBNode(data: UnixFSNode(kind: .directory).encoded())

  private func child(_ name: String, of node: DAGPBNode) throws(RPCError) -> DAGPBNode? {
    guard let link = node.links.first(where: { $0.name.elementsEqual(name.utf8) }) else { return nil }
    guard link.cid.codec == .dagPB else { throw RPCError("expected protobuf dag node") }
    do { return try DAGPBNode(decoding: store.block(link.cid).data) } catch { throw RPCError(error) }
  }

  private static func replacing(_ name: String, in node: DAGPBNode, with link: DAGPBNode.Link?) -> DAGPBNode {
    var node = node
    node.links.removeAll { $0.name.elementsEqual(name.utf8) }
    if var link {
      link.name = Array(name.utf8)
      node.links.append(link)
    }
    return node
  }
}

extension Call {
  /// Changes the node that the first argument names, and tells what became of it.
  fileprivate func patch(
    _ change: (inout ObjectEdit, DAGPBNode) throws(RPCError) -> DAGPBNode
  ) async throws {
    let root = try await resolve(arguments[0]).cid
    let block = try node.blockstore.block(root)
    guard root.codec == .dagPB else { throw RPCError("expected protobuf dag node") }
    let old = try DAGPBNode(decoding: block.data)
    if options.bool("allow-non-unixfs") != true { try checkDirectory(old) }
    var edit = ObjectEdit(store: node.blockstore, base: root)
    let new = try edit.block(of: try change(&edit, old))
    if options.bool("allow-big-block") != true, new.data.count > BlockLimit.network { throw BlockLimit.tooBig }
    let lease = node.blockstore.beginLease()
    defer { lease.end() }
    for block in edit.made { try await node.blockstore.put(block.cid, block.data) }
    try await reply.value(["Hash": json(new.cid)])
  }

  /// Refuses nodes that would not say what they hold after a change of their links.
  private func checkDirectory(_ node: DAGPBNode) throws(RPCError) {
    let isAdding = command.name == "object/patch/add-link"
    guard let unixFS = try? UnixFSNode(decoding: node.data ?? []) else {
      throw RPCError(
        "cannot \(isAdding ? "add named links to" : "remove links from") a non-UnixFS dag-pb node; "
          + "pass --allow-non-unixfs to skip validation")
    }
    switch unixFS.kind {
    case .directory: return
    case .hamtShard:
      throw RPCError(
        "cannot \(isAdding ? "add links to" : "remove links from") a HAMTShard at the dag-pb level "
          + "(would corrupt the HAMT bitfield); use 'ipfs files\(isAdding ? "' commands" : " rm'") instead, "
          + "or pass --allow-non-unixfs to override")
    default:
      throw RPCError(
        "cannot \(isAdding ? "add named links to" : "remove links from") a UnixFS \(unixFS.kind.kuboName) node, "
          + "only Directory nodes support link \(isAdding ? "addition" : "removal") at the dag-pb level "
          + "(see https://specs.ipfs.tech/unixfs/)")
    }
  }

  /// How deep two DAGs are compared.
  private static let deepestComparison = 512

  /// Compares two DAGs by the names of their links.
  fileprivate func compare(
    _ before: CID, _ after: CID, path: String, depth: Int, into changes: inout [JSON]
  ) throws {
    guard before != after else { return }
    guard depth < Self.deepestComparison else { throw RPCError("the objects are too deep to be compared") }
    try Task.checkCancellation()
    let old = try before.codec == .dagPB ? DAGPBNode(decoding: node.blockstore.block(before).data) : nil
    let new = try after.codec == .dagPB ? DAGPBNode(decoding: node.blockstore.block(after).data) : nil
    guard let old, let new, !(old.links.isEmpty && new.links.isEmpty) else {
      changes.append(Self.change(2, path, before, after))
      return
    }
    let inNew = Dictionary(new.links.map { ($0.name, $0.cid) }) { first, _ in first }
    let inOld = Set(old.links.map(\.name))
    for link in old.links {
      guard let other = inNew[link.name] else { continue }
      try compare(link.cid, other, path: Self.join(path, link.name), depth: depth + 1, into: &changes)
    }
    for link in old.links where inNew[link.name] == nil {
      changes.append(Self.change(1, Self.join(path, link.name), link.cid, nil))
    }
    for link in new.links where !inOld.contains(link.name) {
      changes.append(Self.change(0, Self.join(path, link.name), nil, link.cid))
    }
  }

  private static func join(_ path: String, _ name: [UInt8]) -> String {
    let name = String(decoding: name, as: UTF8.self)
    return path.isEmpty ? name : "\(path)/\(name)"
  }

  private static func change(_ type: Int64, _ path: String, _ before: CID?, _ after: CID?) -> JSON {
    [
      "Type": .int(type), "Path": .string(path), "Before": before.map { .link($0) } ?? .null,
      "After": after.map { .link($0) } ?? .null,
    ]
  }
}

extension UnixFSNode.Kind {
  /// As Kubo calls it.
  fileprivate var kuboName: String {
    switch self {
    case .raw: "Raw"
    case .directory: "Directory"
    case .file: "File"
    case .metadata: "Metadata"
    case .symlink: "Symlink"
    case .hamtShard: "HAMTShard"
    }
  }
}
