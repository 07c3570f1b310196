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

  /// The path for people.
  var text: String { String(decoding: self, as: UTF8.self) }
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
