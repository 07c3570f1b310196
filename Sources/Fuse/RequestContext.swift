internal import CFuse3

/// Who asks.
///
/// For pages that the kernel writes back on its own, the numbers mean nothing: see ``WriteFlags/fromPageCache``. When
/// the caller is interrupted by a signal, the operation's task is cancelled.
public struct RequestContext: Hashable, Sendable {
  /// The caller's file system user.
  public let uid: UInt32
  /// The caller's file system group.
  public let gid: UInt32
  /// The caller's thread.
  public let pid: Int32
  /// The caller's umask, for operations that make a node. The kernel has applied it to their mode already.
  public let umask: UInt32

  /// Makes a context.
  public init(uid: UInt32, gid: UInt32, pid: Int32, umask: UInt32) {
    self.uid = uid
    self.gid = gid
    self.pid = pid
    self.umask = umask
  }

  init(_ request: fuse_req_t) {
    let context = fuse_req_ctx(request).pointee
    self.init(uid: context.uid, gid: context.gid, pid: context.pid, umask: context.umask)
  }
}
