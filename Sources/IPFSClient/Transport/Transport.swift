package import NIOCore

/// Sends commands to a daemon, over a network or within the process.
///
/// The only seam between commands and the way they travel. A transport knows nothing of what commands mean.
public protocol Transport: Sendable {
  /// Sends a command and returns when the head of the reply is there.
  ///
  /// - Throws: `ClientError` with `connection`, `timeout` or `protocol`; `CancellationError`. A status that stands for
  ///   an error is no error here.
  func send(_ request: TransportRequest) async throws -> TransportResponse

  /// Closes what it has open: a request that is on its way ends with an error, or is waited for. A later request opens it
  /// anew.
  func close() async
}

/// A command on its way to the daemon.
public struct TransportRequest: Sendable {
  /// A name and its value.
  public typealias Pair = (name: String, value: String)

  /// The command, such as `files/stat`.
  public var command: String
  /// The query, in order; `arg` and others may come several times. Not escaped.
  public var query: [Pair]
  /// Headers besides those that the transport sets itself.
  public var headers: [Pair]
  /// What is sent along.
  public var body: TransportBody?
  /// How long to wait; nil for the transport's own limits.
  public var timeout: Timeouts?
  /// Whether the daemon may have nothing to say for as long as it likes: without a `timeout`, only the transport's limit
  /// for connecting holds. It does not count among the connections that there may be.
  public var isLasting: Bool
  /// Whether nothing changes if the daemon gets it twice, so that it may be sent again when a connection breaks.
  public var isRepeatable: Bool

  /// Makes a request.
  public init(
    command: String, query: [Pair] = [], headers: [Pair] = [], body: TransportBody? = nil, timeout: Timeouts? = nil,
    isLasting: Bool = false, isRepeatable: Bool = false
  ) {
    self.command = command
    self.query = query
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.isLasting = isLasting
    self.isRepeatable = isRepeatable
  }
}

/// The body of a request: read chunk by chunk, as fast as the transport takes it.
public struct TransportBody: Sendable {
  /// Gives the next chunk; nil at the end.
  public typealias Next = () async throws -> [UInt8]?
  /// Gives the next chunk as the transports of this package take it, without a copy; nil at the end.
  package typealias NextBuffer = () async throws -> ByteBuffer?

  /// The media type.
  public let contentType: String
  /// Begins to read it.
  package let makeBufferReader: @Sendable () -> NextBuffer

  /// Makes a body.
  public init(contentType: String, makeReader: @escaping @Sendable () -> Next) {
    self.init(contentType: contentType) { () -> NextBuffer in Self.buffers(makeReader()) }
  }

  package init(contentType: String, makeBufferReader: @escaping @Sendable () -> NextBuffer) {
    self.contentType = contentType
    self.makeBufferReader = makeBufferReader
  }

  /// The most bytes of a buffer, whose indices have 32 bits.
  static let bufferLimit = 1 << 30

  /// Gives chunks as buffers.
  static func buffers(_ next: @escaping Next) -> NextBuffer {
    var rest: ArraySlice<UInt8> = []
    return {
      if rest.isEmpty {
        guard let chunk = try await next() else { return nil }
        rest = chunk[...]
      }
      let piece = rest.prefix(bufferLimit)
      // What is empty would still keep the chunk.
      rest = piece.count == rest.count ? [] : rest.dropFirst(piece.count)
      return ByteBuffer(bytes: piece)
    }
  }

  /// Begins to read it.
  public func makeReader() -> Next {
    let next = makeBufferReader()
    return { try await next().map { Array(buffer: $0) } }
  }
}

/// The daemon's reply.
public struct TransportResponse: Sendable {
  /// The HTTP status.
  public let status: Int
  /// The headers.
  public let headers: TransportHeaders
  /// The body, to be read once.
  public let body: any TransportResponseBody

  /// Makes a reply.
  public init(status: Int, headers: TransportHeaders, body: any TransportResponseBody) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// The body of a reply, read by one task.
///
/// Letting go of it before its end abandons the request.
public protocol TransportResponseBody: AnyObject, Sendable {
  /// Waits for the next chunk; nil at the end.
  ///
  /// It can run where its caller does, so that a chunk that is there costs no change of threads.
  ///
  /// - Throws: As ``Transport/send(_:)``; `partialErrorResponse` for a body that ends too early.
  nonisolated(nonsending) func next() async throws -> [UInt8]?

  /// What followed the body; empty until `next` has returned nil.
  var trailers: TransportHeaders { get }
}

/// Headers or trailers, whose names have no case.
public struct TransportHeaders: Sendable, ExpressibleByDictionaryLiteral {
  /// Names and values, in order.
  public let pairs: [TransportRequest.Pair]

  /// Makes headers.
  public init(_ pairs: [TransportRequest.Pair] = []) { self.pairs = pairs }

  /// Makes headers.
  public init(dictionaryLiteral elements: (String, String)...) {
    pairs = elements.map { (name: $0, value: $1) }
  }

  /// The first value of a name.
  public subscript(_ name: String) -> String? {
    pairs.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}
