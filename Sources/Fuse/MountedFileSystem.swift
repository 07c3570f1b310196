/// A row of the mount table, for those who look for their own mounts.
public struct MountedFileSystem: Hashable, Sendable {
  /// Where it is mounted.
  public let mountPoint: String
  /// Its source, as ``SessionConfiguration/source``.
  public let source: String

  /// The mounts of a subtype that this process sees, in the order of mounting.
  public static func all(subtype: String) throws(FuseError) -> [MountedFileSystem] {
    try MountTable.current().rows.filter { $0.type == "fuse.\(subtype)" }
      .map { MountedFileSystem(mountPoint: $0.mountPoint, source: $0.source) }
  }
}
