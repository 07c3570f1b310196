import IPFSClient
import RPCTestSupport
import Synchronization
import Testing

/// A daemon that replies to commands as it is told, and what it was asked.
private final class ScriptedDaemon: Sendable {
  let requests = Mutex<[String]>([])
}

/// Runs a call with a daemon, and returns its result with what was asked: `command?name=value&…`, and the first part of
/// the body behind a space.
///
/// - Parameter reply: The status and the JSON that a command gets; nil if the daemon does not know it.
func ask<Value: Sendable>(
  reply: @escaping @Sendable (_ command: String) -> (status: Int, text: String)?, _ call: (Client) async throws -> Value
) async throws -> (value: Value, requests: [String]) {
  let daemon = ScriptedDaemon()
  let server = try await RPCTestServer { request in
    let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    let form = MultipartForm(request.body, contentType: request.header("Content-Type") ?? "")
    let body = form?.parts.first.map { " " + String(decoding: $0.body, as: UTF8.self) } ?? ""
    let command = String(request.path.dropFirst("/api/v0/".count))
    daemon.requests.withLock { $0.append(command + (query.isEmpty ? "" : "?" + query) + body) }
    guard let reply = reply(command) else {
      return [.head(404, [("Content-Type", "text/plain")]), .chunk(Array("404 page not found\n".utf8)), .end()]
    }
    return [.head(reply.status, [("Content-Type", "application/json")]), .chunk(Array(reply.text.utf8)), .end()]
  }
  let client = try Client(ClientConfiguration(address: server.multiaddr))
  let result: Result<Value, any Error>
  do {
    result = .success(try await call(client))
  } catch {
    result = .failure(error)
  }
  await client.close()
  await server.stop()
  return (try result.get(), daemon.requests.withLock { $0 })
}

/// Runs a call with a daemon that knows some commands.
func ask<Value: Sendable>(
  _ replies: [String: String], _ call: (Client) async throws -> Value
) async throws -> (value: Value, requests: [String]) {
  try await ask(reply: { command in replies[command].map { (200, $0) } }, call)
}

/// Runs a call of one command.
func ask<Value: Sendable>(
  _ command: String, _ reply: String, _ call: (Client) async throws -> Value
) async throws -> (value: Value, request: String?) {
  let (value, requests) = try await ask([command: reply], call)
  #expect(requests.count == 1)
  return (value, requests.first)
}

/// Runs a call with a daemon that gives one reply to all commands; the last one counts.
func ask<Value: Sendable>(
  _ reply: String, status: Int = 200, _ call: (Client) async throws -> Value
) async throws -> (value: Value, request: String?) {
  let (value, requests) = try await ask(reply: { _ in (status, reply) }, call)
  return (value, requests.last)
}
