public import IPFSClient
import NIOCore
import Synchronization

/// The RPC within the process: the client's calls go to the command table without a socket between.
public struct InProcessTransport: Transport {
  private let service: RPCService

  package init(_ service: RPCService) {
    self.service = service
  }

  /// Carries out a command.
  public func send(_ request: TransportRequest) async throws -> TransportResponse {
    var headers: [RPCRequest.Pair] = request.headers
    var body: RPCRequest.BodyReader = { nil }
    if let sent = request.body {
      headers.append((name: "Content-Type", value: sent.contentType))
      let reader = SentBody(sent.makeReader())
      body = { try await reader.next() }
    }
    let call = RPCRequest(
      command: request.command, query: request.query, headers: headers, isTrusted: true, body: body)
    let pipe = ReplyPipe()
    let service = self.service
    let task = Task {
      do {
        try await service.respond(to: call, through: pipe)
      } catch {
        pipe.end(with: error)
      }
    }
    pipe.onAbandon = { task.cancel() }
    return try await withTaskCancellationHandler {
      let head = try await pipe.awaitHead()
      return TransportResponse(
        status: head.status, headers: TransportHeaders(head.headers), body: PipedBody(pipe))
    } onCancel: {
      task.cancel()
    }
  }

  /// Does nothing: there are no connections.
  public func close() async {}
}

/// The body that a caller sends, read by one task at a time.
private final class SentBody: @unchecked Sendable {
  private var read: TransportBody.Next

  init(_ read: @escaping TransportBody.Next) {
    self.read = read
  }

  func next() async throws -> ByteBuffer? {
    try await read().map { ByteBuffer(bytes: $0) }
  }
}
