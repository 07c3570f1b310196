import ArgumentParser
import Foundation
import IPFSClient
import IPFSMount

/// `swipfs dag`: nodes of IPLD, and archives of them.
struct DagCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dag", abstract: "Work with nodes of IPLD, and with archives of them (CAR).",
    subcommands: [Get.self, Put.self, Import.self, Export.self, Stat.self, Resolve.self])

  /// `swipfs dag get`.
  struct Get: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Print a node, or a part of one.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Option(help: "The form: dag-json, dag-cbor, dag-pb, raw.") var outputCodec: String?
    @Argument(help: "A CID, or a path as CID/a/b.") var path: String

    func perform(_ session: Session) async throws {
      var last: UInt8?
      for try await chunk in session.client.dag.get(path, outputCodec: outputCodec) {
        try Output.write(chunk)
        last = chunk.last ?? last
      }
      if outputCodec == nil || outputCodec == "dag-json" || outputCodec == "json", last != 0x0A { try Output.line("") }
    }
  }

  /// `swipfs dag put`.
  struct Put: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Store nodes, and print their CIDs.", discussion: "Without a file, standard input is read.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Option(help: "The codec of the block; dag-cbor without it.") var storeCodec: String?
    @Option(help: "The codec of the input; dag-json without it.") var inputCodec: String?
    @Flag(inversion: .prefixedNo, help: "Pin it.") var pin = false
    @Option(help: "The hash function.") var hash: String?
    @Flag(help: "Allow blocks larger than other peers would take.") var allowBigBlock = false
    @Argument(help: "Local files.", completion: .file()) var files: [String] = []

    func perform(_ session: Session) async throws {
      let uploads = files.isEmpty ? [try Upload.input(nil)] : try files.map { try Upload.input($0) }
      let cids = session.client.dag.put(
        uploads, storeCodec: storeCodec, inputCodec: inputCodec, pin: pin, hash: hash, allowBigBlock: allowBigBlock)
      for try await cid in cids {
        if format.json { try Output.line(["cid": session.field(cid)]) } else { try Output.line(session.text(cid)) }
      }
    }
  }

  /// `swipfs dag import`.
  struct Import: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Store the blocks of archives (CAR), and pin their roots.",
      discussion: "Without a file, standard input is read.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Flag(inversion: .prefixedNo, help: "Pin the roots.") var pinRoots = true
    @Flag(help: "Blocks may be missing; roots are not pinned then.") var localOnly = false
    @Flag(help: "Tell how much was imported.") var stats = false
    @Flag(help: "Print nothing.") var silent = false
    @Flag(help: "Allow blocks larger than other peers would take.") var allowBigBlock = false
    @Flag(inversion: .prefixedNo, help: "Show how far it is, at a terminal.") var progress = true
    @Argument(help: "Archives.", completion: .file()) var files: [String] = []

    func perform(_ session: Session) async throws {
      let bar = Progress("importing", isShown: progress && !silent)
      defer { bar.finish() }
      var failures = 0
      for file in files.isEmpty ? ["-"] : files {
        let events = session.client.dag.import(
          try CountedInput.upload(file, bar), pinRoots: pinRoots, localOnly: localOnly, stats: stats,
          allowBigBlock: allowBigBlock)
        for try await event in events {
          bar.finish()
          if case .root(_, let error?) = event, !error.isEmpty { failures += 1 }
          if !silent { try show(event, session) }
        }
      }
      if failures > 0 {
        throw CommandError(.refused, "\(failures) roots were not pinned: import what they lack, then `swipfs pin add`")
      }
    }

    private func show(_ event: Client.Dag.ImportEvent, _ session: Session) throws {
      switch event {
      case .root(let cid, let error):
        if format.json {
          try Output.line(["cid": session.field(cid), "pinned": .flag(error == nil), "error": JSONField(error)])
        } else if let error {
          try Output.line("failed to pin \(session.text(cid)): \(error)")
        } else {
          try Output.line("pinned root \(session.text(cid))")
        }
      case .stats(let blocks, let bytes):
        if format.json {
          try Output.line(["blocks": .unsigned(blocks), "bytes": .unsigned(bytes)])
        } else {
          try Output.line("imported \(blocks) blocks (\(bytes) bytes)")
        }
      }
    }
  }

  /// `swipfs dag export`.
  struct Export: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print an archive (CAR) of a root and all blocks below it, or save it.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Option(name: .shortAndLong, help: "A local file to save it in.", completion: .file()) var output: String?
    @Flag(help: "Leave out blocks that the node has not.") var localOnly = false
    @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Show how far it is, at a terminal.") var progress = true
    @Argument(help: "A CID or path.") var path: String

    func perform(_ session: Session) async throws {
      guard output != nil || !Output.isWatched else {
        throw CommandError(.usage, "an archive is nothing for a terminal: save it with -o FILE, or redirect it")
      }
      let bar = Progress("exporting", isShown: progress)
      defer { bar.finish() }
      let bytes = session.client.dag.export(path, localOnly: localOnly)
      try await session.save(bytes, to: output ?? "-", bar)
    }
  }

  /// `swipfs dag stat`.
  struct Stat: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Count the blocks below roots.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var sizes: SizeOptions
    @Flag(inversion: .prefixedNo, help: "Show how far it is, at a terminal.") var progress = true
    @Argument(help: "CIDs or paths.") var paths: [String]

    func perform(_ session: Session) async throws {
      let bar = Progress("counting", isShown: progress)
      defer { bar.finish() }
      let stats = session.client.dag.statWithProgress(paths)
      var last: Client.Dag.Stat?
      for try await stat in stats {
        last = stat
        bar.set(done: stat.roots.reduce(0) { $0 + $1.size })
      }
      guard let last else { return }
      bar.finish()
      try show(last, session)
    }

    private func show(_ stat: Client.Dag.Stat, _ session: Session) throws {
      for root in stat.roots {
        if format.json {
          try Output.line([
            "cid": session.field(root.cid), "size": .unsigned(root.size), "blocks": JSONField(root.numBlocks),
          ])
        } else {
          try Output.line("\(session.text(root.cid)) \(sizes.text(root.size)) \(root.numBlocks)")
        }
      }
      if format.json {
        try Output.line([
          "uniqueBlocks": JSONField(stat.uniqueBlocks), "totalSize": .unsigned(stat.totalSize),
          "sharedSize": .unsigned(stat.sharedSize), "ratio": .real(stat.ratio),
        ])
      } else if stat.roots.count > 1 {
        try Output.line(
          "total \(sizes.text(stat.totalSize)) \(stat.uniqueBlocks), shared \(sizes.text(stat.sharedSize))")
      }
    }
  }

  /// `swipfs dag resolve`.
  struct Resolve: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Find the last block on a path.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "A path, as CID/a/b.") var path: String

    func perform(_ session: Session) async throws {
      let found = try await session.client.dag.resolve(path)
      // Kubo has a slash before it.
      let rest = found.remPath.trimmingPrefix("/")
      if format.json {
        try Output.line(["cid": session.field(found.cid), "rest": .text(String(rest))])
      } else {
        try Output.line(session.text(found.cid) + (rest.isEmpty ? "" : "/\(rest)"))
      }
    }
  }
}

/// A local file that is read as it is sent, and counted.
struct CountedInput: AsyncSequence, Sendable {
  typealias Element = [UInt8]

  private let path: String
  private let file: FileHandle?
  private let bar: Progress

  /// A file, or standard input for `-`, of whose size the bar is told.
  static func upload(_ path: String, _ bar: Progress) throws -> Upload {
    guard path != "-" else { return .stream(CountedInput(path: path, file: nil, bar: bar)) }
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw CommandError(.system, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
    var status = stat()
    if fstat(file.fileDescriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
      bar.set(total: bar.done + UInt64(Swift.max(0, status.st_size)))
    }
    return .stream(CountedInput(path: path, file: file, bar: bar), name: URL(filePath: path).lastPathComponent)
  }

  struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let path: String
    fileprivate let file: FileHandle?
    fileprivate let bar: Progress
    fileprivate var input = StandardInput().makeAsyncIterator()

    mutating func next() async throws -> [UInt8]? {
      let chunk: [UInt8]?
      if let file {
        chunk = try StandardInput.chunk(of: file.fileDescriptor, path)
      } else {
        chunk = try await input.next()
      }
      if let chunk { bar.advance(by: UInt64(chunk.count)) }
      return chunk
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(path: path, file: file, bar: bar) }
}
