import Foundation
import Glibc

/// A new folder that every user can enter; to be removed with ``remove()``.
package struct TemporaryFolder {
  /// Its path, without symbolic links.
  package let path: String

  /// Makes one.
  package init() throws {
    let parent = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path
    var template = Array("\(parent)/swipfs-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemCallError(number: errno) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try check(chmod(path, 0o755))
  }

  /// Makes a folder in it and returns that one's path.
  package func makeFolder(_ name: String) throws -> String {
    try check(mkdir("\(path)/\(name)", 0o755))
    return "\(path)/\(name)"
  }

  /// Removes it with everything in it, on its own file system only.
  package func remove() {
    _ = try? Shell.run("rm -rf --one-file-system \"$folder\"", environment: ["folder": path])
  }
}

/// Runs `body` with a new folder, which is removed afterwards.
package func withTemporaryFolder(_ body: (TemporaryFolder) throws -> Void) throws {
  let folder = try TemporaryFolder()
  defer { folder.remove() }
  try body(folder)
}
