import Foundation
import IPFSMount

/// A file that is being written: there whole under its name, or not at all.
final class OutputFile {
  private let path: String
  private let temporary: String
  private let descriptor: CInt

  private init(_ path: String, permissions: mode_t) throws(CommandError) {
    self.path = path
    temporary = "\(path).part-\(getpid())"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, permissions)
    guard descriptor >= 0 else { throw Self.failed("make", temporary) }
  }

  /// Writes a file, which takes the place of one that is there when it is complete.
  ///
  /// - Parameter permissions: Who may use it, as far as the umask lets them.
  static func write(
    to path: String, permissions: mode_t = 0o666, _ body: (OutputFile) async throws -> Void
  ) async throws {
    let file = try OutputFile(path, permissions: permissions)
    do {
      try await body(file)
    } catch {
      close(file.descriptor)
      unlink(file.temporary)
      throw error
    }
    guard close(file.descriptor) == 0, rename(file.temporary, path) == 0 else {
      defer { unlink(file.temporary) }
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
      guard count > 0 else { throw Self.failed("write", path) }
      done += count
    }
  }

  private static func failed(_ what: String, _ path: String) -> CommandError {
    CommandError(.system, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
  }
}
