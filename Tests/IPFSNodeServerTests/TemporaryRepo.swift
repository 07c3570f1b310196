import Foundation
import IPFSNode
import TestSupport

/// A repo that goes with its owner.
final class TemporaryRepo: Sendable {
  let path: String

  /// An empty folder; with a profile, as `swipfs init` leaves it.
  init(profile: String? = nil) throws {
    path = FileManager.default.temporaryDirectory.appending(path: "swipfs-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    if profile == "legacy-cid-v0" {
      // As Kubo does it where the configuration says nothing.
      let config = """
        {"Import": {"CidVersion": 0, "UnixFSRawLeaves": false, "UnixFSChunker": "size-262144", "UnixFSFileMaxLinks": 174,
        "UnixFSHAMTDirectorySizeEstimation": "links"}}
        """
      try Data(config.utf8).write(to: URL(filePath: "\(path)/config"))
    }
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }
}
