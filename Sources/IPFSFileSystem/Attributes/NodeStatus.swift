import Foundation
public import UnixFS

/// What `stat` shows of a node.
public struct NodeStatus: Sendable, Hashable {
  /// The number by which the kernel names it.
  public var node: NodeID
  /// `st_ino`.
  public var inode: InodeNumber
  /// What it is.
  public var kind: NodeKind
  /// `st_size`, in bytes.
  public var size: UInt64
  /// The bytes that `st_blocks` tells. Less than the size where the file may have holes: then programs look for them.
  public var allocated: UInt64
  /// `st_nlink`.
  public var links: UInt32
  /// Mode, owner and times.
  public var attributes: Attributes

  init(_ record: NodeRecord, node: NodeID) {
    self.node = node
    inode = record.inode
    kind = record.kind
    size = record.size
    allocated = size
    attributes = record.attributes
    links =
      switch record.content {
      case .directory(let subdirectories): record.parent == 0 && inode != NodeRecord.root ? 0 : 2 + subdirectories
      default: record.parent == 0 ? 0 : 1
      }
  }
}

/// Who makes a call.
public struct Caller: Sendable, Hashable {
  /// The calling process's user.
  public var uid: UInt32
  /// The calling process's group.
  public var gid: UInt32
  /// Its thread; 0 where there is none to ask for more groups.
  public var pid: Int32

  /// Names a caller.
  public init(uid: UInt32, gid: UInt32, pid: Int32 = 0) {
    self.uid = uid
    self.gid = gid
    self.pid = pid
  }

  /// Whether the caller is in a group, by its own or by one of its other groups.
  func isIn(group: UInt32) -> Bool {
    if gid == group { return true }
    guard pid > 0, let status = FileManager.default.contents(atPath: "/proc/\(pid)/status") else { return false }
    return Self.groups(inStatus: Array(status)).contains(group)
  }

  /// The supplementary groups in what the kernel says of a process (proc(5), `/proc/[pid]/status`).
  package static func groups(inStatus status: [UInt8]) -> [UInt32] {
    let name = Array("Groups:".utf8)
    let line = status.split(separator: 0x0A).first { $0.starts(with: name) } ?? []
    return line.dropFirst(name.count).split { $0 == 0x09 || $0 == 0x20 }.compactMap {
      UInt32(String(decoding: $0, as: UTF8.self))
    }
  }
}
