import Foundation
import IPFSNode
import IPFSNodeServer
import Logging
import Testing

/// A node in a repo of its own, and its commands.
struct LocalNode: Sendable {
  let repo: TemporaryRepo
  let node: Node
  let service: RPCService

  init(profile: String? = "legacy-cid-v0") throws {
    repo = try TemporaryRepo(profile: profile)
    node = try Node.open(path: repo.path)
    service = RPCService(Services(node: node, logger: Logger(label: "test")))
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
