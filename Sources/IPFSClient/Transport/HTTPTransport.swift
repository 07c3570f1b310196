import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Sends commands as HTTP/1.1 requests over TCP, TLS or a unix socket, on connections that are kept and used again.
///
/// Redirects are not followed. A request that only reads is sent once more if its connection broke before any of the
/// reply was there, over a new one: the daemon may have closed all that lay idle. Others are not, for they may have been
/// carried out.
final class HTTPTransport: Transport {
  private let configuration: ClientConfiguration
  /// What comes before a command in a URL.
  private let base: String
  private let headers: HTTPHeaders
  private let watchdog: Watchdog
  private let pool: ConnectionPool

  init(_ configuration: ClientConfiguration) throws(ClientError) {
    self.configuration = configuration
    var headers = HTTPHeaders([("User-Agent", "swipfs")])
    // It may be escaped already.
    base = PercentEncoding.encode(
      "/" + configuration.basePath.split(separator: "/").map { $0 + "/" }.joined(), keeping: "%/!$&'()*+,;=:@")
    let address = try ClientAddress(configuration.address ?? ClientConfiguration.discoverAddress())
    switch address {
    case .unix: headers.add(name: "Host", value: "localhost")
    case .tcp(let host, let port, _, _):
      headers.add(name: "Host", value: "\(host.contains(":") ? "[\(host)]" : host):\(port)")
    }
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    pool = ConnectionPool(configuration, address: address, eventLoop: eventLoop)
    watchdog = Watchdog(eventLoop: eventLoop)
    switch configuration.authorization {
    case .basic(let username, let password):
      headers.add(
        name: "Authorization", value: "Basic " + Data("\(username):\(password)".utf8).base64EncodedString())
    case .bearer(let token): headers.add(name: "Authorization", value: "Bearer " + token)
    case nil: break
    }
    if !configuration.cookies.isEmpty {
      let cookies = configuration.cookies.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      headers.add(name: "Cookie", value: cookies.joined(separator: "; "))
    }
    for (name, value) in configuration.headers.sorted(by: { $0.key < $1.key }) {
      headers.replaceOrAdd(name: name, value: value)
    }
    try headers.check()
    self.headers = headers
  }

  deinit {
    let pool = self.pool
    Task { await pool.close() }
  }

  func close() async {
    await pool.close()
  }

  func send(_ request: TransportRequest) async throws -> TransportResponse {
    do {
      return try await attempt(request)
    } catch let error as ClientError where request.isRepeatable && error.isBrokenConnection {
      return try await attempt(request, needsFreshConnection: true)
    }
  }

  private func attempt(
    _ request: TransportRequest, needsFreshConnection: Bool = false
  ) async throws -> TransportResponse {
    try Task.checkCancellation()
    var timeouts = request.timeout ?? configuration.timeouts
    if request.isLasting, request.timeout == nil { timeouts.read = .infinity }
    let relay = ResponseRelay(limit: timeouts.read)
    let exchange = HTTPExchange(
      head: try head(of: request), body: request.body, relay: relay, connectLimit: timeouts.connect,
      needsFreshConnection: needsFreshConnection, isLasting: request.isLasting)
    // A body keeps its transport, which closes all connections when nobody has it.
    let body = HTTPResponseBody(relay: relay) { [self] in pool.abandon(exchange) }
    pool.start(exchange)
    watchdog.watch(body)
    let head = try await body.head()
    return TransportResponse(status: head.status, headers: head.headers, body: body)
  }

  private func head(of request: TransportRequest) throws(ClientError) -> HTTPRequestHead {
    var uri = base + PercentEncoding.encode(request.command, keeping: "/")
    var separator = "?"
    for (name, value) in request.query {
      uri += separator + PercentEncoding.encode(name) + "=" + PercentEncoding.encode(value)
      separator = "&"
    }
    var headers = headers
    for (name, value) in request.headers { headers.replaceOrAdd(name: name, value: value) }
    if let body = request.body {
      headers.replaceOrAdd(name: "Content-Type", value: body.contentType)
      headers.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
    } else {
      headers.replaceOrAdd(name: "Content-Length", value: "0")
    }
    // Those of the configuration have been checked.
    if !request.headers.isEmpty || request.body != nil { try headers.check() }
    return HTTPRequestHead(version: .http1_1, method: .POST, uri: uri, headers: headers)
  }
}

extension HTTPHeaders {
  /// Checks that names and values are such as HTTP allows (RFC 9110, 5).
  fileprivate func check() throws(ClientError) {
    for (name, value) in self {
      let isName = !name.isEmpty && name.utf8.allSatisfy { Self.nameBytes.contains($0) }
      let isValue = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == UInt8(ascii: "\t") }
      guard isName, isValue else {
        // Without the value, which may be secret.
        throw ClientError(.encoding, "the header \(name.debugDescription) has characters that HTTP does not allow")
      }
    }
  }

  private static let nameBytes = Set(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&'*+-.^_`|~".utf8)
}

extension ClientError {
  /// Whether a connection broke that had stood.
  fileprivate var isBrokenConnection: Bool {
    guard code == .connection else { return false }
    switch cause {
    case let closed as ConnectionClosed: return !closed.isOurs
    case let cause as IOError: return [ECONNRESET, EPIPE].contains(cause.errnoCode)
    // Closed without a farewell.
    case let cause as NIOSSLError: return cause == .uncleanShutdown
    case let cause as ChannelError: return [.ioOnClosedChannel, .alreadyClosed, .outputClosed, .eof].contains(cause)
    default: return false
    }
  }

  /// What an error of a connection means.
  ///
  /// - Parameter hasHead: Whether the head of the reply had come.
  static func transport(_ error: any Error, hasHead: Bool) -> any Error {
    let late: Code = hasHead ? .partialErrorResponse : .connection
    switch error {
    case is ClientError, is CancellationError:
      return error
    case ChannelError.connectTimeout:
      return ClientError(.timeout, "the daemon could not be reached in time", cause: error)
    case let closed as ConnectionClosed:
      return ClientError(
        late, closed.isOurs ? "the client was closed" : "the daemon closed the connection", cause: error)
    case let error as HTTPParserError:
      return error == .invalidEOFState
        ? ClientError(late, "the reply was cut", cause: error)
        : ClientError(.protocol, "the reply is no HTTP", cause: error)
    default:
      return ClientError(late, hasHead ? "the connection broke" : "the daemon could not be reached", cause: error)
    }
  }
}
