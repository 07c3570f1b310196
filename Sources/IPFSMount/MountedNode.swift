import Foundation
import Fuse
import Glibc

/// A mount of this product that the system knows.
public struct MountedNode: Sendable, Hashable {
  /// Where it is mounted.
  public let mountPoint: String
  /// The repo it shows.
  public let repo: String
  private let row: MountedFileSystem

  private static let prefix = "swipfs:"

  /// What the mount table shows as the source of a repo's mount.
  static func source(of repo: String) -> String { prefix + repo }

  /// What the mount table shows as the source of what is mounted at a place; nil where that is not the repo.
  static func source(at mountPoint: String, of repo: String) throws(FuseError) -> String? {
    let mounts = try MountedFileSystem.all(subtype: MountService.subtype)
    guard let source = mounts.last(where: { $0.mountPoint == mountPoint })?.source, source.hasPrefix(prefix) else {
      return nil
    }
    // It may be called by another path.
    var (shown, wanted) = (stat(), stat())
    guard stat(String(source.dropFirst(prefix.count)), &shown) == 0, stat(repo, &wanted) == 0,
      shown.st_dev == wanted.st_dev, shown.st_ino == wanted.st_ino
    else { return nil }
    return source
  }

  /// All of them.
  public static func all() throws(CommandError) -> [MountedNode] {
    do throws(FuseError) {
      return try MountedFileSystem.all(subtype: MountService.subtype).compactMap { mount in
        guard mount.source.hasPrefix(prefix) else { return nil }
        return MountedNode(
          mountPoint: mount.mountPoint, repo: String(mount.source.dropFirst(prefix.count)), row: mount)
      }
    } catch {
      throw CommandError(.system, error.description)
    }
  }

  /// The one at a mount point. Throws where none is.
  public static func find(at path: String) throws(CommandError) -> MountedNode {
    // The last component is not resolved: behind a mount whose process is gone nothing can be.
    let absolute = URL(filePath: MountOptions.absolute(path)).standardizedFileURL
    let parent = absolute.deletingLastPathComponent().resolvingSymlinksInPath()
    let candidates = [
      absolute.path, parent.appending(path: absolute.lastPathComponent).path, absolute.resolvingSymlinksInPath().path,
    ]
    guard let found = try all().last(where: { candidates.contains($0.mountPoint) }) else {
      throw CommandError(.mount, "no swipfs is mounted at \(path)")
    }
    return found
  }

  /// Whether the process that served it is gone.
  public var isDisconnected: Bool { MountPoint.isDisconnected(mountPoint) }

  /// Whether the same mount is at other places, too.
  public var hasOtherPlaces: Bool {
    get throws(CommandError) { try Self.all().contains { $0.row.isShared(with: row) } }
  }

  /// Takes this place away if the same mount is at others as well, and leaves those. Returns whether it did.
  public func detachIfShared() throws(CommandError) -> Bool {
    guard try hasOtherPlaces else { return false }
    do throws(FuseError) { try row.detach() } catch { throw CommandError(.mount, error.description) }
    return true
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
