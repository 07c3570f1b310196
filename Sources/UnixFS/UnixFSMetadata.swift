/// What the root of a file or directory says of it, in UnixFS 1.5.
public struct UnixFSMetadata: Hashable, Sendable {
  /// Permission bits.
  public var mode: UInt32?
  /// When the content was modified.
  public var mtime: Timestamp?

  /// Puts metadata together.
  public init(mode: UInt32? = nil, mtime: Timestamp? = nil) {
    self.mode = mode
    self.mtime = mtime
  }
}

extension UnixFSNode {
  /// Takes metadata over.
  mutating func set(_ metadata: UnixFSMetadata) {
    mode = metadata.mode
    mtime = metadata.mtime
  }
}
