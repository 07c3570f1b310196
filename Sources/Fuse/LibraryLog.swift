internal import CFuse3
internal import Glibc
internal import Logging
internal import Synchronization

/// Where libfuse's own messages go. The library has one function for it in a process, so the last session's logger gets
/// all of them.
///
/// The lock guards logger and collection, and is not held while a message is logged.
enum LibraryLog {
  private struct State {
    var logger: Logger?
    var collected: [String]?
  }

  private static let state = Mutex(State())

  /// Sends all messages from now on to `logger`: errors at level error, the rest at debug.
  static func send(to logger: Logger) {
    state.withLock { $0.logger = logger }
    fuse_set_log_func { level, format, arguments in
      guard let format, let arguments else { return }
      let message = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1024) { buffer in
        guard let start = buffer.baseAddress else { return "" }
        vsnprintf(start, buffer.count, format, arguments)
        return String(cString: start)
      }
      LibraryLog.receive(level, message)
    }
  }

  /// Calls `body` and gives, beside its result, the error messages that came meanwhile instead of logging them.
  static func collecting<Result>(_ body: () -> Result) -> (Result, [String]) {
    state.withLock { $0.collected = [] }
    let result = body()
    return (result, state.withLock { $0.collected.take() ?? [] })
  }

  private static func receive(_ level: fuse_log_level, _ message: String) {
    let isError = level.rawValue <= FUSE_LOG_ERR.rawValue
    let text = String(message.drop { $0 == " " }.reversed().drop { $0.isNewline }.reversed())
    let logger = state.withLock { state -> Logger? in
      guard isError, state.collected != nil else { return state.logger }
      state.collected?.append(text.hasPrefix("fuse: ") ? String(text.dropFirst(6)) : text)
      return nil
    }
    logger?.log(level: isError ? .error : .debug, "libfuse says", metadata: ["message": "\(text)"])
  }
}
