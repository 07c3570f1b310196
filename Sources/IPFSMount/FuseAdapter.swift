public import Fuse
public import IPFSFileSystem
import UnixFS

/// Answers the kernel's requests by calls on a ``FileSystem``: translates values and errors, and nothing else.
package struct FuseAdapter: Sendable {
  /// For how many seconds the kernel may believe names and attributes. Everything that changes here comes through the
  /// kernel itself or is told to it.
  static let validity: Double = 3600

  let fileSystem: FileSystem
  /// Whether the kernel caches writes: then it also sets the times of what it writes back.
  let cachesWrites: Bool

  /// Adapts a file system.
  package init(_ fileSystem: FileSystem, cachesWrites: Bool) {
    self.fileSystem = fileSystem
    self.cachesWrites = cachesWrites
  }

  /// Runs a call and turns its error into an errno.
  ///
  /// - Parameter name: The operation, for `.stats`.
  func call<Result>(
    _ name: StaticString = #function,
    _ body: (FileSystem) async throws(FileSystemError) -> Result
  ) async throws(Errno) -> Result {
    let start = OperationCounters.now
    defer { fileSystem.operations.count(name, since: start) }
    do throws(FileSystemError) {
      return try await body(fileSystem)
    } catch {
      throw Errno(rawValue: error.errno)
    }
  }

  func entry(_ status: NodeStatus) -> Entry {
    let validity = fileSystem.isVolatile(status.node) ? 0 : Self.validity
    return Entry(
      node: Fuse.NodeID(rawValue: status.node), attributes: FileAttributes(status), entryTimeout: validity,
      attributesTimeout: validity)
  }
}

extension FileAttributes {
  init(_ status: NodeStatus) {
    let kind: UInt32 =
      switch status.kind {
      case .file: 0o100000
      case .directory: 0o040000
      case .symlink: 0o120000
      }
    let mtime = FileTime(status.attributes.mtime)
    self.init(
      inode: status.inode, mode: kind | UInt32(status.attributes.mode), links: status.links,
      uid: status.attributes.uid, gid: status.attributes.gid, size: status.size, blocks: (status.allocated + 511) / 512,
      accessTime: mtime, modificationTime: mtime, changeTime: FileTime(status.attributes.ctime))
  }
}

extension FileTime {
  init(_ time: Timestamp) {
    self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
  }
}

extension Timestamp {
  init(_ time: FileTime) {
    self.init(seconds: time.seconds, nanoseconds: time.nanoseconds)
  }
}

extension AttributeChange {
  init(_ changes: AttributeChanges, keepsTimes: Bool) {
    let mtime: Timestamp? =
      switch changes.modificationTime {
      case .now: .now
      case .to(let time): Timestamp(time)
      case nil: nil
      }
    self.init(
      mode: changes.mode.map { UInt16($0 & 0o7777) }, uid: changes.uid, gid: changes.gid, size: changes.size,
      mtime: mtime, ctime: changes.changeTime.map { Timestamp($0) }, clearsPrivileges: changes.clearsPrivilegeBits,
      keepsTimes: keepsTimes)
  }
}

extension Caller {
  init(_ context: RequestContext) {
    self.init(uid: context.uid, gid: context.gid, pid: context.pid)
  }
}

extension WriteBuffer: WritePayload {}
