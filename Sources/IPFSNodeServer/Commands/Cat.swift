import IPFSNode
import NIOCore
import UnixFS

/// `cat`.
let catCommands: [Command] = [
  Command(
    "cat", [.string("ipfs-path", variadic: true, readsBody: true)],
    options: [.init(.int64, "offset", "o"), .init(.int64, "length", "l"), .init(.bool, "progress", "p")]
  ) { call in
    let offset = call.options.integer("offset") ?? 0
    guard offset >= 0 else { throw RPCError("cannot specify negative offset") }
    let length = call.options.integer("length")
    if let length, length < 0 { throw RPCError("cannot specify negative length") }
    try await call.cat(from: UInt64(offset), length: length.map { UInt64($0) } ?? .max)
  }
]

extension Call {
  /// Sends a range of the bytes that all files have one after the other.
  fileprivate func cat(from offset: UInt64, length: UInt64) async throws {
    var parts: [(content: UnixFSContent, range: Range<UInt64>)] = []
    var skipped = offset
    var rest = length
    for path in arguments where rest > 0 {
      let content = try await UnixFSContent(resolve(path).cid, of: node)
      if case .directory = content.kind { throw RPCError("this dag node is a directory") }
      guard skipped < content.size || skipped == 0 else {
        skipped -= content.size
        continue
      }
      let count = min(content.size - skipped, rest)
      parts.append((content, skipped..<skipped + count))
      rest -= count
      skipped = 0
    }
    try await reply.beginBytes(length: parts.reduce(0) { $0 + UInt64($1.range.count) })
    for (content, range) in parts {
      switch content.kind {
      case .file(let reader):
        try await FileStream(reader, node.blockstore).forEachPiece(of: range) { try await reply.write($0) }
      case .symlink(let target):
        try await reply.write(ByteBuffer(bytes: target[Int(range.lowerBound)..<Int(range.upperBound)]))
      case .directory: break
      }
    }
  }
}
