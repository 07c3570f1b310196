import CLinux
public import Foundation
import Glibc

/// A node's folder on disk.
///
/// ```
///   version     the layout's version     blocks/     every block, in go-ds-flatfs format
///   config      JSON with Kubo's keys    swipfs.db   the tree, its journal, checksums of blocks
///   repo.lock   held while in use        spool/      bytes of files being written, kept by the file system
///   keystore/   key pairs, as in Kubo    reserve     space to free for `rm` on a full disk
/// ```
public struct Repo: Sendable, Hashable {
  /// The version of the layout that this code reads and writes.
  static let version = 1

  /// The folder.
  public let path: String

  /// Names a folder; nothing is looked at or made yet.
  public init(path: String) {
    self.path = path
  }

  /// The folder that is used where none is named: `$SWIPFS_PATH`, else `$XDG_DATA_HOME/swipfs`, else
  /// `~/.local/share/swipfs`.
  public static func defaultPath(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
    if let path = environment["SWIPFS_PATH"], !path.isEmpty { return path }
    // The XDG specification tells to ignore relative paths.
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") { return "\(data)/swipfs" }
    return "\(environment["HOME"] ?? "/root")/.local/share/swipfs"
  }

  var blocks: String { "\(path)/blocks" }
  var database: String { "\(path)/swipfs.db" }
  var lock: String { "\(path)/repo.lock" }
  var reserve: String { "\(path)/reserve" }
  var configuration: String { "\(path)/config" }
  var keystore: String { "\(path)/keystore" }
  private var versionFile: String { "\(path)/version" }

  /// The folder for files being written. The node makes it and leaves it to the file system.
  public var spool: String { "\(path)/spool" }

  /// Whether there is a repo in the folder.
  public var exists: Bool { access(versionFile, F_OK) == 0 }

  /// Makes the folder, and the folders above it, where they are not.
  func makeFolder() throws(NodeError) {
    var changed: [String] = []
    while access(changed.last ?? path, F_OK) != 0 {
      let above = ((changed.last ?? path) as NSString).deletingLastPathComponent
      changed.append(above.isEmpty ? "." : above)
    }
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      throw NodeError(.unusableRepo, "cannot make the repo folder \(path)", cause: error)
    }
    // Best effort: others' folders need not be readable.
    for folder in changed { try? Self.syncFolder(folder) }
  }

  /// Fills a new folder, or checks that the layout of an old one can be used. The caller holds the lock.
  func prepare() throws(NodeError) {
    if let text = try? String(contentsOfFile: versionFile, encoding: .utf8) {
      guard let found = Self.version(in: text) else {
        throw NodeError(.unusableRepo, "\(versionFile) holds no version number")
      }
      guard found <= Self.version else {
        throw NodeError(
          .newerRepo,
          "the repo \(path) has version \(found), made by a newer swipfs; this one knows versions up to \(Self.version)"
        )
      }
    } else {
      try refuseForeignFolder()
    }
    for folder in [blocks, "\(blocks)/\(BlockPath.temporaryFolder)", spool] {
      guard mkdir(folder, 0o700) == 0 || errno == EEXIST else { throw .system("mkdir", folder) }
    }
    try Self.write(BlockPath.sharding, to: "\(blocks)/SHARDING", unlessThere: true)
    // Last, so that a version says that all else is there.
    try Self.write("\(Self.version)\n", to: versionFile, unlessThere: true)
  }

  /// The layout's version that the file `version` names; nil for what is none.
  package static func version(in text: String) -> Int? {
    Int(text.trimmingCharacters(in: .whitespacesAndNewlines)).flatMap { $0 > 0 ? $0 : nil }
  }

  /// A folder that has other things in it is somebody else's: a mistyped path must not scatter files there.
  private func refuseForeignFolder() throws(NodeError) {
    let own: Set<String> = [
      "api", "blocks", "config", "control", "keystore", "log", "repo.lock", "reserve", "rpc", "spool", "swipfs.db",
    ]
    let found = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    if let foreign = found.first(where: { !own.contains($0) }) {
      throw NodeError(.unusableRepo, "\(path) is no swipfs repo, and not empty: it has \(foreign)")
    }
  }

  /// Ends the name of a file that is being written.
  static let temporarySuffix = ".new"

  /// Writes a small file durably: all of it is there under its name, or nothing.
  static func write(_ text: String, to path: String, unlessThere: Bool = false) throws(NodeError) {
    if unlessThere, access(path, F_OK) == 0 { return }
    try write(Array(text.utf8), to: path)
  }

  /// Writes a small file durably: all of it is there under its name, or what was before. The name itself survives a
  /// power cut once the folder is synced.
  static func write(_ bytes: [UInt8], to path: String) throws(NodeError) {
    let temporary = path + temporarySuffix
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system("open", temporary) }
    let written = Glibc.write(file, bytes, bytes.count) == bytes.count && fsync(file) == 0
    let number = errno
    close(file)
    guard written else {
      unlink(temporary)
      throw .system("write", temporary, errno: number)
    }
    guard rename(temporary, path) == 0 else {
      let number = errno
      unlink(temporary)
      throw .system("rename", path, errno: number)
    }
  }

  /// Brings everything that was written to the repo's file system to the disk.
  func syncFileSystem() throws(NodeError) {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw .system("open", path) }
    defer { close(folder) }
    guard syncfs(folder) == 0 else { throw .system("syncfs", path) }
  }

  /// Makes the names in a folder survive a power cut.
  static func syncFolder(_ path: String) throws(NodeError) {
    let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw .system("open", path) }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw .system("fsync", path) }
  }
}
