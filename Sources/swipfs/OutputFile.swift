import Foundation
import IPFSClient
import IPFSMount

/// A local file that is being written: there whole under its name, or not at all. A device or a pipe stays what it is,
/// and gets the bytes as they come.
final class OutputFile {
  /// A file that takes the place of another one when it is complete.
  private struct Replacement {
    let temporary: String
    let target: String
  }

  /// As the user wrote it.
  private let path: String
  private let descriptor: CInt
  /// Nil where the bytes go into what is there.
  private let replacement: Replacement?

  private init(_ path: String, permissions: mode_t) async throws {
    self.path = path
    if Self.isSpecial(path) {
      replacement = nil
      descriptor = try await Self.open(special: path)
      return
    }
    var status = stat()
    guard stat(path, &status) == 0 || errno == ENOENT else { throw Self.failed("write", path) }
    guard status.st_mode & S_IFMT != S_IFDIR else {
      throw CommandError(.system, "cannot write \(path): it is a directory")
    }
    let target = Self.destination(of: path)
    let temporary = "\(target).part-\(getpid())"
    replacement = Replacement(temporary: temporary, target: target)
    descriptor = Foundation.open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, permissions)
    guard descriptor >= 0 else { throw Self.failed("make", temporary) }
  }

  /// Writes a file, which takes the place of one that is there when it is complete.
  ///
  /// - Parameter permissions: Who may use it, as far as the umask lets them.
  static func write(
    to path: String, permissions: mode_t = 0o666, _ body: (OutputFile) async throws -> Void
  ) async throws {
    let file = try await OutputFile(path, permissions: permissions)
    do {
      try await body(file)
    } catch {
      close(file.descriptor)
      if let replacement = file.replacement { unlink(replacement.temporary) }
      throw error
    }
    let isClosed = close(file.descriptor) == 0
    guard let replacement = file.replacement else {
      guard isClosed else { throw failed("write", path) }
      return
    }
    guard isClosed, rename(replacement.temporary, replacement.target) == 0 else {
      defer { unlink(replacement.temporary) }
      throw failed("write", path)
    }
  }

  /// Adds bytes.
  func write(_ bytes: [UInt8]) throws {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        Foundation.write(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done)
      }
      if count < 0, errno == EINTR { continue }
      // Whoever read a pipe has gone, as it is with standard output.
      if count < 0, errno == EPIPE { throw Output.Closed() }
      guard count > 0 else { throw Self.failed("write", path) }
      done += count
    }
  }

  /// Whether a path means standard output: `-`, or a name of what that is, such as `/dev/stdout`.
  static func isStandardOutput(_ path: String) -> Bool {
    var file = stat()
    var output = stat()
    return path == "-"
      || stat(path, &file) == 0 && fstat(STDOUT_FILENO, &output) == 0 && file.st_dev == output.st_dev
        && file.st_ino == output.st_ino
  }

  /// Whether a path leads to a device, a pipe or a socket, whose place no file may take.
  static func isSpecial(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
  }

  /// Where a path leads when symbolic links at its end are followed, whether something is there or not.
  static func destination(of path: String) -> String {
    var path = path
    // As many as Linux follows.
    for _ in 0..<40 {
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
      let folder = path.lastIndex(of: "/").map { path[...$0] } ?? ""
      path = target.hasPrefix("/") ? target : folder + target
    }
    return path
  }

  private static func open(special path: String) async throws -> CInt {
    var status = stat()
    // A pipe waits for its reader here, not in the system call, which Ctrl-C would not end.
    let isPipe = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    let flags = O_WRONLY | O_CLOEXEC | O_NOCTTY
    while true {
      let descriptor = Foundation.open(path, isPipe ? flags | O_NONBLOCK : flags)
      if descriptor >= 0 {
        if isPipe { _ = fcntl(descriptor, F_SETFL, O_WRONLY) }
        return descriptor
      }
      guard isPipe, errno == ENXIO else { throw failed("write", path) }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  private static func failed(_ what: String, _ path: String) -> CommandError {
    CommandError(.system, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
  }
}

extension Session {
  /// Writes bytes to a local file as they come, or to standard output if the path means that.
  ///
  /// - Returns: Whether it was a file.
  @discardableResult
  func save(_ bytes: ByteStream, to path: String, _ bar: Progress) async throws -> Bool {
    guard !OutputFile.isStandardOutput(path) else {
      try await write(bytes, bar)
      return false
    }
    try await OutputFile.write(to: path) { file in
      for try await chunk in bytes {
        try file.write(chunk)
        bar.advance(by: UInt64(chunk.count))
      }
    }
    return true
  }
}
