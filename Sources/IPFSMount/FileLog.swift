import Foundation
import Glibc
public import Logging
import Synchronization

/// Writes log lines to a descriptor: time, level, message, metadata.
public struct FileLog: LogHandler {
  private final class Output: Sendable {
    let descriptor: CInt
    private let lock = Mutex(())

    init(descriptor: CInt) { self.descriptor = descriptor }

    func write(_ line: String) {
      let bytes = Array(line.utf8)
      lock.withLock { _ in
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      }
    }
  }

  private let output: Output
  private let label: String
  /// Values that every line has.
  public var metadata: Logger.Metadata = [:]
  /// The lowest level that is written.
  public var logLevel: Logger.Level = .notice

  /// Logs to standard error, or appends to a file. Throws where the file cannot be opened.
  public static func logger(label: String, file: String?, isDebug: Bool) throws(CommandError) -> Logger {
    var descriptor = STDERR_FILENO
    if let file {
      descriptor = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else {
        throw CommandError(.usage, "cannot open the log file \(file): \(String(cString: strerror(errno)))")
      }
    }
    var handler = FileLog(output: Output(descriptor: descriptor), label: label)
    if isDebug { handler.logLevel = .debug }
    return Logger(label: label) { _ in handler }
  }

  private init(output: Output, label: String) {
    self.output = output
    self.label = label
  }

  /// One of the values that every line has.
  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes a line.
  public func log(event: LogEvent) {
    var text = "\(Date.now.ISO8601Format()) \(event.level) \(label): \(event.message)"
    let values = metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 })
    for (key, value) in values.sorted(by: { $0.key < $1.key }) { text += " \(key)=\(value)" }
    output.write(text + "\n")
  }
}
