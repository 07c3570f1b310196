import CFuse3
import Glibc
import MountTestSupport

/// What a call did.
struct CallOutcome: Equatable, CustomStringConvertible {
  var error: Int32 = 0
  var number = 0
  var bytes: [UInt8] = []

  var description: String {
    let shown = bytes.count > 64 ? "\(bytes.prefix(64))… (\(bytes.count))" : "\(bytes)"
    return error == 0 ? "\(number) \(shown)" : String(cString: strerror(error))
  }

  /// What a call throws or returns.
  init(of call: () throws -> (Int, [UInt8])) {
    do {
      (number, bytes) = try call()
    } catch let failure as SystemCallError {
      error = failure.number
    } catch {
      self.error = -1
    }
  }
}

/// One of the two places where the same calls are made.
final class CallSide {
  let root: String
  var files: [File] = []

  init(root: String) {
    self.root = root
  }

  func path(_ name: String) -> String { name.isEmpty ? root : "\(root)/\(name)" }

  /// What the test compares of a node: its kind, mode, owner, links, size and, where it was set, time.
  static func describe(_ status: stat) -> [UInt8] {
    let isDirectory = status.st_mode & S_IFMT == S_IFDIR
    // Times that were set lie in the past; others differ on the two sides, but must be of now.
    let isSet = status.st_mtim.tv_sec < 1_000_000_000
    let time = isSet ? "\(status.modified)" : "now"
    return Array(
      "\(status.st_mode) \(status.st_uid) \(status.st_gid) \(status.st_nlink) \(isDirectory ? 0 : status.st_size) \(time)"
        .utf8)
  }

  func names(in path: String) throws -> [[UInt8]] { try MountTestSupport.names(in: self.path(path)) }

  /// All paths below a directory, parents first.
  func tree(_ path: String = "") throws -> [String] {
    var paths: [String] = []
    for name in try names(in: path) {
      let below =
        path.isEmpty ? String(decoding: name, as: UTF8.self) : "\(path)/\(String(decoding: name, as: UTF8.self))"
      paths.append(below)
      if try status(self.path(below)).st_mode & S_IFMT == S_IFDIR { paths += try tree(below) }
    }
    return paths
  }

  func target(of path: String) throws -> [UInt8] {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = try check(readlink(self.path(path), &buffer, buffer.count))
    return buffer[..<count].map { UInt8(bitPattern: $0) }
  }

  func attributes(of path: String) throws -> [UInt8] {
    var buffer = [CChar](repeating: 0, count: 65536)
    let count = try check(llistxattr(self.path(path), &buffer, buffer.count))
    let names = buffer[..<count].split(separator: 0).map { $0.map { UInt8(bitPattern: $0) } }
    var all: [UInt8] = []
    for name in names.map({ String(decoding: $0, as: UTF8.self) }).sorted() where name.hasPrefix("user.") {
      all += Array(name.utf8) + [0] + (try attribute(name, self.path(path))) + [0]
    }
    return all
  }
}
