import Foundation
import IPFSClient
import IPFSNode
import IPFSNodeServer
import Logging
import Testing

/// A node in a repo of its own, its commands, and a client in the same process.
struct LocalNode: Sendable {
  let repo: TemporaryRepo
  let node: Node
  let services: Services
  let service: RPCService
  let client: Client

  init(profile: String? = nil) throws {
    repo = try TemporaryRepo(profile: profile)
    node = try Node.open(path: repo.path)
    services = Services(node: node, logger: Logger(label: "swipfs.test") { _ in SwiftLogNoOpLogHandler() })
    service = RPCService(services)
    client = Client(transport: InProcessTransport(service))
  }

  /// The message with which the node refuses something; nil if it does not.
  func refusal(_ body: () async throws -> Void) async -> String? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? ClientError)?.message ?? "\(error)"
    }
  }

  /// Carries out a command.
  func call(
    _ command: String, _ arguments: [String] = [], _ options: [String: String] = [:], _ form: TestForm? = nil
  ) async throws -> RecordingSink.Recorded {
    var request = form?.request(command, options) ?? TestForm().request(command, options)
    if form == nil { request.headers = [] }
    request.query += arguments.map { (name: "arg", value: $0) }
    let sink = RecordingSink()
    try await service.respond(to: request, through: sink)
    return sink.recorded
  }

  /// Adds files, and returns the events.
  func add(_ form: TestForm, _ options: [String: String] = [:]) async throws -> [AddEvent] {
    let reply = try await call("add", [], options, form)
    let error = reply.status == 200 ? reply.trailers.first?.value : reply.text
    #expect(error == nil)
    return try reply.lines.map { try JSONDecoder().decode(AddEvent.self, from: Data($0.utf8)) }
  }
}

struct AddEvent: Decodable, Equatable {
  var Name: String
  var Hash: String?
  var Size: String?
  var Bytes: UInt64?
  var Mode: String?
  var Mtime: Int64?
  var MtimeNsecs: Int64?
}

extension RecordingSink.Recorded {
  var text: String { String(decoding: body, as: UTF8.self) }
  var lines: [String] { text.split(separator: "\n").map(String.init) }

  /// The message of an error, before or behind the body.
  var error: String? {
    if let trailer = trailers.first { return trailer.value }
    guard status != 200 else { return nil }
    let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
    return object?["Message"] as? String ?? text
  }
}
