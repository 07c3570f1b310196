import IPFSNode
import IPLD
import Multiformats

/// `refs`; `refs/local` is with the commands of the repo.
let refsCommands: [Command] = [
  Command(
    "refs", [.string("ipfs-path", variadic: true, readsBody: true)],
    options: [
      .init(.string, "format"), .init(.bool, "edges", "e"), .init(.bool, "unique", "u"),
      .init(.bool, "recursive", "r"), .init(.int, "max-depth"),
    ]
  ) { call in
    var format = call.options.string("format") ?? "<dst>"
    if call.options.bool("edges") == true {
      guard format == "<dst>" else { throw RPCError("using format argument with edges is not allowed") }
      format = "<src> -> <dst>"
    }
    let isRecursive = call.options.bool("recursive") == true
    let maximumDepth = isRecursive ? call.options.integer("max-depth").map { Int(clamping: $0) } ?? -1 : 1
    var roots: [CID] = []
    for path in call.arguments { roots.append(try await call.resolve(path).cid) }
    var walk = ReferenceWalk(
      call: call, format: format, maximumDepth: maximumDepth < 0 ? nil : maximumDepth,
      isUnique: call.options.bool("unique") == true)
    try await call.reply.beginValues()
    for root in roots {
      do {
        try await walk.run(from: root)
      } catch let error where error is BlockError || error is IPLDError {
        try await call.reply.emit(["Ref": "", "Err": .string(RPCError(error).message)])
      }
    }
  }
]

/// Tells of the links of a DAG, in the order in which they are met.
private struct ReferenceWalk {
  /// A block whose links are being told of.
  private struct Level {
    var cid: CID
    var links: ArraySlice<DAGPBNode.Link>
  }

  let call: Call
  let format: String
  /// How deep to go; nil for no limit.
  let maximumDepth: Int?
  let isUnique: Bool
  /// The depths at which blocks were seen, where each is told of once.
  private var depths: [CID: Int] = [:]

  init(call: Call, format: String, maximumDepth: Int?, isUnique: Bool) {
    self.call = call
    self.format = format
    self.maximumDepth = maximumDepth
    self.isUnique = isUnique
  }

  mutating func run(from root: CID) async throws {
    var path = [Level(cid: root, links: try links(of: root))]
    var count = 0
    while let link = path.last?.links.first, let from = path.last?.cid {
      path[path.count - 1].links.removeFirst()
      count += 1
      if count % 256 == 0 { try Task.checkCancellation() }
      let (goesOn, isTold) = visit(link.cid, depth: path.count)
      if isTold || goesOn { try call.require(link.cid) }
      if isTold { try await tell(link, from: from) }
      if goesOn { path.append(Level(cid: link.cid, links: try links(of: link.cid))) }
      while path.last?.links.isEmpty == true { path.removeLast() }
    }
  }

  /// Whether to follow a block's links, and whether to tell of it.
  private mutating func visit(_ cid: CID, depth: Int) -> (goesOn: Bool, isTold: Bool) {
    if let maximumDepth, depth > maximumDepth { return (false, false) }
    let goesOn = depth != maximumDepth
    guard isUnique else { return (goesOn, true) }
    // Raw blocks have no links: how deep they are does not matter.
    if let old = depths[cid], maximumDepth == nil || old <= depth { return (false, false) }
    let isNew = depths.updateValue(depth, forKey: cid) == nil
    return (goesOn, isNew)
  }

  private func tell(_ link: DAGPBNode.Link, from: CID) async throws {
    var text = format.replacing("<src>", with: call.text(from))
    text = text.replacing("<dst>", with: call.text(link.cid))
    text = text.replacing("<linkname>", with: String(decoding: link.name, as: UTF8.self))
    try await call.reply.emit(["Ref": .string(text), "Err": ""])
  }

  /// The links of a block, with their names where the codec has such.
  private func links(of cid: CID) throws -> ArraySlice<DAGPBNode.Link> {
    guard cid.codec != .raw else { return [] }
    let block = try call.node.blockstore.block(cid)
    if cid.codec == .dagPB { return try DAGPBNode(decoding: block.data).links[...] }
    return try block.links().map { DAGPBNode.Link(cid: $0, tsize: 0) }[...]
  }
}

extension Call {
  /// Sees whether a block is here.
  ///
  /// - Throws: `notFound`.
  func require(_ cid: CID) throws(BlockError) {
    _ = try node.blockstore.size(cid)
  }
}
