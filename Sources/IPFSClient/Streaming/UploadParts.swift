import Glibc

/// How directories are searched for what is sent.
struct UploadScan: Sendable {
  var recursive = false
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
  private var waiting: [Item]
  private let scan: UploadScan

  private struct Item {
    let upload: Upload
    /// The path that the daemon is to see; nil for none.
    let filename: String?
    /// How many directories of this system it is below the one that was named.
    let depth: Int
  }

  init(_ uploads: [Upload], _ scan: UploadScan) {
    self.scan = scan
    waiting = uploads.reversed().map { Item(upload: $0, filename: $0.sentName, depth: 0) }
  }

  mutating func next() throws -> MultipartPart? {
    while let item = waiting.popLast() {
      switch item.upload.content {
      case .bytes(let bytes): return .file(item.filename, .bytes(bytes))
      case .stream(let makeReader): return .file(item.filename, .stream(makeReader))
      case .symbolicLink(let target): return .symbolicLink(item.filename ?? "", to: target)
      case .directory(let entries):
        for entry in entries.reversed() { push(entry, below: item, depth: 0) }
        return .directory(item.filename ?? "")
      case .path(let path):
        if let part = try part(path, item) { return part }
      }
    }
    return nil
  }

  private mutating func push(_ upload: Upload, below item: Item, depth: Int) {
    let name = [item.filename, upload.sentName].compactMap { $0 }.joined(separator: "/")
    waiting.append(Item(upload: upload, filename: name, depth: depth))
  }

  /// The part of a path of this system; nil for what is no file, directory or symbolic link.
  private mutating func part(_ path: String, _ item: Item) throws -> MultipartPart? {
    var status = stat()
    // A path that was named is what it points to.
    let follows = scan.followSymlinks || item.depth == 0
    guard (follows ? stat(path, &status) : lstat(path, &status)) == 0 else { throw FileError.make("look at", path) }
    var part: MultipartPart
    switch status.st_mode & S_IFMT {
    case S_IFREG: part = .file(item.filename, .file(path))
    case S_IFLNK: part = .symbolicLink(item.filename ?? "", to: try Self.target(of: path))
    case S_IFDIR:
      part = .directory(item.filename ?? "")
      if scan.recursive || item.depth == 0 {
        for name in try Self.entries(of: path).reversed() {
          push(.path(path + "/" + name), below: item, depth: item.depth + 1)
        }
      }
    default: return nil
    }
    if scan.metadata {
      part.metadata = [
        (name: "mode", value: "0" + String(status.st_mode & 0o7777, radix: 8)),
        (name: "mtime", value: String(status.st_mtim.tv_sec)),
        (name: "mtime-nsecs", value: String(status.st_mtim.tv_nsec)),
      ]
    }
    if scan.absolutePaths, let absolute = realpath(path, nil) {
      part.absolutePath = String(cString: absolute)
      free(absolute)
    }
    return part
  }

  /// The names in a directory, in order.
  private static func entries(of path: String) throws -> [String] {
    guard let directory = opendir(path) else { throw FileError.make("list", path) }
    defer { closedir(directory) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
          String(cString: $0)
        }
      }
      if name != ".", name != ".." { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw FileError.make("list", path) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private static func target(of path: String) throws -> String {
    var length = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
      buffer.withMemoryRebound(to: CChar.self) { buffer in
        length = buffer.baseAddress.map { readlink(path, $0, buffer.count) } ?? -1
      }
      count = max(length, 0)
    }
    guard length >= 0 else { throw FileError.make("read", path) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension Upload {
  /// The name that the daemon is to see.
  fileprivate var sentName: String? {
    if let name { return name }
    guard case .path(let path) = content else { return nil }
    if let last = path.split(separator: "/").last, last != ".", last != ".." { return String(last) }
    guard let absolute = realpath(path, nil) else { return nil }
    defer { free(absolute) }
    return String(cString: absolute).split(separator: "/").last.map(String.init)
  }
}
