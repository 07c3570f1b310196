import CFuse3
package import Glibc

/// The errno of a failed system call.
package struct SystemCallError: Error, Equatable, CustomStringConvertible {
  /// The errno.
  package let number: Int32

  /// Makes one.
  package init(number: Int32) {
    self.number = number
  }

  /// The system's words for it.
  package var description: String { String(cString: strerror(number)) }
}

/// Throws the calling thread's errno if a system call answered -1.
@discardableResult
package func check<Number: SignedInteger>(_ result: Number) throws -> Number {
  if result == -1 { throw SystemCallError(number: errno) }
  return result
}

/// The errno with which a system call fails; 0 where it succeeds.
package func errorNumber(_ call: () -> some SignedInteger) -> Int32 {
  call() == -1 ? errno : 0
}

/// What `lstat(2)` tells.
package func status(_ path: String) throws -> stat {
  var status = stat()
  try check(lstat(path, &status))
  return status
}

extension stat {
  /// The permission bits with setuid, setgid and sticky.
  package var permissions: mode_t { st_mode & 0o7777 }

  /// The time of modification in nanoseconds.
  package var modified: Int { st_mtim.tv_sec * 1_000_000_000 + st_mtim.tv_nsec }
}

/// Sets the time of modification, in nanoseconds, and leaves that of access.
package func setModified(_ path: String, _ time: Int) throws {
  let times = [
    timespec(tv_sec: 0, tv_nsec: omitted),
    timespec(tv_sec: time / 1_000_000_000, tv_nsec: time % 1_000_000_000),
  ]
  try check(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW))
}

/// `UTIME_OMIT`, which is not imported.
private let omitted = (1 << 30) - 2

/// `O_DIRECT`, which is not imported: reads and writes go past the page cache.
package let directly: Int32 = {
  #if arch(arm64)
    0o200000
  #else
    0o40000
  #endif
}()

/// The value of an extended attribute.
package func attribute(_ name: String, _ path: String) throws -> [UInt8] {
  var buffer = [UInt8](repeating: 0, count: 65536)
  let count = try check(lgetxattr(path, name, &buffer, buffer.count))
  return Array(buffer[..<count])
}

/// The CID that a mount gives to a path now.
package func cid(_ path: String) throws -> String {
  String(decoding: try attribute("user.ipfs.cid", path), as: UTF8.self)
}

/// The names in a directory but `.` and `..`, sorted, as bytes.
package func names(in path: String) throws -> [[UInt8]] {
  guard let directory = opendir(path) else { throw SystemCallError(number: errno) }
  defer { closedir(directory) }
  var names: [[UInt8]] = []
  while true {
    errno = 0
    guard let entry = readdir(directory) else {
      guard errno == 0 else { throw SystemCallError(number: errno) }
      return names.sorted { $0.lexicographicallyPrecedes($1) }
    }
    let name = name(of: entry)
    if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
  }
}

/// The name in a directory's entry. The field has 256 bytes, the entry often fewer: an access in place may copy and
/// write back what is behind it.
package func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
  guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return [] }
  let start = UnsafeRawPointer(entry).advanced(by: offset)
  return Array(UnsafeRawBufferPointer(start: start, count: strlen(start.assumingMemoryBound(to: CChar.self))))
}

/// An open file whose calls throw the errno, and which closes at the latest with its last reference.
package final class File {
  /// The descriptor.
  package let descriptor: Int32
  private var isOpen = true

  /// Opens a file, close-on-exec.
  package init(_ path: String, _ flags: Int32, mode: mode_t = 0o644) throws {
    descriptor = try check(open(path, flags | O_CLOEXEC, mode))
  }

  deinit {
    if isOpen { Glibc.close(descriptor) }
  }

  /// Closes it and throws what that reports.
  package func close() throws {
    isOpen = false
    try check(Glibc.close(descriptor))
  }

  /// Writes all of the bytes, at an offset or where the file stands.
  package func write(_ bytes: some Collection<UInt8>, at offset: Int? = nil) throws {
    try Array(bytes).withUnsafeBytes { try write(UnsafeRawBufferPointer($0), at: offset) }
  }

  /// Writes all of the bytes, at an offset or where the file stands.
  package func write(_ bytes: UnsafeRawBufferPointer, at offset: Int? = nil) throws {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count =
        if let offset { pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done)) } else {
          Glibc.write(descriptor, rest.baseAddress, rest.count)
        }
      done += try check(count)
    }
  }

  /// Reads up to so many bytes from an offset; fewer at the end of the file.
  package func read(_ count: Int, at offset: Int) throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let part = try buffer.withUnsafeMutableBytes { buffer in
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
        return try check(pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done)))
      }
      if part == 0 { break }
      done += part
    }
    return Array(buffer[..<done])
  }

  /// Reads all of it.
  package func readAll() throws -> [UInt8] {
    try read(Int(status().st_size), at: 0)
  }

  /// What `fstat(2)` tells.
  package func status() throws -> stat {
    var status = stat()
    try check(fstat(descriptor, &status))
    return status
  }
}

/// Makes or replaces a file.
package func write(_ bytes: some Collection<UInt8>, to path: String) throws {
  let file = try File(path, O_WRONLY | O_CREAT | O_TRUNC)
  try file.write(bytes)
  try file.close()
}

/// Reads a whole file.
package func read(_ path: String) throws -> [UInt8] {
  try File(path, O_RDONLY).readAll()
}
