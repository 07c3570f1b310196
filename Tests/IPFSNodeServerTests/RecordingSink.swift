import IPFSNodeServer
import NIOCore
import Synchronization

/// Keeps a reply.
final class RecordingSink: ReplySink {
  struct Recorded: Sendable {
    var status = 0
    var headers: [RPCRequest.Pair] = []
    var bytes = ByteBuffer()
    var trailers: [RPCRequest.Pair] = []

    var body: [UInt8] { Array(buffer: bytes) }

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
  }

  private let state = Mutex(Recorded())

  var recorded: Recorded { state.withLock { $0 } }

  func head(_ status: Int, _ headers: [RPCRequest.Pair]) async throws {
    state.withLock {
      $0.status = status
      $0.headers = headers
    }
  }

  func write(_ bytes: ByteBuffer) async throws {
    state.withLock { state in _ = state.bytes.writeImmutableBuffer(bytes) }
  }

  func finish(_ trailers: [RPCRequest.Pair]) async throws {
    state.withLock { $0.trailers = trailers }
  }
}
