import ArgumentParser
import Foundation
import IPFSClient
import IPFSMount

/// `swipfs files`: the tree of files that the node keeps, MFS.
struct FilesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "files", abstract: "Work with the tree of files that the node keeps (MFS), which a mount shows.",
    subcommands: [
      List.self, Stat.self, MakeDirectory.self, Copy.self, Move.self, Remove.self, Read.self, Write.self, Flush.self,
      ChangeMode.self, Touch.self, ChangeCID.self, ChangeRoot.self,
    ])

  /// What commands that change the tree take.
  struct FlushOptions: ParsableArguments {
    @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Write the tree before the command ends.")
    var flush: Bool?
  }

  /// `swipfs files ls`.
  struct List: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "ls", abstract: "List a directory.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var sizes: SizeOptions
    @Flag(name: .shortAndLong, help: "Show CIDs and sizes, too.") var long = false
    @Flag(name: .customShort("U"), help: "Do not sort.") var unsorted = false
    @Argument(help: "A path of the tree.") var path = "/"

    func perform(_ session: Session) async throws {
      // In JSON everything has its place.
      for entry in try await session.client.files.ls(path, long: long || format.json, unsorted: unsorted) {
        if format.json {
          try Output.line([
            "name": .text(entry.name), "cid": session.field(entry.cid), "size": .unsigned(entry.size),
            "type": .text(entry.kind.rawValue),
          ])
        } else if long {
          let isDirectory = entry.kind == .directory
          let columns = [
            entry.name + (isDirectory ? "/" : ""), entry.cid.map(session.text) ?? "-",
            isDirectory ? "-" : sizes.text(entry.size),
          ]
          try Output.line(columns: columns)
        } else {
          try Output.line(entry.name)
        }
      }
    }
  }

  /// `swipfs files stat`.
  struct Stat: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Tell what is at a path.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @OptionGroup var sizes: SizeOptions
    @Flag(help: "Print the CID alone.") var hash = false
    @Flag(help: "Print the size alone.") var size = false
    @Flag(help: "Find out how much of it the node has.") var withLocal = false
    @Option(
      name: .customLong("format"),
      help: "What to print: <hash>, <size>, <cumulsize>, <type>, <childs>, <mode>, <mode-octal>, <mtime>.")
    var template: String?
    @Argument(help: "A path of the tree, or of content as /ipfs/CID/a.") var path = "/"

    func perform(_ session: Session) async throws {
      let stat = try await session.client.files.stat(path, withLocal: withLocal)
      let cid = session.text(stat.cid)
      if format.json { return try Output.line(json(stat, session)) }
      if hash { return try Output.line(cid) }
      if size { return try Output.line(sizes.text(stat.size)) }
      if let template { return try Output.lines(fill(template, stat, cid)) }
      var lines = [
        cid, "Size: \(sizes.text(stat.size))", "CumulativeSize: \(sizes.text(stat.cumulativeSize))",
        "ChildBlocks: \(stat.blocks)", "Type: \(stat.kind.rawValue)",
      ]
      if let mode = stat.mode { lines.append("Mode: \(octal(mode.permissions))") }
      if let mtime = stat.mtime { lines.append("Mtime: \(Sizes.time(mtime))") }
      if let local = stat.sizeLocal {
        let part = stat.cumulativeSize > 0 ? 100 * Double(local) / Double(stat.cumulativeSize) : 100
        lines.append(
          "Local: \(sizes.text(local)) of \(sizes.text(stat.cumulativeSize)) (\(Sizes.fixed(part, decimals: 2))%)")
      }
      try Output.lines(lines.joined(separator: "\n"))
    }

    private func octal(_ permissions: UInt16) -> String {
      let digits = String(permissions, radix: 8)
      return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private func json(_ stat: Client.Files.Stat, _ session: Session) -> JSONField {
      var members: [(name: String, value: JSONField)] = [
        ("path", .text(path)), ("cid", session.field(stat.cid)), ("size", .unsigned(stat.size)),
        ("cumulativeSize", .unsigned(stat.cumulativeSize)), ("blocks", JSONField(stat.blocks)),
        ("type", .text(stat.kind.rawValue)),
      ]
      if let mode = stat.mode { members.append(("mode", .text(octal(mode.permissions)))) }
      if let mtime = stat.mtime { members.append(("mtime", .number(mtime))) }
      if let nanoseconds = stat.mtimeNsecs { members.append(("mtimeNsecs", JSONField(nanoseconds))) }
      if let local = stat.local { members.append(("local", .flag(local))) }
      if let size = stat.sizeLocal { members.append(("sizeLocal", .unsigned(size))) }
      return .object(members)
    }

    private func fill(_ template: String, _ stat: Client.Files.Stat, _ cid: String) -> String {
      let permissions = stat.mode?.permissions
      let kind: Character = stat.kind == .directory ? "d" : "-"
      let mode = permissions.map { Sizes.mode($0, kind: kind) }
      let values: [(String, String?)] = [
        ("<hash>", cid), ("<size>", String(stat.size)), ("<cumulsize>", String(stat.cumulativeSize)),
        ("<type>", stat.kind.rawValue), ("<childs>", String(stat.blocks)), ("<mode>", mode),
        ("<mode-octal>", permissions.map(octal)), ("<mtime>", stat.mtime.map(Sizes.time)),
        ("<mtime-secs>", stat.mtime.map { String($0) }), ("<mtime-nsecs>", stat.mtimeNsecs.map { String($0) }),
      ]
      return values.reduce(template) { $0.replacing($1.0, with: $1.1 ?? "") }
    }
  }

  /// `swipfs files mkdir`.
  struct MakeDirectory: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "mkdir", abstract: "Make directories.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var flushing: FlushOptions
    @Flag(name: .shortAndLong, help: "Make what is missing above, too; one that is there is no error.")
    var parents = false
    @Option(help: "The version of its CIDs.") var cidVersion: Int?
    @Option(help: "The hash function of its CIDs; implies version 1.") var hash: String?
    @Option(name: .shortAndLong, help: "Permissions to store, in octal.") var mode: String?
    @Option(help: "A time to store, in seconds since 1970.") var mtime: Int64?
    @Argument(help: "Paths of the tree.") var paths: [String]

    func perform(_ session: Session) async throws {
      let mode = try mode.map { try Permissions.parse($0) }
      for path in paths {
        try await session.client.files.mkdir(
          path, parents: parents, cidVersion: cidVersion, hash: hash, mode: mode, mtime: mtime, flush: flushing.flush)
      }
    }
  }

  /// `swipfs files cp`.
  struct Copy: NodeCommand {
    static let configuration = CommandConfiguration(
      commandName: "cp", abstract: "Put content, or what is at a path, at another path. No data is copied.",
      discussion: "The target may be a directory that ends in a slash.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var flushing: FlushOptions
    @Flag(name: .shortAndLong, help: "Make what is missing above.") var parents = false
    @Flag(help: "Replace a file that is there.") var force = false
    @Argument(help: "A path of the tree, or /ipfs/CID/a.") var source: String
    @Argument(help: "A path of the tree.") var target: String

    func perform(_ session: Session) async throws {
      try await session.client.files.cp(source, to: target, parents: parents, force: force, flush: flushing.flush)
    }
  }

  /// `swipfs files mv`.
  struct Move: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "mv", abstract: "Move what is at a path to another.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var flushing: FlushOptions
    @Argument(help: "A path of the tree.") var source: String
    @Argument(help: "A path of the tree; a directory that is there gets it inside.") var target: String

    func perform(_ session: Session) async throws {
      try await session.client.files.mv(source, to: target, flush: flushing.flush)
    }
  }

  /// `swipfs files rm`.
  struct Remove: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove what is at paths.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Flag(name: .shortAndLong, help: "Remove directories, too.") var recursive = false
    @Flag(help: "What is not there is no error; removes directories, too.") var force = false
    @Argument(help: "Paths of the tree.") var paths: [String]

    func perform(_ session: Session) async throws {
      try await session.client.files.rm(paths, recursive: recursive, force: force)
    }
  }

  /// `swipfs files read`.
  struct Read: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Print a file.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Option(name: .shortAndLong, help: "The first byte.") var offset: Int64 = 0
    @Option(name: [.customShort("n"), .long], help: "The most bytes.") var count: Int64?
    @Argument(help: "A path of the tree.") var path: String

    func perform(_ session: Session) async throws {
      try await session.write(session.client.files.read(path, offset: offset, count: count))
    }
  }

  /// `swipfs files write`.
  struct Write: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a local file, or standard input, into a file of the tree.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var flushing: FlushOptions
    @Option(name: .shortAndLong, help: "Where the first byte goes.") var offset: Int64 = 0
    @Flag(name: [.customShort("e"), .long], help: "Make the file if it is missing.") var create = false
    @Flag(name: .shortAndLong, help: "Make what is missing above.") var parents = false
    @Flag(name: .shortAndLong, help: "Empty the file first.") var truncate = false
    @Option(name: [.customShort("n"), .long], help: "The most bytes.") var count: Int64?
    @Flag(inversion: .prefixedNo, help: "Make new leaves raw blocks.") var rawLeaves: Bool?
    @Option(help: "The version of its CIDs.") var cidVersion: Int?
    @Option(help: "The hash function of its CIDs; implies version 1.") var hash: String?
    @Argument(help: "A path of the tree.") var path: String
    @Argument(help: "A local file; - or nothing for standard input.", completion: .file()) var file: String?

    func perform(_ session: Session) async throws {
      try await session.client.files.write(
        path, try Upload.input(file), offset: offset, create: create, parents: parents, truncate: truncate,
        count: count, rawLeaves: rawLeaves, cidVersion: cidVersion, hash: hash, flush: flushing.flush)
    }
  }

  /// `swipfs files flush`.
  struct Flush: NodeCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the tree, or a part of it, to the store, and print its CID.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var format: FormatOptions
    @Argument(help: "A path of the tree.") var path = "/"

    func perform(_ session: Session) async throws {
      let cid = try await session.client.files.flush(path)
      if format.json { try Output.line(["cid": session.field(cid)]) } else { try Output.line(session.text(cid)) }
    }
  }

  /// `swipfs files chmod`.
  struct ChangeMode: NodeCommand {
    static let configuration = CommandConfiguration(commandName: "chmod", abstract: "Store permissions.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var flushing: FlushOptions
    @Argument(help: "Permissions in octal; 0 removes them.") var mode: String
    @Argument(help: "Paths of the tree.") var paths: [String]

    func perform(_ session: Session) async throws {
      let mode = try Permissions.parse(mode)
      for path in paths { try await session.client.files.chmod(path, mode: mode, flush: flushing.flush) }
    }
  }

  /// `swipfs files touch`.
  struct Touch: NodeCommand {
    static let configuration = CommandConfiguration(abstract: "Store a time of change.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var flushing: FlushOptions
    @Option(name: .shortAndLong, help: "Seconds since 1970; now without it.") var mtime: Int64?
    @Option(help: "The nanoseconds of that time.") var mtimeNsecs: Int?
    @Argument(help: "Paths of the tree.") var paths: [String]

    func perform(_ session: Session) async throws {
      for path in paths {
        try await session.client.files.touch(path, mtime: mtime, mtimeNsecs: mtimeNsecs, flush: flushing.flush)
      }
    }
  }

  /// `swipfs files chcid`.
  struct ChangeCID: NodeCommand {
    static let configuration = CommandConfiguration(
      commandName: "chcid", abstract: "Change the form of the CIDs of a directory, and of what is made in it.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @OptionGroup var flushing: FlushOptions
    @Option(help: "The version of its CIDs.") var cidVersion: Int?
    @Option(help: "The hash function of its CIDs; implies version 1.") var hash: String?
    @Argument(help: "A directory of the tree.") var path: String

    func perform(_ session: Session) async throws {
      try await session.client.files.chcid(path, cidVersion: cidVersion, hash: hash, flush: flushing.flush)
    }
  }

  /// `swipfs files chroot`.
  struct ChangeRoot: NodeCommand {
    static let configuration = CommandConfiguration(
      commandName: "chroot", abstract: "Make other content the tree. What was in it is kept only if it is pinned.")

    @OptionGroup(title: "Node") var node: NodeOptions
    @Flag(help: "The tree as it was may be lost.") var confirm = false
    @Argument(help: "The CID of a directory; an empty one without it.") var cid: String?

    func perform(_ session: Session) async throws {
      try await session.client.files.chroot(cid, confirm: confirm)
    }
  }
}

extension Upload {
  /// A local file; standard input for `-` or nothing.
  static func input(_ path: String?) throws -> Upload {
    guard let path, path != "-" else { return .stream(StandardInput()) }
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw CommandError(.system, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw CommandError(.usage, "\(path) is a directory") }
    return .path(path)
  }
}
