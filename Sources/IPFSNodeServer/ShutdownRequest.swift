import Synchronization

/// Hears of the command `shutdown`, where whoever serves the node lets callers end it.
///
/// The lock guards what is called then.
package final class ShutdownRequest: Sendable {
  private let handler = Mutex<(@Sendable () -> Void)?>(nil)

  /// Lets callers end the server: `handler` begins to, and does not wait for it.
  package func accept(_ handler: @escaping @Sendable () -> Void) {
    self.handler.withLock { $0 = handler }
  }

  /// Ends the server once running requests have ended.
  ///
  /// - Throws: Where the node belongs to something else, such as a mount.
  func request() throws(RPCError) {
    guard let handler = handler.withLock({ $0 }) else { throw RPCError("daemon not running") }
    handler()
  }
}
