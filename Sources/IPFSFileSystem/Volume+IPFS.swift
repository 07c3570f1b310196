import IPLD
public import Multiformats
public import UnixFS

/// How content is pinned.
public enum PinMode: String, Sendable, Hashable {
  /// With all that it leads to.
  case recursive
  /// The root block alone.
  case direct
  /// By a recursive pin of something that leads to it.
  case indirect
}

/// A volume that has no pins and links nothing.
extension Volume {
  /// None.
  public var statistics: [(name: String, value: UInt64)] { [] }
  /// The block's bytes in number, by reading it.
  public func size(of cid: CID) async throws -> Int { try await block(cid).data.count }
  /// Not supported.
  public func pinMode(of cid: CID) async throws(FileSystemError) -> PinMode? { throw FileSystemError(.notSupported) }
  /// Not supported.
  public func pin(_ cid: CID, as mode: PinMode) async throws(FileSystemError) { throw FileSystemError(.notSupported) }
  /// Not supported.
  public func unpin(_ cid: CID) async throws(FileSystemError) { throw FileSystemError(.notSupported) }
  /// Not supported.
  public func retainDAG(_ root: CID) async throws(FileSystemError) { throw FileSystemError(.notSupported) }
  /// Not supported.
  public func graft(
    _ nodes: [GraftedNode], in directory: InodeNumber
  ) async throws(FileSystemError) -> NodeRecord { throw FileSystemError(.notSupported) }
}
