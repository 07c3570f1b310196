import ArgumentParser
import Foundation
import IPFSClient
import IPFSMount

/// `swipfs add`.
struct AddCommand: NodeCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Add files and directories, and print their CIDs.",
    discussion: "Without a path, or with -, standard input is added.")

  /// How content becomes a DAG.
  struct ImportOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Lay files out as trickle DAGs.") var trickle = false
    @Option(name: [.customShort("s"), .long], help: "size-BYTES, rabin-MIN-AVG-MAX or buzhash.") var chunker: String?
    @Flag(inversion: .prefixedNo, help: "Make leaves raw blocks.") var rawLeaves: Bool?
    @Option(help: "The version of CIDs: 0 or 1.") var cidVersion: Int?
    @Option(help: "The hash function, such as sha2-256 or blake3; implies CID version 1.") var hash: String?
    @Flag(help: "Make small blocks part of their CIDs.") var inline = false
    @Option(help: "The most bytes of such a block.") var inlineLimit: Int?
    @Option(help: "The most links of a node of a file.") var maxFileLinks: Int?
    @Option(help: "The most links of a directory that is not sharded.") var maxDirectoryLinks: Int?
    @Option(name: .customLong("max-hamt-fanout"), help: "The most links of a node of a sharded directory.")
    var maxHAMTFanout: Int?
    @Flag(help: "Store the modes of files.") var preserveMode = false
    @Flag(help: "Store the times of files.") var preserveMtime = false
    @Option(help: "Permissions to store with everything, in octal.") var mode: String?
    @Option(help: "A time to store with everything, in seconds since 1970.") var mtime: Int64?
    @Option(help: "The nanoseconds of that time.") var mtimeNsecs: Int?
    @Flag(name: .customLong("empty-dirs"), inversion: .prefixedNo, help: "Add empty directories, too.")
    var emptyDirectories = true
    @Flag(help: "Read files where they are instead of copying them, if the node can.") var nocopy = false
    @Flag(help: "Let the node look first whether it has a block.") var fscache = false
  }

  /// What of directories is added.
  struct SelectionOptions: ParsableArguments {
    @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Add directories with what is in them.")
    var recursive = false
    @Flag(name: [.customShort("H"), .long], help: "Add hidden files, too.") var hidden = false
    @Option(help: "Leave out what this rule of gitignore(5) matches; may be repeated.") var ignore: [String] = []
    @Option(help: "A file of such rules.", completion: .file()) var ignoreRulesPath: String?
    @Flag(help: "Add what symbolic links point to instead of the links.") var dereferenceSymlinks = false
    @Flag(help: "Do so with the links alone that are named as arguments.") var dereferenceArgs = false
  }

  @OptionGroup(title: "Selection") var selection: SelectionOptions
  @OptionGroup(title: "Import") var importing: ImportOptions
  @OptionGroup(title: "Node") var node: NodeOptions
  @OptionGroup var format: FormatOptions
  @Flag(name: .shortAndLong, help: "Print CIDs alone.") var quiet = false
  @Flag(name: [.customShort("Q"), .long], help: "Print the last CID alone.") var quieter = false
  @Flag(help: "Print nothing.") var silent = false
  @Flag(name: .shortAndLong, inversion: .prefixedNo, help: "Show how far it is, at a terminal.") var progress = true
  @Flag(name: [.customShort("n"), .long], help: "Compute CIDs and store nothing.") var onlyHash = false
  @Flag(name: [.customShort("w"), .long], help: "Make a directory around everything.") var wrapWithDirectory = false
  @Flag(inversion: .prefixedNo, help: "Pin what is added.") var pin = true
  @Option(help: "A name for the pin.") var pinName: String?
  @Option(help: "A path in MFS where it is put, too; a directory with a slash at its end.") var toFiles: String?
  @Option(help: "A name for what comes from standard input.") var stdinName: String?
  @Argument(help: "Files and directories.", completion: .file()) var paths: [String] = []

  func perform(_ session: Session) async throws {
    let rules = try selection.rules()
    let uploads = try uploads()
    let bar = Progress("adding", isShown: progress && !silent)
    defer { bar.finish() }
    // Also where no bar is shown: what cannot be added ends it before anything is sent.
    let trees = paths.filter { !selection.isAddedAsLink($0) }
    bar.set(total: try TreeSize(rules: rules, follows: selection.dereferenceSymlinks).total(of: trees))
    var last: Client.AddedEntry?
    func note(_ entry: Client.AddedEntry) throws {
      last = entry
      if !quieter, !silent { try show(entry, session) }
    }
    if bar.isShown {
      var account = AddProgress(bar)
      let events = session.client.addWithProgress(
        uploads, recursive: selection.recursive, pattern: rules.pattern,
        followSymlinks: selection.dereferenceSymlinks, options: try options())
      for try await event in events {
        switch event {
        case .progress(let name, let bytes): account.note(name, bytes)
        case .added(let entry):
          account.end()
          try note(entry)
        }
      }
    } else {
      // An event for each small file is much of the work that it is.
      let entries = session.client.add(
        uploads, recursive: selection.recursive, pattern: rules.pattern,
        followSymlinks: selection.dereferenceSymlinks, options: try options())
      for try await entry in entries { try note(entry) }
    }
    if quieter, !silent, let last { try show(last, session) }
  }

  private func show(_ entry: Client.AddedEntry, _ session: Session) throws {
    let cid = session.text(entry.cid)
    if format.json {
      return try Output.line(["cid": .text(cid), "name": .text(entry.name), "size": .unsigned(entry.size)])
    }
    try Output.line(quiet || quieter ? cid : "added \(cid)" + (entry.name.isEmpty ? "" : " \(entry.name)"))
  }

  private func uploads() throws -> [Upload] {
    guard !paths.isEmpty, paths != ["-"] else {
      if isatty(STDIN_FILENO) == 1 { Terminal.line("reading standard input; Ctrl-D ends it") }
      return [.stream(StandardInput(), name: stdinName)]
    }
    return try paths.map { path in
      guard path != "-" else { return .stream(StandardInput(), name: stdinName) }
      if selection.isAddedAsLink(path) { return try SymbolicLink.upload(of: path) }
      var status = stat()
      guard stat(path, &status) == 0 else {
        throw CommandError(.system, "cannot add \(path): \(String(cString: strerror(errno)))")
      }
      if status.st_mode & S_IFMT == S_IFDIR, !selection.recursive {
        throw CommandError(.usage, "\(path) is a directory: -r adds directories with what is in them")
      }
      return .path(path)
    }
  }

  private func options() throws -> AddOptions {
    var options = AddOptions(
      trickle: importing.trickle, onlyHash: onlyHash, wrapWithDirectory: wrapWithDirectory, chunker: importing.chunker,
      pin: pin, pinName: pinName, rawLeaves: importing.rawLeaves, nocopy: importing.nocopy, fscache: importing.fscache,
      cidVersion: importing.cidVersion, hash: importing.hash, inline: importing.inline,
      inlineLimit: importing.inlineLimit, maxFileLinks: importing.maxFileLinks,
      maxDirectoryLinks: importing.maxDirectoryLinks, maxHAMTFanout: importing.maxHAMTFanout, toFiles: toFiles,
      preserveMode: importing.preserveMode, preserveMtime: importing.preserveMtime,
      mode: try importing.mode.map { try Permissions.parse($0) }, mtime: importing.mtime,
      mtimeNsecs: importing.mtimeNsecs)
    if !importing.emptyDirectories { options.emptyDirs = false }
    return options
  }
}

extension AddCommand.SelectionOptions {
  /// Whether an argument is a symbolic link that is added itself, as Kubo does.
  ///
  /// Links of the kernel, such as /dev/stdin, mean nothing elsewhere and stand for what is behind them.
  func isAddedAsLink(_ path: String) -> Bool {
    guard !dereferenceSymlinks, !dereferenceArgs, path != "-" else { return false }
    guard !path.hasPrefix("/dev/"), !path.hasPrefix("/proc/") else { return false }
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// What is left out.
  func rules() throws -> IgnoreRules {
    var lines = ignore
    if let ignoreRulesPath {
      guard let text = try? String(contentsOfFile: ignoreRulesPath, encoding: .utf8) else {
        throw CommandError(.system, "cannot read \(ignoreRulesPath): \(String(cString: strerror(errno)))")
      }
      lines = text.split(whereSeparator: \.isNewline).map(String.init) + lines
    }
    return IgnoreRules(lines, includesHidden: hidden)
  }
}

/// Symbolic links that are named as arguments.
private enum SymbolicLink {
  /// A link, without what it points to.
  static func upload(of path: String) throws -> Upload {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &buffer, buffer.count)
    guard count >= 0 else {
      throw CommandError(.system, "cannot read the link \(path): \(String(cString: strerror(errno)))")
    }
    guard let target = String(validating: buffer[..<count], as: UTF8.self) else {
      throw CommandError(
        .system, "the link \(path) points to a name that is no UTF-8: --dereference-args adds what is there")
    }
    return .symbolicLink(name: path.split(separator: "/").last.map(String.init) ?? path, target: target)
  }
}

/// Octal permissions.
enum Permissions {
  /// Reads them: `644`, `0644`.
  static func parse(_ text: String) throws(CommandError) -> UInt16 {
    guard let mode = UInt16(text, radix: 8), mode <= 0o7777 else {
      throw CommandError(.usage, "\(text) are no permissions: they are written in octal, as 0644")
    }
    return mode
  }
}

/// Adds up what `add` tells of single files.
private struct AddProgress {
  private let bar: Progress
  /// Bytes of files that are done.
  private var before: UInt64 = 0
  private var file: UInt64 = 0

  init(_ bar: Progress) {
    self.bar = bar
  }

  /// So much of a file was read.
  mutating func note(_ name: String, _ bytes: UInt64) {
    file = bytes
    bar.set(done: before + file, note: name)
  }

  /// The file is done.
  mutating func end() {
    before += file
    file = 0
  }
}
