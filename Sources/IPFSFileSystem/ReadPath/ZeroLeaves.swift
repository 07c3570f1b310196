import Multiformats
import Synchronization
import UnixFS

/// The CIDs of leaves of zeros, by which holes are known again in a DAG.
///
/// The lock guards the table.
final class ZeroLeaves: Sendable {
  private static let mostKept = 64
  private let profile: ImportProfile
  private let known = Mutex<[Int: CID]>([:])

  init(profile: ImportProfile) {
    self.profile = profile
  }

  /// The leaf of so many zeros.
  func leaf(of size: Int) async throws -> CID {
    if let cid = known.withLock({ $0[size] }) { return cid }
    let cid = try await LeafEncoder.leaf(ofZeros: size, profile: profile).cid
    known.withLock { known in
      if known.count >= Self.mostKept { known = [:] }
      known[size] = cid
    }
    return cid
  }
}
