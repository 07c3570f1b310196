import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization

/// A request over HTTP and its reply. Used by one task at a time.
final class HTTPExchange: @unchecked Sendable, ReplySink {
  private var body: RequestBody.AsyncIterator
  private var writer: ResponseWriter?
  private var out: (any ResponseBodyWriter)?
  /// Whether the caller waits for a word before it sends the body (RFC 9110, section 10.1.1).
  private var expectsContinue: Bool
  /// Whether all of the body was read.
  private var isBodyRead: Bool
  private let channel: any Channel
  private let closesAfter: Bool

  /// How much of a body that nobody wants is read, so that the reply is seen before the connection ends.
  private static let drained = 256 << 10
  /// How long that may take, in seconds.
  private static let drainPatience = 2.0

  private init(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel, closesAfter: Bool) {
    body = request.body.makeAsyncIterator()
    self.writer = consume writer
    self.channel = channel
    self.closesAfter = closesAfter
    expectsContinue = request.headers[.expect]?.lowercased() == "100-continue"
    isBodyRead =
      request.headers[.contentLength] == "0"
      || (request.headers[.contentLength] == nil && request.headers[.transferEncoding] == nil)
  }

  /// Carries out a request.
  static func carryOut(
    _ request: Request, _ service: RPCService, _ writer: consuming ResponseWriter, _ channel: any Channel,
    isTrusted: Bool
  ) async throws {
    let target = request.head.path ?? ""
    let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    let path = parts.first.map(String.init) ?? ""
    let prefix = "/api/v0/"
    var headers: [RPCRequest.Pair] = request.headers.map { (name: $0.name.rawName, value: $0.value) }
    if let host = request.head.authority { headers.append((name: "Host", value: host)) }
    let call = RPCRequest(
      method: request.method.rawValue, command: path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : "",
      query: parts.count > 1 ? RPCRequest.pairs(ofQuery: parts[1]) : [], headers: headers, isTrusted: isTrusted)
    guard service.isLasting(call.command) else {
      return try await HTTPExchange(request, writer, channel, closesAfter: false).run(call, service)
    }
    let exchange = HTTPExchange(request, writer, channel, closesAfter: true)
    // Whoever hangs up is not told anything any more. The connection ends with the command, whose watch would eat what
    // comes next on it.
    try await request.body.consumeWithCancellationOnInboundClose { body in
      exchange.body = body.makeAsyncIterator()
      try await exchange.run(call, service)
    }
  }

  private func run(_ call: RPCRequest, _ service: RPCService) async throws {
    var call = call
    call.body = { [self] in try await next() }
    try await service.respond(to: call, through: self)
    guard !isBodyRead || closesAfter else { return }
    if !isBodyRead { await drain() }
    try await channel.close()
  }

  private func next() async throws -> ByteBuffer? {
    guard !isBodyRead else { return nil }
    if expectsContinue {
      expectsContinue = false
      try await continueSending()
    }
    do {
      let next = try await body.next()
      if next == nil { isBodyRead = true }
      return next
    } catch let error as CancellationError {
      throw error
    } catch {
      throw HungUp()
    }
  }

  private func continueSending() async throws {
    try await writer?.writeInformationalHead(HTTPResponse(status: .continue))
  }

  /// Reads a part of the body that nobody wants.
  private func drain() async {
    let exchange = self
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        var count = 0
        while count < Self.drained, let bytes = try? await exchange.next() { count += bytes.readableBytes }
      }
      group.addTask { try? await Task.sleep(for: .seconds(Self.drainPatience)) }
      await group.next()
      group.cancelAll()
    }
  }

  // MARK: The reply

  func head(_ status: Int, _ headers: [RPCRequest.Pair]) async throws {
    var fields = HTTPFields()
    fields[.server] = ServerVersion.header
    fields[.vary] = "Origin"
    for (name, value) in headers {
      guard let name = HTTPField.Name(name) else { continue }
      fields.append(HTTPField(name: name, value: value))
    }
    if !isBodyRead || closesAfter { fields[.connection] = "close" }
    expectsContinue = false
    guard let writer = take() else { return }
    do {
      out = try await writer.writeHead(HTTPResponse(status: .init(code: status), headerFields: fields))
    } catch { throw HungUp() }
  }

  func write(_ bytes: ByteBuffer) async throws {
    do { try await out?.write(bytes) } catch { throw HungUp() }
  }

  func finish(_ trailers: [RPCRequest.Pair]) async throws {
    guard let out else { return }
    self.out = nil
    var fields: HTTPFields?
    for (name, value) in trailers {
      guard let name = HTTPField.Name(name) else { continue }
      fields = fields ?? HTTPFields()
      fields?.append(HTTPField(name: name, value: value))
    }
    do { try await out.finish(fields) } catch { throw HungUp() }
  }

  private func take() -> ResponseWriter? {
    writer.take()
  }
}
