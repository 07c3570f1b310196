import Fuse

/// A mount of this product that the system knows.
public struct MountedNode: Sendable, Hashable {
  /// Where it is mounted.
  public let mountPoint: String
  /// The repo it shows.
  public let repo: String

  private static let prefix = "swipfs:"

  /// All of them.
  public static func all() throws(CommandError) -> [MountedNode] {
    do throws(FuseError) {
      return try MountTable.current().rows.compactMap { row in
        guard row.type == "fuse.\(MountService.subtype)", row.source.hasPrefix(prefix) else { return nil }
        return MountedNode(mountPoint: row.path, repo: String(row.source.dropFirst(prefix.count)))
      }
    } catch {
      throw CommandError(.system, error.description)
    }
  }

  /// The one at a mount point. Throws where none is.
  public static func find(at path: String) throws(CommandError) -> MountedNode {
    let absolute = MountOptions.normalized(path)
    guard let found = try all().last(where: { $0.mountPoint == absolute }) else {
      throw CommandError(.mount, "no swipfs is mounted at \(path)")
    }
    return found
  }

  /// Takes away a mount whose process is gone.
  public func detach() throws(CommandError) {
    do throws(FuseError) {
      guard try MountPoint.removeStale(at: mountPoint, subtype: MountService.subtype) else {
        throw FuseError(.mountPointBusy, "the process that serves \(mountPoint) does not answer")
      }
    } catch {
      throw CommandError(.mount, error.description)
    }
  }
}
