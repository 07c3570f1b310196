import Synchronization

/// Where those who find the disk full ask for space: the collector answers, once there is one.
///
/// To be asked without a lock held that a collection takes: none at all.
final class SpaceDemand: Sendable {
  private let answer = Mutex<(@Sendable () -> Bool)?>(nil)

  /// Says who answers.
  func connect(_ answer: (@Sendable () -> Bool)?) {
    self.answer.withLock { $0 = answer }
  }

  /// Has garbage removed, or waits for those who are about it. Returns whether it is worth trying again.
  func makeSpace() -> Bool {
    answer.withLock { $0 }?() ?? false
  }
}
