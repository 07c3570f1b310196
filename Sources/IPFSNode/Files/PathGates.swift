import Coordination
import Synchronization

/// Lets those who change what is at one path do so one after the other, in the order they came.
///
/// The lock guards which paths somebody changes, or waits to.
final class PathGates: Sendable {
  private struct Entry {
    let gate = AsyncGate()
    var users = 0
  }

  private let entries = Mutex<[TreePath: Entry]>([:])

  /// Runs `body` while nobody else is about a path.
  func withGate<Result>(at path: TreePath, _ body: () async throws -> Result) async throws -> Result {
    let key = path.withoutSlash
    let gate = entries.withLock { entries in
      entries[key, default: Entry()].users += 1
      return entries[key]?.gate ?? AsyncGate()
    }
    defer {
      entries.withLock { entries in
        entries[key]?.users -= 1
        if entries[key]?.users == 0 { entries[key] = nil }
      }
    }
    return try await gate.withGate(body)
  }
}
