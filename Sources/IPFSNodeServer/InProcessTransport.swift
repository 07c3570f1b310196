public import IPFSClient
import NIOCore
import Synchronization

/// The RPC within the process: the client's calls go to the command table without a socket between.
///
/// Where a call has a time limit, that is for the reply alone: while the command still may read what is sent along, the
/// caller itself may be what is slow.
public struct InProcessTransport: Transport {
  private let service: RPCService
  private let calls = CallsUnderWay()

  package init(_ service: RPCService) {
    self.service = service
  }

  /// Carries out a command.
  public func send(_ request: TransportRequest) async throws -> TransportResponse {
    var headers: [RPCRequest.Pair] = request.headers
    var body: RPCRequest.BodyReader = { nil }
    if let sent = request.body {
      headers.append((name: "Content-Type", value: sent.contentType))
      let reader = SentBody(sent.makeBufferReader())
      body = { try await reader.next() }
    }
    let call = RPCRequest(
      command: request.command, query: request.query, headers: headers, isTrusted: true, body: body)
    let pipe = ReplyPipe()
    let service = self.service
    let task = calls.start {
      do {
        try await service.respond(to: call, through: pipe)
      } catch {
        pipe.end(with: error)
      }
    }
    pipe.onAbandon = { task.cancel() }
    let limit = request.timeout?.read ?? .infinity
    return try await withTaskCancellationHandler {
      do {
        let head = try await pipe.awaitHead(within: request.body == nil ? limit : .infinity)
        // A command that was cancelled may have said so in its reply.
        try Task.checkCancellation()
        return TransportResponse(
          status: head.status, headers: TransportHeaders(head.headers), body: PipedBody(pipe, limit: limit))
      } catch {
        // What is not read must not keep the command waiting.
        pipe.abandon()
        throw error
      }
    } onCancel: {
      task.cancel()
    }
  }

  /// Waits for the commands that are under way, also those that nobody waits for any more: the node can be closed
  /// afterwards.
  public func close() async {
    await calls.waitForAll()
  }
}

/// The commands that are carried out.
///
/// The lock guards the list of them.
private final class CallsUnderWay: Sendable {
  private struct State {
    var tasks: [Int: Task<Void, Never>] = [:]
    var next = 0
  }

  private let state = Mutex(State())

  func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    state.withLock { state in
      let number = state.next
      state.next += 1
      let task = Task {
        await body()
        _ = self.state.withLock { $0.tasks.removeValue(forKey: number) }
      }
      // It cannot have ended: it would wait for this lock first.
      state.tasks[number] = task
      return task
    }
  }

  func waitForAll() async {
    while let task = state.withLock({ $0.tasks.first?.value }) { await task.value }
  }
}

/// The body that a caller sends, read by one task at a time.
private final class SentBody: @unchecked Sendable {
  private var read: TransportBody.NextBuffer

  init(_ read: @escaping TransportBody.NextBuffer) {
    self.read = read
  }

  func next() async throws -> ByteBuffer? { try await read() }
}
