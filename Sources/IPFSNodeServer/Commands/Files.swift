import IPFSNode
import Multiformats
import NIOCore
import UnixFS

/// `files/*`: the file tree by paths. `files/chroot` is no command of a running node.
let filesCommands: [Command] = [
  Command(
    "files/stat", [.string("path")],
    options: [
      Command.Option(.string, "format"), Command.Option(.bool, "hash"), Command.Option(.bool, "size"),
      Command.Option(.bool, "with-local"),
    ]
  ) { call in
    let formats = [call.options.bool("hash") == true, call.options.bool("size") == true, call.hasFormat]
    guard formats.count(where: { $0 }) < 2 else {
      throw RPCError(
        "invalid parameters: format was set by multiple options. Only one format option is allowed", kind: .usage)
    }
    let argument = call.arguments[0]
    let reply =
      if Call.isContent(argument) {
        try await call.status(of: try await call.resolveBlock(Call.contentPath(argument)))
      } else {
        try await call.node.files.withRoot(of: try TreePath(argument)) { try await call.status(of: $0.cid) }
      }
    try await call.reply.value(reply)
  },
  Command(
    "files/ls", [.string("path", required: false)],
    options: [Command.Option(.bool, "long", "l"), Command.Option(.bool, "U")]
  ) { call in
    try await call.list(try TreePath(call.argument(0) ?? "/"), isLong: call.options.bool("long") == true)
  },
  Command(
    "files/mkdir", [.string("path")],
    options: Call.formOptions + Call.flushOption + [
      Command.Option(.bool, "parents", "p"), Command.Option(.string, "mode"), Command.Option(.int64, "mtime"),
      Command.Option(.uint, "mtime-nsecs"),
    ]
  ) { call in
    var form = try call.directoryForm()
    if let mode = call.options.string("mode") {
      let mode = try Call.mode(mode)
      form.metadata.mode = mode == 0 ? nil : UInt32(mode)
    }
    if let seconds = call.options.integer("mtime"), seconds != 0 {
      form.metadata.mtime = Call.time(
        seconds: seconds, nanoseconds: UInt64(clamping: call.options.integer("mtime-nsecs") ?? 0))
    }
    try await call.node.files.makeDirectory(
      try TreePath(call.arguments[0]), parents: call.options.bool("parents") == true, form: form)
  },
  Command(
    "files/cp", [.string("source"), .string("dest")],
    options: Call.formOptions + Call.flushOption + [
      Command.Option(.bool, "force"), Command.Option(.bool, "parents", "p"),
    ]
  ) { call in try await call.copy(call.arguments[0], to: call.arguments[1]) },
  Command(
    "files/mv", [.string("source"), .string("dest")], options: Call.flushOption
  ) { call in
    try await call.node.files.move(try TreePath(call.arguments[0]), to: try TreePath(call.arguments[1]))
  },
  Command(
    "files/rm", [.string("path", variadic: true)],
    options: Call.flushOption + [Command.Option(.bool, "recursive", "r"), Command.Option(.bool, "force")]
  ) { call in try await call.removeFiles() },
  Command(
    "files/read", [.string("path")],
    options: [Command.Option(.int64, "offset", "o"), Command.Option(.int64, "count", "n")]
  ) { call in try await call.read(try TreePath(call.arguments[0])) },
  Command(
    "files/write", [.string("path"), .file("data")],
    options: Call.formOptions + Call.flushOption + [
      Command.Option(.int64, "offset", "o"), Command.Option(.bool, "create", "e"),
      Command.Option(.bool, "parents", "p"), Command.Option(.bool, "truncate", "t"),
      Command.Option(.int64, "count", "n"), Command.Option(.bool, "raw-leaves"),
    ]
  ) { call in try await call.write(try TreePath(call.arguments[0])) },
  Command("files/flush", [.string("path", required: false)], options: Call.flushOption) { call in
    let root = try await call.node.files.flush(try Call.lenientPath(call.argument(0) ?? "/"))
    try await call.reply.value(["Cid": call.json(root.cid)])
  },
  Command("files/chcid", [.string("path")], options: Call.formOptions + Call.flushOption) { call in
    guard call.arguments[0] != "/" else {
      throw RPCError(
        "cannot change CID format of the MFS root; "
          + "use 'ipfs config Import.CidVersion' and 'ipfs config Import.HashFunction' instead")
    }
    let path = try Call.lenientPath(call.arguments[0])
    guard let form = try call.formOption() else { return _ = try await call.node.files.root(of: path) }
    do {
      try await call.node.files.setForm(of: path, cidVersion: form.version, hashFunction: form.function)
    } catch let error as UnixFSError {
      throw RPCError(error.message)
    }
  },
  Command("files/chmod", [.string("mode"), .string("path")], options: Call.flushOption) { call in
    let path = try TreePath(call.arguments[1])
    try await call.node.files.setMode(try Call.mode(call.arguments[0]), of: path)
  },
  Command(
    "files/touch", [.string("path")],
    options: Call.flushOption + [Command.Option(.int64, "mtime"), Command.Option(.uint, "mtime-nsecs")]
  ) { call in
    let path = try TreePath(call.arguments[0])
    var time = Timestamp.now
    if let seconds = call.options.integer("mtime"), seconds != 0 {
      time = Call.time(seconds: seconds, nanoseconds: UInt64(clamping: call.options.integer("mtime-nsecs") ?? 0))
    }
    try await call.node.files.setModificationTime(time, of: path)
  },
]

extension Call {
  /// Whether the root of the tree is to be brought up to date at once, which it always is.
  static let flushOption = [Command.Option(.bool, "flush", "f")]

  /// The path of a command that takes one without a slash at its beginning too.
  fileprivate static func lenientPath(_ text: String) throws -> TreePath {
    try TreePath(text.hasPrefix("/") ? text : "/" + text)
  }

  fileprivate var hasFormat: Bool {
    let standard = """
      <hash>
      Size: <size>
      CumulativeSize: <cumulsize>
      ChildBlocks: <childs>
      Type: <type>
      Mode: <mode> (<mode-octal>)
      Mtime: <mtime>
      """
    return options.string("format").map { $0 != standard } ?? false
  }

  /// What a root is.
  fileprivate func status(of cid: CID) async throws -> JSON {
    do {
      let status = try await node.files.status(of: cid)
      let isLocal = options.bool("with-local") == true
      return status.json(self, locality: isLocal ? try await node.files.locality(of: cid) : nil)
    } catch let error as UnixFSError where [.unsupported, .wrongKind].contains(error.code) {
      throw RPCError("not unixfs node (proto or raw)")
    }
  }

  fileprivate func list(_ path: TreePath, isLong: Bool) async throws {
    let files = node.files
    func json(_ entry: ListedFile) -> JSON {
      guard isLong else { return Self.entry(entry.name) }
      return [
        "Name": .string(entry.name.description), "Type": entry.kind == .directory ? 1 : 0,
        "Size": .uint(entry.size), "Hash": self.json(entry.cid),
      ]
    }
    switch try await files.listing(of: path) {
    case .file(let file): try await reply.value(["Entries": .array([json(file)])])
    case .directory(let directory, let names):
      var value = LongValue(to: reply, opening: #"{"Entries":["#, closing: "]}", empty: #"{"Entries":null}"#)
      let step = 128
      for start in stride(from: 0, to: names.count, by: step) {
        try Task.checkCancellation()
        let part = names[start..<min(start + step, names.count)]
        if isLong {
          for entry in try await files.entries(part, in: directory) { try await value.append(json(entry)) }
        } else {
          for name in part { try await value.append(Self.entry(name)) }
        }
      }
      try await value.finish()
    }
  }

  /// An entry of which only the name is told.
  private static func entry(_ name: EntryName) -> JSON {
    ["Name": .string(name.description), "Type": 0, "Size": 0, "Hash": ""]
  }

  fileprivate func copy(_ source: String, to destination: String) async throws {
    // What is named by its CID is content, even where the file tree has such a path.
    let isContent = Self.isContent(source)
    let treeSource = isContent ? nil : try TreePath(source).withoutSlash
    var target = try TreePath(destination)
    let sourceText = treeSource?.description ?? Self.trimmed(Self.contentPath(source))
    if target.endsWithSlash || destination == "/" {
      let name = treeSource?.name ?? EntryName(sourceText.split(separator: "/").last.map(String.init) ?? "")
      target = target.withoutSlash.appending(name)
    }
    let isParentMade = options.bool("parents") == true
    func put(_ root: CID) async throws -> NodeKind {
      guard root.codec == .raw || root.codec == .dagPB else { throw Self.invalidSource("") }
      if isParentMade {
        try await node.files.makeDirectory(target.parent, parents: true, form: try directoryForm())
      }
      return try await node.files.put(root, at: target, force: options.bool("force") == true)
    }
    let kind: NodeKind
    var isFound = false
    do {
      if let treeSource {
        kind = try await node.files.withRoot(of: treeSource) { root in
          isFound = true
          return try await put(root.cid)
        }
      } else {
        let root = try await resolveBlock(sourceText)
        isFound = true
        kind = try await put(root)
      }
    } catch {
      throw Self.copyError(error, isFound: isFound, sourceText, target)
    }
    if kind == .symlink, options.bool("flush") != false {
      throw RPCError("cp: cannot flush the created file \(target): symlinks not yet supported")
    }
  }

  /// The error of a copy as Kubo tells it, by how far it came.
  private static func copyError(
    _ error: any Error, isFound: Bool, _ source: String, _ target: TreePath
  ) -> RPCError {
    guard isFound else { return RPCError("cp: cannot get node from path \(source): \(RPCError(error).message)") }
    switch error {
    case let error as RPCError: return error
    case let error as FilesError where error.code == .notFile:
      return RPCError("cp: cannot unlink existing file: \(error)")
    case let error as UnixFSError where error.cause == nil: return invalidSource(": \(error.message)")
    default: return RPCError("cp: cannot put node in path \(target): \(RPCError(error).message)")
    }
  }

  private static func invalidSource(_ reason: String) -> RPCError {
    RPCError("cp: source must be a valid UnixFS (dag-pb or raw codec)\(reason)")
  }

  private static func trimmed(_ text: String) -> String {
    String(text.reversed().drop { $0 == "/" }.reversed())
  }

  fileprivate func removeFiles() async throws {
    guard options.bool("flush") != false else {
      throw RPCError(
        "files rm always flushes for safety. The --flush flag cannot be set to false for this command")
    }
    let force = options.bool("force") == true
    var failures: [String] = []
    for argument in arguments {
      let path: TreePath
      do throws(FilesError) { path = try TreePath(argument) } catch {
        failures.append("\(argument) is not a valid path: \(error)")
        continue
      }
      do {
        try await node.files.remove(path, recursive: force || options.bool("recursive") == true)
      } catch let error as FilesError where force && error.code == .notFound {
        continue
      } catch {
        failures.append("\(path): \(RPCError(error).message)")
      }
    }
    guard !failures.isEmpty else { return }
    for failure in failures { try await reply.emit(.string(failure)) }
    throw RPCError("can't remove some files")
  }

  fileprivate func read(_ path: TreePath) async throws {
    let file: OpenedFile
    do {
      file = try await node.files.open(path)
    } catch let error as FilesError where [.notFound, .notDirectory].contains(error.code) {
      throw RPCError("\(path): \(error)")
    }
    defer { file.close() }
    let size = file.reader.size
    let start = options.integer("offset") ?? 0
    guard let offset = UInt64(exactly: start) else { throw RPCError("cannot specify negative offset") }
    guard offset <= size else { throw RPCError("offset was past end of file (\(offset) > \(size))") }
    var end = size
    if let count = options.integer("count") {
      guard let count = UInt64(exactly: count) else { throw RPCError("cannot specify negative 'count'") }
      end = offset + min(count, size - offset)
    }
    try await reply.beginBytes()
    try await FileStream(file.reader, node.blockstore).forEachPiece(of: offset..<end) { try await reply.write($0) }
  }

  fileprivate func write(_ path: TreePath) async throws {
    var write = WriteOptions(profile: try fileProfile())
    let offset = options.integer("offset") ?? 0
    guard let offset = UInt64(exactly: offset) else { throw RPCError("cannot have negative write offset") }
    write.offset = offset
    write.creates = options.bool("create") == true
    write.makesParents = options.bool("parents") == true
    write.truncates = options.bool("truncate") == true
    write.form = try directoryForm()
    write.rawLeaves = options.bool("raw-leaves")
    let limit = options.integer("count")
    guard limit ?? 0 >= 0 else { throw RPCError("cannot have negative byte count") }
    try await node.files.write(path, write) { writing in
      _ = try await files.first()
      while let part = try await files.read() {
        var rest = part
        if let limit, rest.readableBytes > Int(clamping: UInt64(limit) - (writing.end - offset)) {
          rest = rest.getSlice(at: rest.readerIndex, length: Int(UInt64(limit) - (writing.end - offset))) ?? rest
        }
        while rest.readableBytes > 0 {
          guard writing.end < FilesService.largestFile else { throw RPCError("a file of 2^63 bytes or more") }
          rest.moveReaderIndex(forwardBy: rest.withUnsafeReadableBytes { writing.take($0) })
          try await writing.storeChunk()
        }
      }
    }
  }
}
