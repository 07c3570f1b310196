import Foundation
import Glibc

/// Writes the entries of an archive below a directory, and nothing anywhere else.
///
/// Every name is looked up in the directory that was opened before it, without following symbolic links, so that no
/// entry, and no other program that changes the tree meanwhile, leads out of it. An archive has one root: a file, a
/// symbolic link, or a directory that all else is in; it gets a name that the caller chooses. Directories that are there
/// are kept and filled; a file or symbolic link replaces another one, or an empty directory, once it is complete.
final class Extraction {
  /// A directory that entries are being written to.
  private struct Level {
    let name: LocalPath
    let descriptor: LocalDescriptor
    /// What gives mode and time once all is in it; nil for the target, and for one that the archive comes back to.
    let entry: TarEntry?
  }

  /// A file that is being written, under a name of its own until it is complete.
  private struct OpenFile {
    let entry: TarEntry
    let temporaryName: LocalPath
    let name: LocalPath
    let descriptor: LocalDescriptor
  }

  /// The most directories within each other, for each is open: more than paths of this system are useful with.
  private static let depthLimit = 512

  private let rootName: LocalPath
  /// The root as the archive has it; nil before the first entry.
  private var root: TarEntry?
  /// The target, and directories from there down to the one that was written to last.
  private var levels: [Level]
  private var file: OpenFile?

  /// Opens the directory to write to, and makes it if it is missing.
  ///
  /// - Parameter name: What the root of the archive is called there.
  init(into directory: String, as name: String) throws(ClientError) {
    guard Self.isName(Array(name.utf8)) else { throw ClientError(.decoding, "\"\(name)\" is no name for a file") }
    rootName = Array(name.utf8)
    let path = Array(directory.utf8)
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      guard let reason = (error as? CocoaError)?.underlying as? POSIXError else {
        throw ClientError(.decoding, "cannot make \(directory)", cause: error)
      }
      errno = reason.code.rawValue
      throw LocalFileError.make("make", path, .decoding)
    }
    guard let descriptor = LocalDescriptor(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) else {
      throw LocalFileError.make("open", path, .decoding)
    }
    levels = [Level(name: path, descriptor: descriptor, entry: nil)]
  }

  /// Takes the next event of the archive.
  func handle(_ event: TarParser.Event) throws(ClientError) {
    switch event {
    case .entry(let entry): try begin(entry)
    case .bytes(let bytes): try write(bytes)
    case .endOfFile: try endFile()
    }
  }

  /// Sets the modes and times of the directories that are still open.
  func finish() throws(ClientError) {
    guard root != nil else { throw ClientError(.decoding, "the archive is empty") }
    try leave(to: 1)
  }

  /// Takes back the file that is not complete, and leaves all else as if it were.
  func abandon() {
    if let file {
      _ = file.temporaryName.withCPath { unlinkat(current, $0, 0) }
      self.file = nil
    }
    // The error that led here says more.
    while levels.count > 1 { try? leave(to: levels.count - 1) }
  }

  /// The directory that is being written to.
  private var current: Int32 { levels[levels.count - 1].descriptor.number }

  /// The path of a name in that directory, for people.
  private func path(_ name: LocalPath) -> LocalPath {
    Array((levels.map(\.name) + [name]).joined(separator: [UInt8(ascii: "/")]))
  }

  private func error(_ call: String, _ name: LocalPath) -> ClientError {
    LocalFileError.make(call, path(name), .decoding)
  }

  private func begin(_ entry: TarEntry) throws(ClientError) {
    var names = try Self.names(of: entry)
    if let root {
      guard root.kind == .directory, names.count > 1, names[0] == (try Self.names(of: root))[0] else {
        throw ClientError(.decoding, "the archive has \"\(entry.name.text)\", which is not in its root")
      }
    } else {
      guard names.count == 1 else {
        throw ClientError(.decoding, "the archive begins with \"\(entry.name.text)\", which is no root")
      }
      root = entry
    }
    guard names.count <= Self.depthLimit else {
      throw ClientError(.decoding, "the archive is more than \(Self.depthLimit) directories deep")
    }
    names[0] = rootName
    let name = names.removeLast()
    try enter(names)
    switch entry.kind {
    case .directory: try makeDirectory(name, entry)
    case .file: try beginFile(name, entry)
    case .symbolicLink(let target): try makeSymbolicLink(name, to: target, entry)
    }
  }

  /// The names of a path, checked.
  private static func names(of entry: TarEntry) throws(ClientError) -> [LocalPath] {
    var path = entry.name[...]
    if entry.kind == .directory, path.last == UInt8(ascii: "/") { path.removeLast() }
    let names = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map { Array($0) }
    guard names.allSatisfy(isName) else {
      throw ClientError(.decoding, "the archive has the name \"\(entry.name.text)\", which is not safe")
    }
    return names
  }

  private static func isName(_ bytes: LocalPath) -> Bool {
    !bytes.isEmpty && bytes != [UInt8(ascii: ".")] && bytes != [UInt8(ascii: "."), UInt8(ascii: ".")]
      && !bytes.contains(0) && !bytes.contains(UInt8(ascii: "/"))
  }

  /// Goes to a directory below the target, which must be there.
  private func enter(_ names: [LocalPath]) throws(ClientError) {
    let common = zip(levels.dropFirst(), names).prefix { $0.name == $1 }.count
    try leave(to: common + 1)
    for name in names.dropFirst(common) { try push(name, nil) }
  }

  private func push(_ name: LocalPath, _ entry: TarEntry?) throws(ClientError) {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    guard let descriptor = LocalDescriptor(name.withCPath({ openat(current, $0, flags) })) else {
      throw error("open the directory", name)
    }
    levels.append(Level(name: name, descriptor: descriptor, entry: entry))
  }

  /// Leaves directories until so many are open.
  private func leave(to count: Int) throws(ClientError) {
    while levels.count > count {
      let level = levels.removeLast()
      if let entry = level.entry { try setAttributes(level.descriptor, level.name, entry) }
    }
  }

  private func makeDirectory(_ name: LocalPath, _ entry: TarEntry) throws(ClientError) {
    // Others see it when it is complete.
    let isMade = name.withCPath { mkdirat(current, $0, 0o700) } == 0
    guard isMade || errno == EEXIST else { throw error("make the directory", name) }
    try push(name, entry)
    // One that is there may be read-only, as an earlier extraction left it. Where this fails, writing to it tells.
    if !isMade { fchmod(current, 0o700) }
  }

  private func beginFile(_ name: LocalPath, _ entry: TarEntry) throws(ClientError) {
    let temporaryName = Self.temporaryName()
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
    guard let descriptor = LocalDescriptor(temporaryName.withCPath({ openat(current, $0, flags, 0o600) })) else {
      throw error("make a file for", name)
    }
    file = OpenFile(entry: entry, temporaryName: temporaryName, name: name, descriptor: descriptor)
  }

  private func write(_ bytes: ArraySlice<UInt8>) throws(ClientError) {
    guard let file else { return }
    let isWritten = bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Glibc.write(file.descriptor.number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
    guard isWritten else { throw error("write", file.name) }
  }

  private func endFile() throws(ClientError) {
    guard let file else { return }
    try setAttributes(file.descriptor, file.name, file.entry)
    try place(file.temporaryName, as: file.name)
    self.file = nil
  }

  private func makeSymbolicLink(
    _ name: LocalPath, to target: LocalPath, _ entry: TarEntry
  ) throws(ClientError) {
    guard !target.contains(0) else { throw TarParser.damaged("the target of a symbolic link") }
    let temporaryName = Self.temporaryName()
    let isMade = target.withCPath { target in
      temporaryName.withCPath { symlinkat(target, current, $0) == 0 }
    }
    guard isMade else { throw error("make the symbolic link", name) }
    do throws(ClientError) {
      let times = Self.times(of: entry)
      guard temporaryName.withCPath({ utimensat(current, $0, times, AT_SYMLINK_NOFOLLOW) }) == 0 else {
        throw error("set the time of", name)
      }
      try place(temporaryName, as: name)
    } catch {
      _ = temporaryName.withCPath { unlinkat(current, $0, 0) }
      throw error
    }
  }

  /// Gives what is complete its name, in place of what has it.
  private func place(_ temporaryName: LocalPath, as name: LocalPath) throws(ClientError) {
    func rename() -> Bool {
      temporaryName.withCPath { old in name.withCPath { renameat(current, old, current, $0) == 0 } }
    }
    if rename() { return }
    // An empty directory makes room, one with something in it does not.
    guard errno == EISDIR, name.withCPath({ unlinkat(current, $0, AT_REMOVEDIR) }) == 0, rename() else {
      throw error("replace", name)
    }
  }

  private func setAttributes(
    _ descriptor: LocalDescriptor, _ name: LocalPath, _ entry: TarEntry
  ) throws(ClientError) {
    // What comes from others sets no user and no group for those who run it.
    guard fchmod(descriptor.number, mode_t(entry.mode & 0o777)) == 0 else { throw error("set the mode of", name) }
    guard futimens(descriptor.number, Self.times(of: entry)) == 0 else { throw error("set the time of", name) }
  }

  /// The times of an entry: the time of the last access stays.
  private static func times(of entry: TarEntry) -> [timespec] {
    [
      // UTIME_OMIT, a macro that Swift cannot import.
      timespec(tv_sec: 0, tv_nsec: (1 << 30) - 2),
      timespec(tv_sec: Int(entry.mtime), tv_nsec: entry.mtimeNsecs),
    ]
  }

  private static func temporaryName() -> LocalPath {
    Array((".ipfs-get-" + String(UInt64.random(in: .min ... .max), radix: 36)).utf8)
  }
}
