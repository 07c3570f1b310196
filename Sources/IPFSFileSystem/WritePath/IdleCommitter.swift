import Logging
import Synchronization
import UnixFS

/// Builds DAGs when nobody waits for them: of a file some time after its last change, of the directories once the
/// whole tree has been left alone for as long.
///
/// The lock guards when the last change was and whether the task runs.
final class IdleCommitter: Sendable {
  /// With each failure a file waits twice as long for the next try, at last 1,024 times the delay.
  private static let mostDoublings = 10

  private struct State {
    var lastChange = ContinuousClock.now
    var task: Task<Void, Never>?
    var isStopped = false
  }

  private let state = Mutex(State())
  private let files: OpenFileTable
  private let volume: any Volume
  private let delay: Duration
  private let logger: Logger

  init(files: OpenFileTable, volume: any Volume, delay: Duration, logger: Logger) {
    self.delay = delay
    self.files = files
    self.volume = volume
    self.logger = logger
  }

  /// Says that the tree or a file changed.
  func noteChange() {
    state.withLock { state in
      state.lastChange = .now
      guard state.task == nil, !state.isStopped else { return }
      state.task = Task(priority: .utility) { await self.run() }
    }
  }

  /// Ends the task, once what it is about is done.
  func stop() async {
    let task = state.withLock { state in
      state.isStopped = true
      return state.task
    }
    task?.cancel()
    await task?.value
  }

  private func run() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: delay)
      if Task.isCancelled { break }
      try? await commitFiles(unchangedFor: delay)
      if await commitTree() { break }
    }
  }

  /// Brings the directories up to date if nothing happened for a while. Returns whether all is done; then the next
  /// change begins a new task.
  private func commitTree() async -> Bool {
    let begin = ContinuousClock.now
    let isIdle = state.withLock { begin - $0.lastChange >= delay }
    guard isIdle else { return false }
    do throws(FileSystemError) {
      try await volume.commit()
    } catch {
      logger.error("the tree's DAG could not be built", metadata: ["error": "\(error)"])
    }
    let isUnsettled = !files.unsettled.isEmpty
    return state.withLock { state in
      guard state.lastChange < begin, !isUnsettled else { return false }
      state.task = nil
      return true
    }
  }

  /// Builds the DAGs of files that have not changed for so long, of all with nil. Throws the last failure; the others
  /// are built all the same. Files of which a write failed stay as the volume has them.
  func commitFiles(unchangedFor delay: Duration?) async throws(FileSystemError) {
    var failure: FileSystemError?
    for inode in files.unsettled {
      guard let file = files.acquireExisting(inode) else { continue }
      defer { files.release(inode) }
      let isDue = file.state.withLock { state in
        // A failed write is not part of the file.
        guard state.failure == nil else { return false }
        guard let delay else { return true }
        // What a writer has not flushed is not acknowledged, and might still be taken back.
        guard !state.isDirty || state.writers == 0 else { return false }
        return ContinuousClock.now - state.lastChange >= delay * (1 << min(state.failedCommits, Self.mostDoublings))
      }
      guard isDue else { continue }
      do throws(FileSystemError) {
        _ = try await file.commit()
      } catch {
        failure = error
        let failures = file.state.withLock { state in
          state.failedCommits += 1
          return state.failedCommits
        }
        let metadata = await volume.metadata(of: error, inode)
        // It is tried again, and most likely fails for the same reason.
        logger.log(
          level: failures == 1 ? .error : .debug, "a file's DAG could not be built",
          metadata: metadata)
      }
    }
    if let failure { throw failure }
  }
}
