package import Logging
import Synchronization

/// What loggers of the process let pass, changed while it runs, and who reads along.
///
/// A logger that goes through here keeps its handler; the relay decides which events get there. The lock guards levels
/// and readers; nothing waits while it is held.
package final class LogRelay: Sendable {
  /// An event, and the part of the process that it is from.
  package struct Line: Sendable {
    package let subsystem: String
    package let event: LogEvent
  }

  private struct Reader {
    let level: Logger.Level
    let lines: AsyncStream<Line>.Continuation
  }

  private struct State {
    /// The level of all that have none of their own; nil for what their handlers have.
    var common: Logger.Level?
    /// Levels as they were set, also of parts that never say anything.
    var levels: [String: Logger.Level] = [:]
    /// The levels of the handlers of those that are here.
    var handlers: [String: Logger.Level] = [:]
    var readers: [UInt64: Reader] = [:]
    var nextReader: UInt64 = 0

    func level(of subsystem: String?) -> Logger.Level {
      subsystem.flatMap { levels[$0] } ?? common ?? subsystem.flatMap { handlers[$0] } ?? handlers.values.min()
        ?? .error
    }
  }

  /// How many lines wait for a slow reader; those that come then are lost.
  private static let maximumWaiting = 1024

  private let state = Mutex(State())

  /// A relay that lets pass what the handlers do.
  package init() {}

  /// A logger of the same name and handler, which goes through here.
  package func relaying(_ logger: Logger) -> Logger {
    var logger = logger
    let (label, handler) = (logger.label, logger.handler)
    state.withLock { $0.handlers[label] = handler.logLevel }
    logger.handler = RelayedHandler(relay: self, subsystem: label, handler: handler)
    return logger
  }

  /// How many parts of the process can have a level of their own.
  private static let maximumLevels = 1000

  /// Sets the level of a part of the process, or with nil of all. Returns whether there was room to remember it.
  @discardableResult
  package func set(_ subsystem: String?, to level: Logger.Level) -> Bool {
    state.withLock { state in
      guard let subsystem else {
        state.common = level
        state.levels = [:]
        return true
      }
      guard state.levels[subsystem] != nil || state.levels.count < Self.maximumLevels else { return false }
      state.levels[subsystem] = level
      return true
    }
  }

  /// The parts of the process that are known, in order.
  package var subsystems: [String] { state.withLock { Set($0.handlers.keys).union($0.levels.keys).sorted() } }

  /// The level of a part of the process; of all that have none of their own with nil.
  package func level(of subsystem: String?) -> Logger.Level {
    state.withLock { $0.level(of: subsystem) }
  }

  /// Reads along until the sequence is let go of or its task is cancelled.
  package func lines(from level: Logger.Level) -> AsyncStream<Line> {
    AsyncStream(bufferingPolicy: .bufferingOldest(Self.maximumWaiting)) { continuation in
      let number = state.withLock { state in
        state.nextReader += 1
        state.readers[state.nextReader] = Reader(level: level, lines: continuation)
        return state.nextReader
      }
      continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.readers[number] = nil } }
    }
  }

  /// The lowest level that anybody wants to know of.
  fileprivate func lowestLevel(of subsystem: String) -> Logger.Level {
    state.withLock { state in
      state.readers.values.reduce(state.level(of: subsystem)) { min($0, $1.level) }
    }
  }

  fileprivate func pass(_ event: LogEvent, of subsystem: String, to handler: any LogHandler) {
    let (level, readers) = state.withLock { state in
      (state.level(of: subsystem), state.readers.values.filter { $0.level <= event.level })
    }
    if event.level >= level { handler.log(event: event) }
    for reader in readers { reader.lines.yield(Line(subsystem: subsystem, event: event)) }
  }
}

/// A handler behind a relay.
private struct RelayedHandler: LogHandler {
  let relay: LogRelay
  let subsystem: String
  var handler: any LogHandler

  var metadata: Logger.Metadata {
    get { handler.metadata }
    set { handler.metadata = newValue }
  }

  var logLevel: Logger.Level {
    get { relay.lowestLevel(of: subsystem) }
    set { relay.set(subsystem, to: newValue) }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { handler[metadataKey: key] }
    set { handler[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) { relay.pass(event, of: subsystem, to: handler) }
}
