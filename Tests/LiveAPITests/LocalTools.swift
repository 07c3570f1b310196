import Foundation
import Glibc
import Synchronization
import Testing

/// Sets the permissions of a file, and the time of its last change.
func setModeAndTime(_ path: String, mode: Int, seconds: Double) throws {
  try FileManager.default.setAttributes(
    [.posixPermissions: mode, .modificationDate: Date(timeIntervalSince1970: seconds)], ofItemAtPath: path)
}

/// What gzip makes of bytes.
func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
  let folder = try LocalFolder()
  try folder.write("packed.gz", bytes)
  let stream = try #require(popen("gzip -dc '\(folder.path)/packed.gz'", "r"))
  var result: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { result += buffer[..<count] }
  try #require(pclose(stream) == 0)
  return result
}

/// Numbers that a task tells. The lock guards them.
final class Counts: Sendable {
  private let numbers = Mutex<[Int64]>([])

  /// The last one.
  var last: Int64? { numbers.withLock(\.last) }

  /// Takes one more.
  func note(_ number: Int64) { numbers.withLock { $0.append(number) } }
}
