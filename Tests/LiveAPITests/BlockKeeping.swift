import Synchronization
import Testing

/// Who may rely on blocks that nothing pins: many tests at a time, or else one that collects garbage.
///
/// The lock guards who is in, and who waits, the first one first.
final class BlockKeeping: Sendable {
  /// The daemon's store.
  static let shared = BlockKeeping()

  private struct State {
    var sharers = 0
    var isTaken = false
    var waiting: [(isAlone: Bool, continuation: CheckedContinuation<Void, Never>)] = []

    /// Lets in as many as may be now.
    mutating func admit() -> [CheckedContinuation<Void, Never>] {
      var admitted: [CheckedContinuation<Void, Never>] = []
      while let next = waiting.first, !isTaken, !next.isAlone || sharers == 0 {
        if next.isAlone { isTaken = true } else { sharers += 1 }
        admitted.append(waiting.removeFirst().continuation)
      }
      return admitted
    }
  }

  private let state = Mutex(State())

  /// Runs `body` with others, or alone.
  func with(alone isAlone: Bool, _ body: () async throws -> Void) async throws {
    await withCheckedContinuation { continuation in
      state.withLock { state in
        state.waiting.append((isAlone, continuation))
        return state.admit()
      }.forEach { $0.resume() }
    }
    defer {
      state.withLock { state in
        if isAlone { state.isTaken = false } else { state.sharers -= 1 }
        return state.admit()
      }.forEach { $0.resume() }
    }
    try await body()
  }
}

/// Lets a test rely on blocks that nothing pins, or remove them.
struct BlockKeepingTrait: SuiteTrait, TestTrait, TestScoping {
  let isAlone: Bool
  var isRecursive: Bool { true }

  func scopeProvider(for test: Test, testCase: Test.Case?) -> BlockKeepingTrait? {
    // What a test says itself comes before what its suite says.
    let own = test.traits.compactMap { $0 as? BlockKeepingTrait }
    return testCase == nil || !isAlone && own.contains(where: \.isAlone) ? nil : self
  }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    try await BlockKeeping.shared.with(alone: isAlone, function)
  }
}

extension Trait where Self == BlockKeepingTrait {
  /// No garbage is collected while a test of the suite runs.
  static var keepingBlocks: BlockKeepingTrait { BlockKeepingTrait(isAlone: false) }
  /// The test collects garbage, or counts on no block's going: no other test runs meanwhile.
  static var aloneWithBlocks: BlockKeepingTrait { BlockKeepingTrait(isAlone: true) }
}
