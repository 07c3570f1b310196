/// A row of the mount table, for those who look for their own mounts.
public struct MountedFileSystem: Hashable, Sendable {
  /// Where it is mounted.
  public let mountPoint: String
  /// Its source, as ``SessionConfiguration/source``.
  public let source: String
  private let device: DeviceNumber

  /// The mounts of a subtype that this process sees, in the order of mounting.
  public static func all(subtype: String) throws(FuseError) -> [MountedFileSystem] {
    try MountTable.current().rows.filter { $0.type == "fuse.\(subtype)" }
      .map { MountedFileSystem(mountPoint: $0.mountPoint, source: $0.source, device: $0.device) }
  }

  /// Whether both are the same file system, mounted at two places.
  public func isShared(with other: MountedFileSystem) -> Bool {
    device == other.device && mountPoint != other.mountPoint
  }

  /// Takes this one away, and leaves the other places of the file system as they are. What programs wrote there is
  /// given to the file system first.
  public func detach() throws(FuseError) {
    do throws(Errno) {
      try MountPoint.writeDirtyPages(mountPoint)
    } catch {
      throw FuseError(.systemCallFailed, "not everything could be written to \(mountPoint)", cause: error)
    }
    try MountPoint.detach(mountPoint)
  }
}
