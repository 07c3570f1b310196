import IPFSNode
import IPLD
import Multiformats
import UnixFS

/// `ls`.
let listCommands: [Command] = [
  Command(
    "ls", [.string("ipfs-path", variadic: true, readsBody: true)],
    options: [
      .init(.bool, "headers", "v"), .init(.bool, "resolve-type"), .init(.bool, "size"), .init(.bool, "stream", "s"),
      .init(.bool, "long", "l"),
    ]
  ) { call in
    guard call.options.bool("stream") == true else { return try await call.list() }
    try await call.reply.beginValues()
    for path in call.arguments {
      try await call.forEachListed(path) { _, link in
        try Task.checkCancellation()
        try await call.reply.emit(["Objects": [["Hash": .string(path), "Links": [link]]]])
      }
    }
  }
]

extension Call {
  /// Lists everything in one value, entries by name.
  fileprivate func list() async throws {
    var objects: [JSON] = []
    for path in arguments {
      var links: [(name: EntryName, link: JSON)] = []
      try await forEachListed(path) { links.append(($0, $1)) }
      links.sort { $0.name < $1.name }
      objects.append(["Hash": .string(path), "Links": .array(links.map(\.link))])
    }
    try await reply.value(["Objects": .array(objects)])
  }

  /// Visits the entries of a directory, or the links of what is none.
  fileprivate func forEachListed(_ path: String, _ visit: (EntryName, JSON) async throws -> Void) async throws {
    let looksInside = (options.bool("resolve-type") ?? true) || (options.bool("size") ?? true)
    let cid = try await resolve(path).cid
    let block = try node.blockstore.block(cid)
    guard cid.codec == .dagPB else {
      // A block of another codec has no links that are listed.
      guard cid.codec != .raw else { return }
      for link in try block.links() {
        let entry = DirectoryEntry(name: EntryName(bytes: []), cid: link, tsize: 0)
        try await visit(entry.name, listed(entry, looksInside: looksInside))
      }
      return
    }
    let dagNode = try DAGPBNode(decoding: block.data)
    let unixFS = try dagNode.data.map { try UnixFSNode(decoding: $0) }
    guard unixFS?.kind == .directory || unixFS?.kind == .hamtShard else {
      for link in dagNode.links {
        let entry = DirectoryEntry(name: EntryName(bytes: link.name), cid: link.cid, tsize: link.tsize)
        try await visit(entry.name, listed(entry, looksInside: looksInside))
      }
      return
    }
    try await DirectoryReader(source: node.blockstore).forEachEntry(of: cid) { entry in
      try await visit(entry.name, listed(entry, looksInside: looksInside))
    }
  }

  /// A link, with what its block says where that is wanted.
  private func listed(_ entry: DirectoryEntry, looksInside: Bool) async throws -> JSON {
    var (type, size, target, mode, time) = (UInt64(0), UInt64(0), "", UInt32(0), Timestamp.goNone)
    if entry.cid.codec == .raw {
      type = UnixFSNode.Kind.file.rawValue
      size = entry.tsize
    } else if entry.cid.codec == .dagPB, looksInside {
      let content = try await UnixFSContent(entry.cid, of: node)
      switch content.kind {
      case .file(let reader):
        type = UnixFSNode.Kind.file.rawValue
        size = reader.size
        mode = UnixMode.go(content.mode ?? 0)
      case .directory:
        type = UnixFSNode.Kind.directory.rawValue
        mode = UnixMode.go(content.mode ?? 0, directory: true)
      case .symlink(let bytes):
        type = UnixFSNode.Kind.symlink.rawValue
        size = UInt64(bytes.count)
        target = String(decoding: bytes, as: UTF8.self)
        mode = UnixMode.go(content.mode ?? 0, symlink: true)
      }
      time = content.mtime?.goText ?? time
    }
    return [
      "Name": .string("\(entry.name)"), "Hash": json(entry.cid), "Size": .uint(size), "Type": .uint(type),
      "Target": .string(target), "Mode": .uint(UInt64(mode)), "ModTime": .string(time),
    ]
  }
}
