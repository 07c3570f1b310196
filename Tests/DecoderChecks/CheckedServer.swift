import Foundation
import IPFSNode
import IPFSNodeServer
import Logging
import NIOCore
import Synchronization

/// Commands of the RPC that need nothing of a repo, and who is let in to them.
final class CheckedServer: Sendable {
  /// What a command replied.
  struct Reply {
    var status = 0
    var bytes: [UInt8] = []
    var trailers: [RPCRequest.Pair] = []

    /// The objects that it consists of, one a line.
    func objects() throws -> [[String: Any]] {
      guard status == 200 || status == 500 else { return [] }
      return try bytes.split(separator: 0x0A).map { line in
        guard let object = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else {
          throw DecoderCheck.Violation(message: "a line that is no JSON: \(String(decoding: line, as: UTF8.self))")
        }
        return object
      }
    }
  }

  private final class Sink: ReplySink {
    private let state = Mutex((status: 0, bytes: [UInt8](), trailers: [RPCRequest.Pair]()))

    var reply: Reply {
      state.withLock { Reply(status: $0.status, bytes: $0.bytes, trailers: $0.trailers) }
    }

    func head(_ status: Int, _ headers: [RPCRequest.Pair]) { state.withLock { $0.status = status } }
    func write(_ bytes: ByteBuffer) { state.withLock { $0.bytes += bytes.readableBytesView } }
    func finish(_ trailers: [RPCRequest.Pair]) { state.withLock { $0.trailers = trailers } }
  }

  private let services: Services
  private let access: AccessRules
  private static let friend = "https://friend.example"
  private static let host = "box"

  init() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "swipfs-checks-\(UUID().uuidString)").path
    let node = try Node.open(path: folder)
    // What it has open is enough for these commands.
    try FileManager.default.removeItem(atPath: folder)
    let names = ["add", "cid/format", "cid/inspect", "files/chmod", "swarm/filters/rm"]
    let table = CommandTable([Self.options] + names.compactMap { CommandTable.standard[$0] })
    services = Services(node: node, table: table, logger: Logger(label: "checks") { _ in SwiftLogNoOpLogHandler() })
    var access = AccessRules()
    access.allowedOrigins = [Self.friend]
    access.hosts = [Self.host]
    self.access = access
  }

  /// Replies with the options and arguments that it was called with, as a query.
  private static let options = Command(
    "options", [.string("argument", required: false, variadic: true)],
    options: [
      .init(.bool, "flag", "f"), .init(.int64, "number", "n"), .init(.uint, "size"), .init(.float, "ratio"),
      .init(.string, "text"), .init(.strings, "list"),
    ]
  ) { call in
    let options = call.options
    var pairs: [RPCRequest.Pair] = call.arguments.map { (name: "arg", value: $0) }
    if let value = options.bool("flag") { pairs.append((name: "flag", value: "\(value)")) }
    if let value = options.integer("number") { pairs.append((name: "number", value: "\(value)")) }
    if let value = options.unsigned("size") { pairs.append((name: "size", value: "\(value)")) }
    if let value = options.float("ratio") { pairs.append((name: "ratio", value: "\(value)")) }
    if let value = options.string("text") { pairs.append((name: "text", value: value)) }
    pairs += options.strings("list").map { (name: "list", value: $0) }
    try await call.reply.beginBytes()
    try await call.reply.write(ByteBuffer(string: DecoderCheck.query(pairs)))
  }

  /// Carries out a command for its owner.
  func call(
    _ command: String, _ query: [RPCRequest.Pair], _ headers: [RPCRequest.Pair] = [], _ body: String? = nil
  ) async throws -> Reply {
    let body = Mutex(body.map { ByteBuffer(string: $0) })
    return try await reply(
      RPCRequest(command: command, query: query, headers: headers, isTrusted: true) {
        body.withLock { body in
          defer { body = nil }
          return body
        }
      }, access)
  }

  private func reply(_ request: RPCRequest, _ access: AccessRules) async throws -> Reply {
    let sink = Sink()
    try await RPCService(services, access: access).respond(to: request, through: sink)
    return sink.reply
  }

  private func lets(_ headers: [RPCRequest.Pair]) async throws -> Bool {
    try await reply(RPCRequest(command: "options", headers: headers), access).status == 200
  }

  /// Whoever is let in is from here, or a friend, and would not be with a head that says otherwise.
  func checkAccess(_ headers: [RPCRequest.Pair]) async throws -> Bool {
    guard try await lets(headers) else { return false }
    func value(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
    func changed(_ name: String, to value: String) -> [RPCRequest.Pair] {
      headers.filter { $0.name.lowercased() != name } + [(name: name, value: value)]
    }
    if let origin = value("origin") {
      let host = value("host") ?? ""
      try hold([Self.friend, "http://\(host)", "https://\(host)"].contains(origin), "a page of \(origin)")
    }
    for (name, strange) in [
      ("host", "evil.example"), ("host", "evil.example:5001"), ("origin", "http://evil.example"), ("origin", "null"),
      ("referer", "http://evil.example/\(Self.friend)"), ("referer", "\(Self.friend).evil.example/"),
    ] {
      try hold(try await !lets(changed(name, to: strange)), "\(name) \(strange) is let in")
    }
    let bare = headers.filter { !["origin", "referer", "user-agent"].contains($0.name.lowercased()) }
    try hold(try await lets(bare), "a program is not let in")
    try hold(try await !lets(bare + [(name: "user-agent", value: "Mozilla/5.0")]), "a browser is let in")
    return true
  }

  /// A secret lets in whoever has it, where it says, and nobody else.
  func checkSecret(_ secret: String) async throws -> Bool {
    guard let own = AccessRules.Authorization(secret: secret, allowedPaths: ["/api/v0/options"]) else { return false }
    var access = AccessRules()
    access.authorizations = [own]
    func status(_ command: String, _ value: String) async throws -> Int {
      try await reply(RPCRequest(command: command, headers: [(name: "Authorization", value: value)]), access).status
    }
    try hold(try await status("options", own.header) == 200, "who has the secret is not let in")
    try hold(try await status("add", own.header) == 403, "who has the secret is let in elsewhere")
    for other in ["", String(own.header.dropLast()), own.header + "x", secret] where !other.isSame(own.header) {
      try hold(try await status("options", other) == 403, "\(other) is let in")
    }
    return true
  }
}
