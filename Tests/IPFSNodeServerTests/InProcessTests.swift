import IPFSClient
import IPFSNode
import IPFSNodeServer
import Logging
import NIOCore
import Testing

/// Calls that do not leave the process.
@Suite struct InProcessTests {
  /// Whoever gives up hears that it did, and what it asked for does not wait for it with what it has to say.
  @Test(.timeLimit(.minutes(10)), arguments: [Double.infinity, 1000])
  func cancellation(limit: Double) async throws {
    let (begun, begin) = AsyncStream.makeStream(of: Void.self)
    let slow = Command("slow") { call in
      begin.yield()
      // Until it is cancelled.
      try? await Task.sleep(for: .seconds(3600))
      try await call.reply.beginBytes()
      for _ in 0..<4 { try await call.reply.write(ByteBuffer(repeating: 1, count: 1 << 20)) }
    }
    let local = try LocalNode()
    let services = Services(
      node: local.node, table: CommandTable([slow]), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let transport = InProcessTransport(RPCService(services))
    let call = Task {
      try await transport.send(TransportRequest(command: "slow", timeout: Timeouts(limit))).status
    }
    for await _ in begun { break }
    call.cancel()
    await #expect(throws: CancellationError.self) { try await call.value }
    await transport.close()
    try await local.node.close()
  }
}
