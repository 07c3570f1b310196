package import NIOCore
import Synchronization

/// Where the parts of a reply go: a connection, or a reader in this process. Called by one task at a time; each call
/// returns when there is room for more.
package protocol ReplySink: Sendable {
  /// Begins the reply.
  func head(_ status: Int, _ headers: [RPCRequest.Pair]) async throws
  /// Sends a part of the body.
  func write(_ bytes: ByteBuffer) async throws
  /// Ends it.
  func finish(_ trailers: [RPCRequest.Pair]) async throws
}

/// The reply of a command: values, or a stream of bytes. What is sent first decides which, and that the status is 200.
///
/// The lock guards the state of the reply; nothing waits while it is held.
package final class Reply: Sendable {
  private struct State {
    var hasBegun = false
    /// Values that were not sent yet: a small one alone would be a packet of its own.
    var pending: [UInt8] = []
  }

  private let sink: any ReplySink
  /// Headers of every reply to this caller.
  private let headers: [RPCRequest.Pair]
  private let state = Mutex(State())

  /// Values of a stream are gathered up to this many bytes before they are sent, but for ``flush()``.
  private static let gathered = 32 << 10

  init(to sink: any ReplySink, headers: [RPCRequest.Pair] = []) {
    self.sink = sink
    self.headers = headers
  }

  /// Whether anything was sent: errors can only be told in the trailer then.
  var hasBegun: Bool { state.withLock { $0.hasBegun } }

  /// Sends the only value that there is.
  package func value(_ value: JSON) async throws {
    try await begin([(name: "Content-Type", value: "application/json")])
    try await send(value)
  }

  /// Begins the only value that there is, where it is too large to be in memory: its text follows by ``write(_:)``.
  package func beginLongValue() async throws {
    try await begin([(name: "Content-Type", value: "application/json")])
  }

  /// Sends one value of a stream, at once or together with those that come after it.
  package func emit(_ value: JSON) async throws {
    try await begin(Self.streamed)
    try await send(value)
  }

  /// Begins a stream that may stay without a value.
  package func beginValues() async throws {
    try await begin(Self.streamed)
  }

  /// Sends what ``emit(_:)`` has gathered.
  package func flush() async throws {
    let bytes = state.withLock { state in
      defer { state.pending = [] }
      return state.pending
    }
    if !bytes.isEmpty { try await sink.write(ByteBuffer(bytes: bytes)) }
  }

  /// Begins a stream of bytes.
  ///
  /// - Parameters:
  ///   - type: What they are.
  ///   - length: How many will come, if that is known.
  package func beginBytes(type: String = "text/plain", length: UInt64? = nil) async throws {
    var headers: [RPCRequest.Pair] = [(name: "Content-Type", value: type), (name: "X-Stream-Output", value: "1")]
    if let length { headers.append((name: "X-Content-Length", value: String(length))) }
    try await begin(headers)
  }

  /// Sends bytes of a stream that was begun.
  package func write(_ bytes: ByteBuffer) async throws {
    try await sink.write(bytes)
  }

  /// Ends the reply of a command that did what it should.
  func finish() async throws {
    // A command without a reply is an empty stream of values.
    try await begin(Self.streamed)
    try await flush()
    try await sink.finish([])
  }

  /// Ends the reply with an error.
  func fail(_ error: RPCError) async throws {
    if hasBegun {
      try await flush()
      // Line ends would end the trailer.
      let text = error.message.replacing("\n", with: " ").replacing("\r", with: " ")
      return try await sink.finish([(name: "X-Stream-Error", value: text)])
    }
    state.withLock { $0.hasBegun = true }
    guard error.kind != .command else {
      try await sink.head(
        error.status, self.headers + Self.common + [(name: "Content-Type", value: "application/json")])
      try await send(["Message": .string(error.message), "Code": 0, "Type": "error"])
      try await flush()
      return try await sink.finish([])
    }
    let text = ByteBuffer(string: error.message + "\n")
    var headers: [RPCRequest.Pair] = self.headers
    headers += [
      (name: "Content-Type", value: "text/plain; charset=utf-8"), (name: "X-Content-Type-Options", value: "nosniff"),
      (name: "Content-Length", value: String(text.readableBytes)),
    ]
    if error.kind == .methodNotAllowed { headers.append((name: "Allow", value: "OPTIONS, POST")) }
    try await sink.head(error.status, headers)
    try await sink.write(text)
    try await sink.finish([])
  }

  /// Answers what a browser asks before it lets a page call.
  func allowCalls() async throws {
    state.withLock { $0.hasBegun = true }
    try await sink.head(204, headers + [(name: "Access-Control-Allow-Methods", value: "POST")])
    try await sink.finish([])
  }

  private static let streamed: [RPCRequest.Pair] = [
    (name: "Content-Type", value: "application/json"), (name: "X-Chunked-Output", value: "1"),
  ]

  /// What each reply of a command has.
  private static let common: [RPCRequest.Pair] = [
    (name: "Access-Control-Allow-Headers", value: "X-Stream-Output, X-Chunked-Output, X-Content-Length"),
    (name: "Access-Control-Expose-Headers", value: "X-Stream-Output, X-Chunked-Output, X-Content-Length"),
    (name: "Trailer", value: "X-Stream-Error"),
  ]

  private func begin(_ headers: [RPCRequest.Pair]) async throws {
    let isFirst = state.withLock { state in
      defer { state.hasBegun = true }
      return !state.hasBegun
    }
    if isFirst { try await sink.head(200, self.headers + Self.common + headers) }
  }

  private func send(_ value: JSON) async throws {
    let isFull = state.withLock { state in
      value.write(to: &state.pending)
      state.pending.append(0x0A)
      return state.pending.count >= Self.gathered
    }
    if isFull { try await flush() }
  }
}
