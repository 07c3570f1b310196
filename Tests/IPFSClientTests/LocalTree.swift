import Foundation
import Glibc
import Testing

/// A directory of a test, with what is in it; removed at the end.
final class LocalTree {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("swipfs-\(UUID())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    // Directories that nobody may write to are removed, too.
    _ = try? run("chmod -R u+rwx '\(path)'; rm -rf '\(path)'")
  }

  /// Writes a file, and makes the directories above it.
  func write(_ name: String, _ text: String = "") throws {
    let url = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// Makes a symbolic link.
  func link(_ name: String, to target: String) throws {
    #expect(symlink(target, path + "/" + name) == 0)
  }

  /// All that is below, a line each: kind, mode, time, path, and the content or target.
  func listing(below name: String = "", times: Bool = true) throws -> [String] {
    let format = "%y %m \(times ? "%T@ " : "")%P %l"
    let folder = path + "/" + name
    return try run(
      "cd '\(folder)' && find . -mindepth 1 ! -type f -printf '\(format)\\n'; "
        + "find . -type f -printf '\(format)' -exec sh -c 'sha256sum < \"$1\"' _ {} \\;"
    )
    .split(separator: "\n").map(String.init).sorted()
  }

  /// The paths of all that is below, in order.
  func names(below name: String = "") throws -> [String] {
    try run("cd '\(path)/\(name)' && find . -mindepth 1 -printf '%P\\n'").split(separator: "\n").map(String.init)
      .sorted()
  }

  func isFile(_ name: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isDirectory)
      && !isDirectory.boolValue
  }

  func isDirectory(_ name: String) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: path + "/" + name, isDirectory: &isDirectory) && isDirectory.boolValue
  }

  /// Not by `String(contentsOfFile:)`, which loses a page of memory for each file that is being written (Swift 6.3).
  func text(_ name: String) throws -> String {
    let file = try FileHandle(forReadingFrom: URL(filePath: path + "/" + name))
    defer { try? file.close() }
    return String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
  }
}

/// Runs a command of the shell, and gives what it wrote.
@discardableResult
func run(_ command: String) throws -> String {
  struct Failed: Error { let command: String }
  guard let stream = popen(command, "r") else { throw Failed(command: command) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = fread(&buffer, 1, buffer.count, stream)
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  guard pclose(stream) == 0 else { throw Failed(command: command) }
  return String(decoding: bytes, as: UTF8.self)
}

/// Runs a command of the shell that takes a while, for which no thread of the pool for tasks should wait.
func runAside(_ command: String) async throws -> String {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Result { try run(command) }) }
  }
}
