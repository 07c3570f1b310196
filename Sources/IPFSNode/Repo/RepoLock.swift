import Glibc

/// The right to use a repo, held from when it is made until it is released or the process ends.
///
/// It is an `flock`, so that a holder that was killed leaves nothing behind. The file names the holder's process.
package final class RepoLock: Sendable {
  private let file: Int32

  /// Takes the lock.
  ///
  /// - Parameters:
  ///   - path: The lock file, made where it is not there.
  ///   - patience: How long to wait for a holder that is about to end, in seconds.
  /// - Throws: `locked` with the holder's process number.
  init(path: String, patience: Double) throws(NodeError) {
    file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system("open", path) }
    var waited = 0.0
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      let number = errno
      guard number == EWOULDBLOCK || number == EINTR else {
        close(file)
        throw .system("flock", path, errno: number)
      }
      guard waited < patience else {
        let holder = Self.holder(file)
        close(file)
        let name = holder == 0 ? "another process" : "process \(holder)"
        throw NodeError(.locked(by: holder), "the repo is in use by \(name) (\(path))")
      }
      usleep(50_000)
      waited += 0.05
    }
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(file, 0) == 0, pwrite(file, text, text.count, 0) == text.count else {
      // A full disk must not keep anyone from a repo: what is missing is only the number in a message.
      return
    }
  }

  deinit {
    close(file)
  }

  /// Lets the next process in.
  func release() {
    flock(file, LOCK_UN)
  }

  private static func holder(_ file: Int32) -> Int32 {
    var buffer = [UInt8](repeating: 0, count: 16)
    let count = pread(file, &buffer, buffer.count, 0)
    return count > 0 ? holder(in: buffer.prefix(count)) : 0
  }

  /// The process that a lock file names; 0 for none.
  package static func holder(in file: ArraySlice<UInt8>) -> Int32 {
    let number = Int32(String(decoding: file.prefix { $0 != 0x0A }, as: UTF8.self)) ?? 0
    return max(0, number)
  }
}
