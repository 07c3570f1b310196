import Glibc
import IPFSNode
import IPLD
import Multiformats
import NIOCore
import UnixFS

/// `get`.
let getCommands: [Command] = [
  Command(
    "get", [.string("ipfs-path")],
    options: [
      .init(.string, "output", "o"), .init(.bool, "archive", "a"), .init(.bool, "compress", "C"),
      .init(.int, "compression-level", "l"), .init(.bool, "progress", "p"),
    ]
  ) { call in
    let level = try call.compressionLevel()
    let archives = call.options.bool("archive") == true
    let content = try await UnixFSContent(call.resolve(call.arguments[0]).cid, of: call.node)
    if level != nil, !archives, case .directory = content.kind { throw RPCError("file is not regular") }
    try await call.reply.beginBytes(
      type: level == nil ? "application/x-tar" : "application/gzip", length: content.size)
    let reply = call.reply
    let gzip = try level.map { level throws(RPCError) in
      try GzipStream(level: level) { try await reply.write($0) }
    }
    let writer = TarWriter(node: call.node, isPrecise: !archives) { bytes in
      if let gzip { try await gzip.write(bytes) } else { try await reply.write(bytes) }
    }
    if gzip != nil, !archives {
      try await writer.writeBytes(of: content)
    } else {
      try await writer.write(content, as: call.lastName)
      try await writer.finish()
    }
    try await gzip?.finish()
  }
]

extension Call {
  /// The level of compression that is asked for; nil for none.
  fileprivate func compressionLevel() throws(RPCError) -> Int? {
    guard options.bool("compress") == true else { return nil }
    guard let level = options.integer("compression-level") else { return 6 }
    guard 1...9 ~= level else { throw RPCError("compression level must be between 1 and 9") }
    return Int(level)
  }

  /// The last name of the path.
  fileprivate var lastName: [EntryName] {
    arguments[0].split(separator: "/").last.map { [EntryName(String($0))] } ?? []
  }
}

/// Writes files and directories as a tar archive, while it is sent.
private struct TarWriter {
  let node: Node
  /// Whether times keep their fractions.
  let isPrecise: Bool
  let send: (ByteBuffer) async throws -> Void

  /// Directories in each other.
  private static let maximumDepth = 1024

  init(node: Node, isPrecise: Bool, send: @escaping (ByteBuffer) async throws -> Void) {
    self.node = node
    self.isPrecise = isPrecise
    self.send = send
  }

  /// Writes a file, or a directory with all that is in it.
  func write(_ content: UnixFSContent, as path: [EntryName]) async throws {
    try Task.checkCancellation()
    guard path.count <= Self.maximumDepth else {
      throw UnixFSError(.tooDeep, "more than \(Self.maximumDepth) directories in each other", cid: content.cid)
    }
    var header = TarHeader(
      name: Array(path.map(\.bytes).joined(separator: [UInt8(ascii: "/")])), kind: .file,
      mode: content.mode.map { UInt32($0) } ?? 0o644, time: content.mtime ?? .now, isPrecise: isPrecise)
    switch content.kind {
    case .file(let reader):
      header.size = reader.size
      try await send(ByteBuffer(bytes: header.encoded))
      try await writeBytes(of: content)
      let padding = TarHeader.padding(Int(reader.size % UInt64(TarHeader.blockSize)))
      if padding > 0 { try await send(ByteBuffer(repeating: 0, count: padding)) }
    case .symlink(let target):
      header.kind = .symlink
      header.mode = 0o777
      header.target = target
      try await send(ByteBuffer(bytes: header.encoded))
    case .directory:
      header.kind = .directory
      header.mode = content.mode.map { UInt32($0) } ?? 0o755
      try await send(ByteBuffer(bytes: header.encoded))
      try await DirectoryReader(source: node.blockstore).forEachEntry(of: content.cid) { entry in
        let below = try Self.path(of: entry.name, in: path)
        try await write(UnixFSContent(entry.cid, of: node), as: below)
      }
    }
  }

  /// Writes a file's bytes alone.
  func writeBytes(of content: UnixFSContent) async throws {
    switch content.kind {
    case .file(let reader):
      try await FileStream(reader, node.blockstore).forEachPiece(of: 0..<reader.size, send)
    case .symlink(let target): try await send(ByteBuffer(bytes: target))
    case .directory: break
    }
  }

  /// Ends the archive.
  func finish() async throws {
    try await send(ByteBuffer(bytes: TarHeader.end))
  }

  /// The path of an entry, which must stay below its directory whatever its name is.
  private static func path(of name: EntryName, in directory: [EntryName]) throws(RPCError) -> [EntryName] {
    var path = directory
    for part in name.bytes.split(separator: UInt8(ascii: "/")) {
      switch part {
      case [UInt8(ascii: ".")]: break
      case [UInt8(ascii: "."), UInt8(ascii: ".")]:
        guard path.count > 1 else {
          throw RPCError("relative UnixFS paths outside the root are not allowed, use CAR instead")
        }
        path.removeLast()
      default: path.append(EntryName(bytes: part))
      }
    }
    return path
  }
}

extension Timestamp {
  /// The time now.
  fileprivate static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(time.tv_nsec))
  }
}
