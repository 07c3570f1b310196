import IPFSClient
import RPCTestSupport
import Synchronization

/// A transport without a network: it keeps what was sent, and answers each request with the same status and chunks.
final class ScriptedTransport: Transport {
  private let status: Int
  private let chunks: [[UInt8]]
  private let asked = Mutex<[String]>([])
  /// The last request's body.
  private let sent = Mutex<MultipartForm?>(nil)

  /// Called before each chunk of a body is read, with the number of those before it.
  private let onChunk: @Sendable (Int) throws -> Void

  init(
    status: Int = 200, _ chunks: [[UInt8]] = [], onChunk: @escaping @Sendable (Int) throws -> Void = { _ in }
  ) {
    self.status = status
    self.chunks = chunks
    self.onChunk = onChunk
  }

  /// All requests so far: `command?name=value&…`, not escaped.
  var requests: [String] { asked.withLock { $0 } }

  /// The parts of the last request.
  var parts: [MultipartForm.Part] { sent.withLock { $0?.parts ?? [] } }

  func send(_ request: TransportRequest) async throws -> TransportResponse {
    let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    asked.withLock { $0.append(request.command + (query.isEmpty ? "" : "?" + query)) }
    if let body = request.body {
      var bytes: [UInt8] = []
      let next = body.makeReader()
      var count = 0
      try onChunk(count)
      while let chunk = try await next() {
        bytes += chunk
        count += 1
        try onChunk(count)
      }
      let form = MultipartForm(bytes, contentType: body.contentType)
      sent.withLock { $0 = form }
    }
    return TransportResponse(status: status, headers: [:], body: Body(chunks))
  }

  func close() async {}

  private final class Body: TransportResponseBody {
    private let rest: Mutex<ArraySlice<[UInt8]>>
    let trailers: TransportHeaders = [:]

    init(_ chunks: [[UInt8]]) { rest = Mutex(chunks[...]) }

    func next() async throws -> [UInt8]? { rest.withLock { $0.popFirst() } }
  }
}
