import Foundation
import IPFSMount

/// What there is to add: how many bytes, for a progress bar, and whether all of it can be added.
struct TreeSize: Sendable {
  /// A path or name with a zero at its end. It need not be UTF-8.
  private typealias Path = [CChar]

  private struct Identity: Equatable {
    let device: UInt64
    let number: UInt64
  }

  /// What is left out.
  let rules: IgnoreRules
  /// Whether symbolic links are followed.
  let follows: Bool

  /// The bytes of files and of what is in directories; nil if standard input is among them.
  ///
  /// - Throws: `system` if a pipe, socket or device is found, which IPFS has no form for. What cannot be read is left to
  ///   be told of when it is sent.
  func total(of paths: [String]) throws -> UInt64? {
    var sum: UInt64 = 0
    for path in paths where path != "-" {
      sum += try size(Array(path.utf8CString), relative: "", within: [])
    }
    return paths.isEmpty || paths.contains("-") ? nil : sum
  }

  /// - Parameter ancestors: The directories that it is in.
  private func size(_ path: Path, relative: String, within ancestors: [Identity]) throws -> UInt64 {
    try Task.checkCancellation()
    let isNamed = relative.isEmpty
    var status = stat()
    // A path that was named is what it points to.
    guard (follows || isNamed ? stat(path, &status) : lstat(path, &status)) == 0 else { return 0 }
    let kind = status.st_mode & S_IFMT
    guard isNamed || !rules.excludes(relative, isDirectory: kind == S_IFDIR) else { return 0 }
    switch kind {
    case S_IFREG: return UInt64(max(0, status.st_size))
    case S_IFLNK: return 0
    case S_IFDIR:
      let identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
      // A symbolic link that leads back would be followed for ever.
      guard !ancestors.contains(identity) else { return 0 }
      var sum: UInt64 = 0
      for name in Self.names(in: path) {
        let inner = (isNamed ? "" : relative + "/") + Self.text(name)
        sum += try size(
          path.dropLast() + [CChar(UInt8(ascii: "/"))] + name, relative: inner, within: ancestors + [identity])
      }
      return sum
    default: throw Self.error(Self.text(path), kind, isNamed: isNamed)
    }
  }

  /// The names in a directory, which is closed again: trees may be deeper than a process may have files open.
  private static func names(in path: Path) -> [Path] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [Path] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
          Path(UnsafeBufferPointer(start: $0, count: strlen($0) + 1))
        }
      }
      if !["." as String, ".."].contains(text(name)) { names.append(name) }
    }
    return names
  }

  private static func text(_ path: Path) -> String {
    String(decoding: path.dropLast().lazy.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func error(_ path: String, _ kind: mode_t, isNamed: Bool) -> CommandError {
    let what =
      switch kind {
      case S_IFIFO: "a pipe"
      case S_IFSOCK: "a socket"
      default: "a device"
      }
    let remedy = isNamed ? "`swipfs add -` adds what comes from standard input" : "leave it out with --ignore"
    return CommandError(.system, "cannot add \(path): it is \(what), no file, directory or symbolic link; \(remedy)")
  }
}
