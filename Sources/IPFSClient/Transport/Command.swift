/// A command with its arguments and options, before those of the call are added.
package struct Command: Sendable {
  /// The command's path, such as `files/stat`.
  private(set) var path: String
  private(set) var query: [TransportRequest.Pair]
  /// The files to send.
  private(set) var parts: MultipartParts?
  /// Whether nothing changes if the daemon gets it twice.
  let isSafe: Bool
  /// Whether the daemon may have nothing to say for as long as it likes.
  private var isLasting = false

  /// - Parameters:
  ///   - path: The command's path, such as `files/stat`.
  ///   - arguments: The values of `arg`, in order.
  ///   - safe: Whether it only reads, so that it may be sent again when a pooled connection turns out to be closed.
  package init(_ path: String, _ arguments: [String] = [], safe: Bool = false) {
    self.path = path
    query = arguments.map { (name: "arg", value: $0) }
    isSafe = safe
  }

  /// Adds an option unless it is nil: then the daemon's default holds.
  package func option(_ name: String, _ value: (some LosslessStringConvertible)?) -> Command {
    guard let value else { return self }
    var command = self
    command.query.append((name: name, value: value.description))
    return command
  }

  /// Adds an option unless it has the daemon's default value, which need not be sent.
  package func option<Value: LosslessStringConvertible & Equatable>(
    _ name: String, _ value: Value, default standard: Value
  ) -> Command {
    value == standard ? self : option(name, value)
  }

  /// Adds an option once for each value.
  func option(_ name: String, each values: [some LosslessStringConvertible]) -> Command {
    values.reduce(self) { $0.option(name, $1) }
  }

  /// The same arguments and options for a command that has another name.
  func renamed(_ path: String) -> Command {
    var command = self
    command.path = path
    return command
  }

  /// Waits for ever, unless the call has a limit.
  func lasting(_ isLasting: Bool = true) -> Command {
    var command = self
    command.isLasting = isLasting
    return command
  }

  /// Adds files to send.
  func sending(_ parts: MultipartParts) -> Command {
    var command = self
    command.parts = parts
    return command
  }

  /// The request of a call.
  package func request(_ call: CallOptions, chunkSize: Int) -> TransportRequest {
    var query = query
    if let offline = call.offline { query.append((name: "offline", value: String(offline))) }
    let overriding = Set(call.extra.pairs.map(\.name))
    query.removeAll { overriding.contains($0.name) }
    query += call.extra.pairs.map { (name: $0.name, value: $0.value.text) }
    return TransportRequest(
      command: path, query: query, body: parts.map { Multipart.body($0, chunkSize: chunkSize) },
      timeout: call.timeout, isLasting: isLasting, isRepeatable: isSafe && parts == nil)
  }
}
