import Crypto
import Foundation
import IPFSClient
import RPCTestSupport
import Synchronization
import Testing

/// Serves the recorded exchanges: each at a base path of its own, and only to a client that asks as was recorded.
final class ReplayServer: Sendable {
  /// The exchanges in the order in which they were recorded.
  let exchanges: [Exchange]
  private let server: RPCTestServer
  private let record: Record

  /// What was wrong with requests, by the exchange's index.
  private final class Record: Sendable {
    let mismatches = Mutex<[Int: String]>([:])
    let served = Mutex<Set<Int>>([])
  }

  /// The server of all tests.
  static func shared() async throws -> ReplayServer { try await start.value }

  private static let start = Task { try await ReplayServer() }

  static func load() throws -> [Exchange] { try Exchange.all() }

  private init() async throws {
    let exchanges = try Self.load()
    let record = Record()
    self.exchanges = exchanges
    self.record = record
    server = try await RPCTestServer { request in
      let parts = request.path.split(separator: "/", maxSplits: 3)
      guard parts.count == 4, let index = Int(parts[0]), exchanges.indices.contains(index) else {
        return [.head(404), .end()]
      }
      record.served.withLock { _ = $0.insert(index) }
      if let mismatch = Self.mismatch(request, command: String(parts[3]), exchanges[index].request) {
        record.mismatches.withLock { $0[index] = mismatch }
      }
      let response = exchanges[index].response
      var headers = response.headers.flatMap { name, values in values.map { (name, $0) } }
      if headers.contains(where: { $0.0 == "X-Chunked-Output" || $0.0 == "X-Stream-Output" }) {
        headers.removeAll { $0.0 == "Content-Length" }
      }
      let body = response.body.bytes ?? []
      return [
        .head(response.status, headers), .chunk(Array(body.prefix(body.count / 2))),
        .chunk(Array(body.dropFirst(body.count / 2))), .end(trailers: response.trailers.map { ($0.key, $0.value) }),
      ]
    }
  }

  /// A client whose requests are compared with an exchange.
  func client(for index: Int, headers: [String: String] = [:]) throws -> Client {
    try Client(ClientConfiguration(address: server.multiaddr, basePath: "/\(index)/api/v0", headers: headers))
  }

  /// What was wrong with the request of an exchange; nil if it was as recorded.
  func mismatch(_ index: Int) -> String? {
    guard record.served.withLock({ $0.contains(index) }) else { return "no request came" }
    return record.mismatches.withLock { $0[index] }
  }

  private static func mismatch(
    _ request: RPCTestServer.Request, command: String, _ expected: Exchange.Request
  ) -> String? {
    guard request.method == expected.method else { return "method \(request.method)" }
    guard command == expected.command else { return "command \(command)" }
    // The order counts among options of one name alone.
    func sorted(_ pairs: [(String, String)]) -> [String] {
      Dictionary(grouping: pairs) { $0.0 }.sorted { $0.key < $1.key }
        .map { "\($0.key)=\($0.value.map(\.1).joined(separator: ","))" }
    }
    let query = sorted(request.query.map { ($0.name, $0.value) })
    let expectedQuery = sorted(expected.query.map { ($0[0], $0[1]) })
    guard query == expectedQuery else { return "query \(query) and not \(expectedQuery)" }
    for (name, value) in expected.headers where request.header(name) != value { return "header \(name)" }
    for name in ["Origin", "Referer"] where expected.headers[name] == nil && request.header(name) != nil {
      return "header \(name)"
    }
    guard let files = expected.files else { return request.bodyLength == 0 ? nil : "a body" }
    guard let form = MultipartForm(request.body, contentType: request.header("Content-Type") ?? "") else {
      return "the body is not of many parts"
    }
    guard form.parts.count == files.count else { return "\(form.parts.count) parts" }
    for (part, file) in zip(form.parts, files) {
      let name = part.parameter("filename").map { unescape($0) }
      // Only `add` makes something of names.
      if command == "add", name != file.filename {
        return "file name \(name ?? "nil") and not \(file.filename ?? "nil")"
      }
      let type = part.headers["content-type"] ?? ""
      if type != file.type ?? "application/octet-stream" { return "type \(type)" }
      for (name, value) in file.headers ?? [:] where part.headers[name.lowercased()] != value {
        return "header \(name) of a part"
      }
      if part.body != file.body.bytes ?? [] { return "the body of a part" }
    }
    return nil
  }
}
