import Glibc

/// How directories are searched for what is sent.
struct UploadScan: Sendable {
  var recursive = false
  /// What of a directory is sent; nil for everything.
  var pattern: UploadPattern?
  /// Whether a period at the start of a name is matched by a period alone.
  var periodSpecial = true
  var followSymlinks = false
  /// Whether modes and times are sent along.
  var metadata = false
  /// Whether the daemon is told where files are, for `nocopy`.
  var absolutePaths = false
}

extension Command {
  /// Adds a file to send.
  func sending(file: Upload) -> Command { sending(files: [file]) }

  /// Adds files and directories to send.
  func sending(files: [Upload], _ scan: UploadScan = UploadScan()) -> Command {
    sending(
      MultipartParts {
        var walk = UploadWalk(files, scan)
        return { try walk.next() }
      })
  }
}

/// Finds the parts of uploads one by one: a directory, then its entries by name, depth first.
private struct UploadWalk {
  /// What is to be sent, the next one last.
  private var waiting: [Waiting]
  /// Parts that have been found, the next one last.
  private var found: [MultipartPart] = []
  private let scan: UploadScan
  /// Decides about what is below a directory; nil before the first part.
  private var matcher: UploadMatcher?

  private enum Waiting {
    case item(Item)
    case entries(Entries)
  }

  private struct Item {
    let upload: Upload
    /// The path that the daemon is to see; nil for none.
    let filename: LocalPath?
    /// The directory of this system that it is in; nil if it was named itself.
    let parent: Directory?

    /// - Parameter path: What the daemon is to see of where it is; nil for none.
    init(_ upload: Upload, below path: LocalPath?, _ parent: Directory? = nil) {
      self.upload = upload
      self.parent = parent
      let name = upload.sentName
      filename = path.map { path in name.map { path + [UInt8(ascii: "/")] + $0 } ?? path } ?? name
    }
  }

  /// A directory of this system whose entries are being sent.
  private final class Directory {
    let part: MultipartPart
    let parent: Directory?
    /// Its path from the one that was named; nil for that one.
    let relativePath: LocalPath?
    /// What it is, to notice that a symbolic link leads back to it.
    let identity: [UInt64]
    var isSent: Bool

    init(part: MultipartPart, parent: Directory?, relativePath: LocalPath?, identity: [UInt64], isSent: Bool) {
      self.part = part
      self.parent = parent
      self.relativePath = relativePath
      self.identity = identity
      self.isSent = isSent
    }

    func path(of name: LocalPath) -> LocalPath {
      relativePath.map { $0 + [UInt8(ascii: "/")] + name } ?? name
    }
  }

  /// The entries of a directory of this system that were not looked at yet.
  private final class Entries {
    private let path: LocalPath
    private let filename: LocalPath?
    private let directory: Directory
    private let names: LocalNames
    private var index = 0

    init(_ names: LocalNames, path: LocalPath, filename: LocalPath?, directory: Directory) {
      self.path = path
      self.filename = filename
      self.directory = directory
      self.names = names
    }

    func next() -> Item? {
      guard index < names.count else { return nil }
      defer { index += 1 }
      let path = path + [UInt8(ascii: "/")] + names[index]
      return Item(Upload(.path(path), name: nil), below: filename, directory)
    }
  }

  init(_ uploads: [Upload], _ scan: UploadScan) {
    self.scan = scan
    waiting = uploads.reversed().map { .item(Item($0, below: nil)) }
  }

  private mutating func nextItem() -> Item? {
    while let last = waiting.popLast() {
      switch last {
      case .item(let item): return item
      case .entries(let entries):
        guard let item = entries.next() else { continue }
        waiting.append(last)
        return item
      }
    }
    return nil
  }

  mutating func next() throws -> MultipartPart? {
    while found.isEmpty, let item = nextItem() {
      switch item.upload.content {
      case .bytes(let bytes): return .file(item.filename, .bytes(bytes))
      case .stream(let makeReader): return .file(item.filename, .stream(makeReader))
      case .symbolicLink(let target): return .symbolicLink(item.filename ?? [], to: Array(target.utf8))
      case .directory(let entries):
        waiting += entries.reversed().map { .item(Item($0, below: item.filename)) }
        return .directory(item.filename ?? [])
      case .path(let path): try visit(path, item)
      }
    }
    return found.popLast()
  }

  /// Looks at a path of this system. What is no file, directory or symbolic link is left out, unless it was named.
  private mutating func visit(_ path: LocalPath, _ item: Item) throws {
    var status = stat()
    // A path that was named is what it points to.
    let follows = scan.followSymlinks || item.parent == nil
    guard path.withCPath({ follows ? stat($0, &status) : lstat($0, &status) }) == 0 else {
      throw LocalFileError.make("look at", path)
    }
    var part: MultipartPart
    switch status.st_mode & S_IFMT {
    case S_IFREG: part = .file(item.filename, .file(path, follows: follows))
    case S_IFLNK: part = .symbolicLink(item.filename ?? [], to: try Self.target(of: path))
    case S_IFDIR: part = .directory(item.filename ?? [])
    default:
      guard item.parent == nil else { return }
      throw ClientError(.encoding, "\(path.text) is no file, directory or symbolic link")
    }
    if scan.metadata {
      part.metadata = [
        (name: "mode", value: "0" + String(status.st_mode & 0o7777, radix: 8)),
        (name: "mtime", value: String(status.st_mtim.tv_sec)),
        (name: "mtime-nsecs", value: String(status.st_mtim.tv_nsec)),
      ]
    }
    if scan.absolutePaths { part.absolutePath = Self.place(of: path, status) }
    let isDirectory = status.st_mode & S_IFMT == S_IFDIR
    let choice = try choose(item, isDirectory)
    if choice.isSent { send(part, below: item.parent) }
    guard isDirectory, choice.isEntered else { return }
    try enter(path, item, part, identity: [UInt64(status.st_dev), UInt64(status.st_ino)], isSent: choice.isSent)
  }

  /// Whether something is sent, and if it is a directory, whether its entries are looked at.
  private mutating func choose(_ item: Item, _ isDirectory: Bool) throws -> (isSent: Bool, isEntered: Bool) {
    let matcher = try matcher ?? scan.pattern?.matcher(periodSpecial: scan.periodSpecial) ?? .all
    self.matcher = matcher
    // What was named is sent in any case.
    guard let parent = item.parent, let name = item.upload.sentName else { return (true, true) }
    let path = parent.path(of: name).text
    return (matcher.shouldReport(path, isDirectory), isDirectory && scan.recursive && matcher.shouldDescend(path))
  }

  /// Gives out a part, and before it the directories that it is in, if that has not been done.
  private mutating func send(_ part: MultipartPart, below directory: Directory?) {
    found.append(part)
    var directory = directory
    while let unsent = directory, !unsent.isSent {
      found.append(unsent.part)
      unsent.isSent = true
      directory = unsent.parent
    }
  }

  private mutating func enter(
    _ path: LocalPath, _ item: Item, _ part: MultipartPart, identity: [UInt64], isSent: Bool
  ) throws {
    var ancestor = item.parent
    while let directory = ancestor {
      guard directory.identity != identity else {
        throw ClientError(.encoding, "the symbolic link \(path.text) leads back to a directory that it is in")
      }
      ancestor = directory.parent
    }
    let directory = Directory(
      part: part, parent: item.parent,
      relativePath: item.upload.sentName.flatMap { name in item.parent.map { $0.path(of: name) } },
      identity: identity, isSent: isSent)
    let follows = scan.followSymlinks || item.parent == nil
    let names = try LocalNames(of: path, follows: follows)
    waiting.append(.entries(Entries(names, path: path, filename: item.filename, directory: directory)))
  }

  /// Where a file is. As it was named: the daemon compares the text with that of its own place. Where `..` stands behind a
  /// symbolic link that is another file; then it is where it really is.
  private static func place(of path: LocalPath, _ status: stat) -> LocalPath? {
    var named = stat()
    if let absolute = path.absolute, absolute.withCPath({ stat($0, &named) }) == 0, named.st_dev == status.st_dev,
      named.st_ino == status.st_ino
    {
      return absolute
    }
    return path.resolved
  }

  private static func target(of path: LocalPath) throws -> LocalPath {
    var length = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
      buffer.withMemoryRebound(to: CChar.self) { buffer in
        length = buffer.baseAddress.map { target in path.withCPath { readlink($0, target, buffer.count) } } ?? -1
      }
      count = max(length, 0)
    }
    guard length >= 0 else { throw LocalFileError.make("read", path) }
    return bytes
  }
}

extension Upload {
  /// The name that the daemon is to see.
  fileprivate var sentName: LocalPath? {
    if let name { return Array(name.utf8) }
    guard case .path(let path) = content else { return nil }
    if let last = path.lastName, last != [UInt8(ascii: ".")], last != [UInt8(ascii: "."), UInt8(ascii: ".")] {
      return last
    }
    return path.resolved?.lastName
  }
}
