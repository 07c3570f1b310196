import Foundation
import Glibc
import IPFSNode
import Synchronization
import UnixFS

/// A folder that is there until the tests end. Not only as long as this value lives: an optimized build lets go of it
/// after its last use, when a node is still open there.
final class TemporaryRepo: Sendable {
  let path: String

  private static let all = Mutex<[String]>([])

  init(in folder: String? = nil) throws {
    let folder = folder ?? FileManager.default.temporaryDirectory.path
    var template = Array("\(folder)/swipfs-node-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
    path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    Self.removeAtExit(path)
  }

  /// A copy of the folder as it is now: what a process that is killed at this moment would leave.
  init(crashOf other: TemporaryRepo) throws {
    path = "\(other.path)-crash-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.copyItem(atPath: other.path, toPath: path)
    Self.removeAtExit(path)
  }

  private static func removeAtExit(_ path: String) {
    let isFirst = all.withLock { all in
      all.append(path)
      return all.count == 1
    }
    guard isFirst else { return }
    atexit {
      for path in TemporaryRepo.all.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
    }
  }

  func open(_ options: Node.Options = Node.Options()) throws -> Node {
    try Node.open(path: path, options: options)
  }
}

extension Attributes {
  /// Attributes whose times are `second`.
  static func at(_ second: Int64, mode: UInt16 = 0o644) -> Attributes {
    let time = Timestamp(seconds: second, nanoseconds: UInt32(second % 1_000_000_000))
    return Attributes(mode: mode, uid: 1000, gid: 100, mtime: time, ctime: time)
  }
}

extension Timestamp {
  static func at(_ second: Int64) -> Timestamp { Timestamp(seconds: second) }
}

/// Random numbers that are the same in each run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    // SplitMix64.
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}

/// Deletes a file that must be there.
func removeFile(_ path: String) throws {
  try FileManager.default.removeItem(atPath: path)
}
