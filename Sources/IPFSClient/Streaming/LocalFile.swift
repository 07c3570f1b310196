import Foundation
import Glibc

/// A path or name of this system: bytes, which need not be UTF-8.
typealias LocalPath = [UInt8]

extension LocalPath {
  /// Calls `body` with the path as the system takes it.
  func withCPath<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (self + [0]).withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { chars in
        // Never empty.
        chars.baseAddress.map(body) ?? "".withCString(body)
      }
    }
  }

  /// A path as the system gives it.
  init(cString: UnsafePointer<CChar>) {
    self.init(UnsafeBufferPointer(start: cString, count: strlen(cString)).lazy.map { UInt8(bitPattern: $0) })
  }

  /// What stands behind the last slash that is not at the end.
  var lastName: LocalPath? { split(separator: UInt8(ascii: "/")).last.map { Array($0) } }

  /// The path from the root on, as its text says: no link is followed, so `..` takes away what stands before it. Nil if
  /// nobody knows where this process is.
  var absolute: LocalPath? {
    var path = self
    if first != UInt8(ascii: "/") {
      guard let directory = getcwd(nil, 0) else { return nil }
      defer { free(directory) }
      path = LocalPath(cString: directory) + [UInt8(ascii: "/")] + self
    }
    var names: [ArraySlice<UInt8>] = []
    for name in path.split(separator: UInt8(ascii: "/")) where !name.elementsEqual(".".utf8) {
      if name.elementsEqual("..".utf8) { _ = names.popLast() } else { names.append(name) }
    }
    return [UInt8(ascii: "/")] + names.joined(separator: [UInt8(ascii: "/")])
  }

  /// The path from the root on, without links; nil if there is nothing.
  var resolved: LocalPath? {
    guard let path = withCPath({ realpath($0, nil) }) else { return nil }
    defer { free(path) }
    return LocalPath(cString: path)
  }

  /// The path for people.
  var text: String { String(decoding: self, as: UTF8.self) }
}

/// The names in a directory, in order. They take little more than their bytes, for there may be millions.
struct LocalNames {
  /// Each ends with a zero.
  private var bytes: [CChar] = []
  /// Where each begins.
  private var starts: [UInt32] = []

  /// Reads a directory.
  ///
  /// - Parameter follows: Whether a symbolic link, which may have taken its place, is followed.
  /// - Throws: `encoding` if it cannot be read.
  init(of path: LocalPath, follows: Bool) throws(ClientError) {
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follows ? 0 : O_NOFOLLOW)
    let descriptor = path.withCPath { open($0, flags) }
    guard descriptor >= 0 else { throw LocalFileError.make("list", path) }
    guard let directory = fdopendir(descriptor) else {
      close(descriptor)
      throw LocalFileError.make("list", path)
    }
    defer { closedir(directory) }
    errno = 0
    while let entry = readdir(directory) {
      guard append(entry) else { throw LocalFileError.make("list", path) }
    }
    guard errno == 0 else { throw LocalFileError.make("list", path) }
    bytes.withUnsafeBufferPointer { bytes in
      guard let bytes = bytes.baseAddress else { return }
      starts.sort { strcmp(bytes + Int($0), bytes + Int($1)) < 0 }
    }
  }

  /// Adds a name, and leaves `errno` zero; false if there are too many.
  private mutating func append(_ entry: UnsafeMutablePointer<dirent>) -> Bool {
    withUnsafePointer(to: &entry.pointee.d_name) { name in
      name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: name.pointee)) { name in
        if strcmp(name, ".") == 0 || strcmp(name, "..") == 0 { return true }
        guard let start = UInt32(exactly: bytes.count) else {
          errno = E2BIG
          return false
        }
        starts.append(start)
        bytes += UnsafeBufferPointer(start: name, count: strlen(name) + 1)
        errno = 0
        return true
      }
    }
  }

  /// How many there are.
  var count: Int { starts.count }

  /// The name at a place.
  subscript(index: Int) -> LocalPath {
    bytes.withUnsafeBufferPointer { bytes in
      bytes.baseAddress.map { LocalPath(cString: $0 + Int(starts[index])) } ?? []
    }
  }
}

/// A descriptor of this process, closed when nobody has it.
final class LocalDescriptor: Sendable {
  let number: Int32

  init?(_ number: Int32) {
    guard number >= 0 else { return nil }
    self.number = number
  }

  deinit { close(number) }
}

/// Errors of local files.
enum LocalFileError {
  /// The error of the last system call, which said so in `errno`.
  ///
  /// - Parameter code: `encoding` where a file is read to be sent, `decoding` where a reply is written to one.
  static func make(_ call: String, _ path: LocalPath, _ code: ClientError.Code = .encoding) -> ClientError {
    let number = errno
    let text = strerror(number).map { String(cString: $0) } ?? "error \(number)"
    return ClientError(
      code, "cannot \(call) \(path.text): \(text)", cause: POSIXErrorCode(rawValue: number).map { POSIXError($0) })
  }
}
